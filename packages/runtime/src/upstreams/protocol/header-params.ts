import type { Json, JsonObject } from '@sallyport/core';
import { isObject, malformed } from './messages.ts';

/** An argument that goes into a header as well: `x-mcp-header` of 2026-07-28, "Custom Headers from Tool Parameters". */
interface HeaderParam {
  /** Names of properties, from the root. */
  readonly path: readonly string[];
  readonly header: string;
}

const annotation = 'x-mcp-header';
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/;
/** The text of the revision leaves out `number`; its conformance suite and SDKs have it. */
const primitives: ReadonlySet<Json | undefined> = new Set(['string', 'integer', 'boolean', 'number']);

/** A tool's schema stays the same object from call to call. */
const known = new WeakMap<JsonObject, readonly HeaderParam[]>();

/**
 * @throws RuntimeFault `upstream_malformed` where an annotation stands where it may not: the tool is not offered then
 */
export function headerParams(schema: JsonObject): readonly HeaderParam[] {
  const before = known.get(schema);
  if (before) return before;
  const found: HeaderParam[] = [];
  walk(schema, [], found);
  const names = new Set(found.map(({ header }) => header.toLowerCase()));
  if (names.size !== found.length) throw malformed('Two parameters name the same header.');
  known.set(schema, found);
  return found;
}

function walk(schema: JsonObject, path: readonly string[], found: HeaderParam[]): void {
  for (const [key, value] of Object.entries(schema)) {
    if (key === annotation) found.push(declared(schema, path));
    else if (key === 'properties' && isObject(value)) {
      for (const [name, property] of Object.entries(value))
        if (isObject(property)) walk(property, [...path, name], found);
    } else if (annotates(value)) throw malformed('A header is named where no argument can be found for it.');
  }
}

function declared(schema: JsonObject, path: readonly string[]): HeaderParam {
  const header = schema[annotation];
  if (path.length === 0 || typeof header !== 'string' || !token.test(header)) {
    throw malformed('A parameter names no possible header.');
  }
  if (!primitives.has(schema['type'])) throw malformed('A header is named for what is no text, number or boolean.');
  return { path, header };
}

const annotates = (value: Json): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).some(([key, inner]: [string, Json]) =>
    key === annotation ? typeof inner === 'string' : annotates(inner),
  );

/** The headers of one call. What is absent, `null` or of another type has none. */
export function paramHeaders(schema: JsonObject, args: JsonObject): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const { path, header } of headerParams(schema)) {
    const value = path.reduce<Json | undefined>((at, name) => (isObject(at) ? own(at, name) : undefined), args);
    const sent = typeof value === 'number' && !Number.isFinite(value) ? undefined : value;
    if (typeof sent === 'string' || typeof sent === 'number' || typeof sent === 'boolean') {
      headers[`mcp-param-${header.toLowerCase()}`] = headerValue(String(sent));
    }
  }
  return headers;
}

const own = (object: JsonObject, name: string): Json | undefined =>
  Object.hasOwn(object, name) ? object[name] : undefined;

/**
 * A text as the value of a header (2026-07-28, "Value Encoding"): what is not plain ASCII, so could end the header and
 * begin another, goes as base64.
 */
export function headerValue(text: string): string {
  const plain = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/.test(text);
  return plain && !(text.startsWith('=?base64?') && text.endsWith('?='))
    ? text
    : `=?base64?${Buffer.from(text, 'utf8').toString('base64')}?=`;
}
