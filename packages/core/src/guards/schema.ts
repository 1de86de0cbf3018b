import { RE2JS } from 're2js';
import { Validator, format as formats, type Schema } from '@cfworker/json-schema';
import type { Json, JsonObject } from '../events.ts';

/*
 * A tool's JSON Schema is untrusted: it may come from a third party's server by way of the agent. It is therefore
 * interpreted, never compiled to code; its patterns run in linear time; and schemas whose checking could take more than
 * linear time are refused before they meet a value.
 */

export interface SchemaProblem {
  /** Place in the value, such as `arguments.to.0`. */
  readonly path: string;
  readonly detail: string;
}

export interface ArgumentsSchema {
  /** The first problem, or nothing. */
  problem(value: JsonObject, depth: number): SchemaProblem | undefined;
}

const maxSchemaBytes = 65_536;
/** Subschemas that one place of a value may be checked against. */
const maxSteps = 20_000;
/** Those, times the values that the arguments hold: about a second. */
const maxWork = 4_000_000;
/** Characters read times instructions of the pattern: about a second. */
const maxMatching = 20_000_000;
/** `uniqueItems` compares every pair. */
const maxUniqueItems = 256;

// The library's own pattern backtracks without end on a long host name.
formats['url'] = (text: string) => URL.canParse(text);

const cache = new Map<string, ArgumentsSchema>();
const maxCached = 500;
/** A tool's definition stays the same object from call to call. */
const prepared = new WeakMap<JsonObject, ArgumentsSchema>();

/** @throws Error when the schema cannot be checked safely; the message says why. */
export function argumentsSchema(schema: JsonObject): ArgumentsSchema {
  let known = prepared.get(schema);
  if (!known) prepared.set(schema, (known = schemaOf(schema)));
  return known;
}

function schemaOf(schema: JsonObject): ArgumentsSchema {
  const text = JSON.stringify(schema);
  const known = cache.get(text);
  if (known) return known;
  if (text.length > maxSchemaBytes) throw new Error(`the tool's schema is larger than ${maxSchemaBytes} bytes`);
  const made = prepare(schema, text);
  if (cache.size >= maxCached) cache.delete(cache.keys().next().value ?? '');
  cache.set(text, made);
  return made;
}

