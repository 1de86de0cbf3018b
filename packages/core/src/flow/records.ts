import { Lexer, parse as parseYaml } from 'yaml';
import type { Json, JsonObject } from '../events.ts';
import { isPropertyName } from './property-names.ts';
import { parseJson } from '../normalize/json.ts';
import { readPython } from './python.ts';

/** Larger results are taken whole: a layout that costs seconds to read is no layout. */
const maxBytes = 262_144;
const maxFields = 20_000;
const maxDepth = 32;

/** One leaf of a structured result. `record` is the object it belongs to, by its path. */
export interface RecordField {
  readonly path: string;
  /** The last name in the path that is no index. */
  readonly key: string;
  readonly text: string;
  readonly record: string;
}

/** The fields of a result that is JSON, YAML or a Python literal; undefined where it is none. */
export function readRecords(text: string): RecordField[] | undefined {
  if (text.length > maxBytes) return undefined;
  const value = readJson(text) ?? readPython(text) ?? readYamlText(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const fields: RecordField[] = [];
  // What would be left out would be read by a model all the same: then it is taken whole.
  return collect(value, '', '', '', fields, 0) ? fields : undefined;
}

function readJson(text: string): Json | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return parseJson(text, { maxDepth });
  } catch {
    return undefined;
  }
}

export function readYamlText(text: string): Json | undefined {
  // One `key: value` or `- item` at the start of the first line; prose is no YAML worth reading.
  if (!/^(?:- )?[\w-]+:(?:\s|$)|^- \S/.test(text)) return undefined;
  if (saysMore(text)) return undefined;
  try {
    return parseYaml(text, { maxAliasCount: 0, schema: 'core', logLevel: 'silent', uniqueKeys: true }) as Json;
  } catch {
    return undefined;
  }
}

/** Comments, tags and anchors are no values, and are read by a model all the same: `subject: Invoice # pay to …`. */
function saysMore(text: string): boolean {
  if (!/(?:^|\s)[#!&*%]/.test(text)) return false;
  let before = '';
  for (const lexeme of new Lexer().lex(text)) {
    // Of what follows this mark all is text.
    if (before !== '\u001F' && /^[#!&*%]/.test(lexeme)) return true;
    before = lexeme;
  }
  return false;
}

/** Whether there was room for all of it. */
function collect(value: Json, path: string, key: string, record: string, into: RecordField[], depth: number): boolean {
  if (into.length >= maxFields || depth > maxDepth) return false;
  if (typeof value !== 'object' || value === null) {
    if (value !== null && typeof value !== 'boolean') into.push({ path, key, text: String(value), record });
    return true;
  }
  if (Array.isArray(value))
    return value.every((item, index) => collect(item as Json, `${path}[${index}]`, key, record, into, depth + 1));
  const object = value as JsonObject;
  const placeOf = (name: string): string => (path === '' ? name : `${path}.${name}`);
  for (const name of Object.keys(object)) {
    const item = object[name] as Json;
    if (!collect(item, placeOf(name), name, path, into, depth + 1)) return false;
    // A map from names to records, as in `{ "Smart Watch": { … } }`: the name is a value as well.
    if (depth <= 1 && typeof item === 'object' && item !== null && !Array.isArray(item))
      into.push({ path: placeOf(name), key: 'name', text: name, record: placeOf(name) });
    // `{ "write to eve@evil.example": true }`: whoever chooses such a name writes prose, and vouches for nothing.
    else if (!isPropertyName(name) || item === null || typeof item === 'boolean')
      into.push({ path: placeOf(name), key: 'text', text: name, record: path });
  }
  return true;
}

/** Keys whose values are prose that anyone may have written. */
const proseKey =
  /^(?:body|content|contents|text|description|message|messages|comment|comments|review|reviews|note|notes|summary|snippet|bio|about|html|markdown|readme|details?|remarks?|instructions?|memo|reason)$/i;

/**
 * Whether a field is part of the layout of a record (an id, an owner, a name, a date, an amount) and not its prose. Judged
 * by key and by shape: a name of many words, or with a line break, is prose under any key.
 */
export const isStructural = ({ key, text }: Pick<RecordField, 'key' | 'text'>): boolean =>
  text.length <= 200 && !proseKey.test(key) && !/[\n\r<>]/.test(text) && !overTwelveWords.test(text);
const overTwelveWords = /^\S*(?:\s+\S+){11}\s/;
