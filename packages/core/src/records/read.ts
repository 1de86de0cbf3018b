import type { Json } from '../events.ts';
import { readPython } from '../flow/python.ts';
import { readYamlText } from '../flow/records.ts';
import { readTable } from './csv.ts';

/** Formats other than JSON and CSV cost more to read: beyond this they are taken for text. */
const maxOther = 262_144;

/**
 * What a tool's result says, where it is laid out: JSON, JSON lines, CSV, and up to 256 KiB YAML or a Python literal. A row
 * of CSV is an object. Undefined where it is text.
 */
export function readResult(text: string): Json | undefined {
  return readJson(text) ?? readJsonLines(text) ?? readCsv(text) ?? readOther(text);
}

export function readJson(text: string): Json | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function readJsonLines(text: string): Json | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const values = lines.map(readJson);
  return values.length > 1 && values.every((value) => value !== undefined) ? values : undefined;
}

function readCsv(text: string): Json | undefined {
  const table = readTable(text);
  if (!table) return undefined;
  const names = table.header.map(({ value }) => value.trim());
  return table.rows.map((row) => Object.fromEntries(row.map(({ value }, index) => [names[index] ?? '', value])));
}

function readOther(text: string): Json | undefined {
  if (text.length > maxOther) return undefined;
  const value = readPython(text) ?? readYamlText(text);
  return typeof value === 'object' && value !== null ? value : undefined;
}