function prepare(schema: JsonObject, text: string): ArgumentsSchema {
  const patterns = new Map<string, RE2JS>();
  const validator = new Validator(linear(schema, patterns) as Schema, '2020-12');
  const unique = text.includes('"uniqueItems"');
  const costs = new Map<number, number>();
  return {
    problem(value, depth) {
      if (!costs.has(depth)) costs.set(depth, steps(schema, depth));
      if ((costs.get(depth) ?? Infinity) > maxSteps) throw new Error("the tool's schema takes too many steps to check");
      if ((costs.get(depth) ?? Infinity) * sizeOf(value) > maxWork)
        throw new Error("the tool's schema takes too many steps to check on arguments of this size");
      if (unique && longestArray(value) > maxUniqueItems) {
        return { path: 'arguments', detail: `an array is longer than ${maxUniqueItems} where items must be unique` };
      }
      // The library knows formats by one table of its own: ours are in it only while it runs, and it runs synchronously.
      let spent = 0;
      for (const [name, pattern] of patterns) {
        formats[name] = (input: string) => {
          spent += pattern.programSize() * input.length;
          if (spent > maxMatching) throw new Error("the tool's schema has patterns too large for this text");
          return pattern.matcher(input).find();
        };
      }
      try {
        const [error] = validator.validate(value).errors.slice(-1);
        if (!error) return undefined;
        const place = error.instanceLocation.replace(/^#/, '').replaceAll('/', '.');
        return { path: `arguments${place}`, detail: error.error.replace(/format "linear:(.*)"/, 'pattern "$1"') };
      } finally {
        for (const name of patterns.keys()) delete formats[name];
      }
    },
  };
}

/** The schema with every `pattern` replaced by a format that RE2 checks: JavaScript's own engine may backtrack for years. */
function linear(schema: Json, patterns: Map<string, RE2JS>): Json {
  if (Array.isArray(schema)) return schema.map((item) => linear(item, patterns));
  if (typeof schema !== 'object' || schema === null) return schema;
  const { pattern, patternProperties, ...rest } = schema as JsonObject;
  if (typeof patternProperties === 'object')
    throw new Error("the tool's schema uses patternProperties, which is not supported");
  const copy = mapMembers(rest, (value, key) => {
    if (literal.has(key)) return value;
    // A property may itself be called `pattern` or `default`: here names are names, not keywords.
    if (byName.has(key) && isMembers(value)) return mapMembers(value, (each) => linear(each, patterns));
    return linear(value, patterns);
  });
  if (typeof pattern !== 'string') return copy;
  const name = `linear:${pattern}`;
  try {
    patterns.set(name, RE2JS.compile(pattern));
  } catch (cause) {
    throw new Error(`the tool's schema has a pattern that cannot run in linear time: ${pattern.slice(0, 100)}`, {
      cause,
    });
  }
  return { ...copy, allOf: [...(Array.isArray(copy['allOf']) ? copy['allOf'] : []), { format: name }] };
}

const isMembers = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `fromEntries` makes `__proto__` a member like any other. */
const mapMembers = (object: JsonObject, change: (value: Json, key: string) => Json): JsonObject =>
  Object.fromEntries(Object.entries<Json>(object).map(([key, value]) => [key, change(value, key)]));

/** Keywords whose value is data, not a schema. */
const literal: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples', 'required', '$ref', '$id']);
/** Keywords that apply their subschemas one level further down in the value. */
const deeper: ReadonlySet<string> = new Set([
  'properties',
  'items',
  'prefixItems',
  'additionalProperties',
  'unevaluatedProperties',
  'unevaluatedItems',
  'additionalItems',
  'contains',
]);
/** Keywords that hold subschemas under names of the author's choosing. */
const byName: ReadonlySet<string> = new Set(['properties', '$defs', 'definitions', 'dependentSchemas', 'dependencies']);
/** Keywords that only hold subschemas for references to name. */
const definitions: ReadonlySet<string> = new Set(['$defs', 'definitions']);

/**
 * Upper bound of the subschemas applied at one place of a value `depth` levels deep: references may make a small schema
 * fan out exponentially (`anyOf: [{$ref}, {$ref}]`), the schema's form of the billion laughs.
 */
function steps(root: JsonObject, depth: number): number {
  const memo: Map<Json, number>[] = [];
  const walk = (node: Json | undefined, left: number): number => {
    if (left < 0 || typeof node !== 'object' || node === null) return 1;
    const level = (memo[left] ??= new Map<Json, number>());
    const known = level.get(node);
    if (known !== undefined) return known;
    level.set(node, Infinity); // a reference to itself at the same place never ends
    let sum = 1;
    for (const [key, value] of Object.entries<Json>(node as JsonObject)) {
      if (key === '$ref' && typeof value === 'string') sum += walk(resolve(root, value), left);
      else if (literal.has(key)) sum += sizeOf(value);
      else if (byName.has(key) && isMembers(value)) {
        if (definitions.has(key)) continue;
        for (const named of Object.values<Json>(value)) sum += walk(named, left - (deeper.has(key) ? 1 : 0));
      } else sum += walk(value, left - (deeper.has(key) ? 1 : 0));
    }
    level.set(node, sum);
    return sum;
  };
  return walk(root, depth);
}

function resolve(root: JsonObject, pointer: string): Json | undefined {
  if (!pointer.startsWith('#')) throw new Error("the tool's schema refers to another document, which is not fetched");
  let node: Json | undefined = root;
  for (const part of pointer.slice(1).split('/').filter(Boolean)) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    node =
      typeof node === 'object' && node !== null && Object.hasOwn(node, key) ? (node as JsonObject)[key] : undefined;
  }
  return node;
}

/** How many values it is made of. */
function sizeOf(value: Json): number {
  if (typeof value !== 'object' || value === null) return 1;
  let size = 1;
  for (const item of Object.values<Json>(value as JsonObject)) size += sizeOf(item);
  return size;
}

function longestArray(value: Json): number {
  if (typeof value !== 'object' || value === null) return 0;
  const items: readonly Json[] = Array.isArray(value) ? value : Object.values(value);
  const inner = items.reduce<number>((longest, item) => Math.max(longest, longestArray(item)), 0);
  return Array.isArray(value) ? Math.max(value.length, inner) : inner;
}
