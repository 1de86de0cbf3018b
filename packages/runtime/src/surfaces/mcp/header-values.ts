import type { IncomingHttpHeaders } from 'node:http';
import type { Json, JsonObject } from '@sallyport/core';
import { mismatch } from './errors.ts';
import { isObject } from './message.ts';

const encoded = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/;
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A header's value as its body value was: plain, or in the Base64 form (2026-07-28, value encoding). Nothing where it is broken. */
export function decodeHeader(value: string): string | undefined {
  if (!value.startsWith('=?base64?') || !value.endsWith('?='))
    return /^[\t\x20-\x7e]*$/.test(value) ? value : undefined;
  const base64 = encoded.exec(value)?.[1];
  if (base64 === undefined) return undefined;
  const bytes = Buffer.from(base64, 'base64');
  // Two spellings of one value are two readings.
  if (bytes.toString('base64') !== base64) return undefined;
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Holds `Mcp-Param-*` against the arguments, for every property that the tool's schema marks with `x-mcp-header`.
 *
 * @param areNeeded whether an argument must be repeated, as in 2026-07-28
 * @throws Refusal 400 with -32020
 */
export function checkParamHeaders(
  schema: Json | undefined,
  args: Json | undefined,
  headers: IncomingHttpHeaders,
  areNeeded = true,
): void {
  for (const { path, header, type } of marksOf(schema)) {
    const value = valueAt(args, path);
    const name = `Mcp-Param-${header}`;
    const given = headers[name.toLowerCase()];
    if (given === undefined && !areNeeded) continue;
    if (value === undefined || value === null) {
      if (given === undefined) continue;
      throw mismatch(`${name} is there, and the argument ${path.join('.')} is not.`);
    }
    if (typeof value === 'object')
      throw mismatch(`${name} cannot repeat a value that is no string, number or boolean.`);
    if (typeof given !== 'string') throw mismatch(`${name} is missing.`);
    const text = decodeHeader(given);
    const same = type === 'integer' && typeof value === 'number' ? isNumber(text, value) : text === String(value);
    if (!same) throw mismatch(`${name} is not the argument ${path.join('.')}.`);
  }
}

const isNumber = (text: string | undefined, value: number): boolean =>
  text !== undefined && /^-?\d{1,20}(\.\d{1,20})?$/.test(text) && Number(text) === value;

interface Marked {
  readonly path: readonly string[];
  readonly header: string;
  readonly type: Json | undefined;
}

/** Tools are called more often than they change. */
const marks = new WeakMap<JsonObject, readonly Marked[]>();

function marksOf(schema: Json | undefined): readonly Marked[] {
  if (!isObject(schema)) return [];
  const known = marks.get(schema) ?? [...marked(schema)];
  marks.set(schema, known);
  return known;
}

/** Properties reached by `properties` alone, as the specification wants it: a mark elsewhere is none. */
function* marked(schema: Json | undefined, path: readonly string[] = []): Generator<Marked> {
  const properties = isObject(schema) ? schema['properties'] : undefined;
  if (!isObject(properties)) return;
  for (const [name, property] of Object.entries(properties)) {
    if (!isObject(property)) continue;
    const header = property['x-mcp-header'];
    const here = [...path, name];
    if (typeof header === 'string' && header !== '') yield { path: here, header, type: property['type'] };
    yield* marked(property, here);
  }
}

function valueAt(args: Json | undefined, path: readonly string[]): Json | undefined {
  let at: Json | undefined = args;
  for (const name of path) at = isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  return at;
}
