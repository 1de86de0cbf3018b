import type { Json, JsonObject } from '@sallyport/core';
import type { OpenApiVersion } from './validate.ts';
import { argumentsSchema } from '@sallyport/core';
import { isObject } from '../endpoints/values.ts';
import { listOf, membersOf, NotOffered, stepsOf, textOf, type References } from './references.ts';

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

const schemaWords = words('items additionalProperties not if then else contains propertyNames');
const listWords = words('allOf anyOf oneOf prefixItems');
const mapWords = words('properties dependentSchemas');
/** Taken over as they are. What is not named here says nothing about values: `example`, `xml`, `discriminator`. */
const plainWords = words(
  'title description default enum const format multipleOf maximum minimum exclusiveMaximum exclusiveMinimum maxLength ' +
    'minLength maxItems minItems uniqueItems maxProperties minProperties maxContains minContains ' +
    'contentEncoding contentMediaType dependentRequired',
);
/** For people, and long. */
const proseWords = words('title description default');
/** Of an answer only its form is told: a client that checks must not refuse what guards rewrote, or what the API left out. */
const formWords = words('title description items properties prefixItems allOf anyOf oneOf');
const types = words('string number integer boolean object array null');

const longestDescription = 2_000;
const mostDefinitions = 200;
const mostSchemas = 10_000;
const deepest = 40;

/**
 * Schemas of one tool as JSON Schema 2020-12. References become `#/$defs/…` of the tool: nothing is written twice, so that
 * neither circles nor towers of references grow.
 */
export class SchemaWriter {
  readonly #references: References;
  readonly #version: OpenApiVersion;
  readonly #use: 'arguments' | 'answer';
  readonly #isBrief: boolean;
  readonly #names = new Map<string, string>();
  readonly #written = new Map<string, JsonObject>();
  #schemas = 0;

  /** @param isBrief without what is written for people */
  constructor(references: References, version: OpenApiVersion, use: 'arguments' | 'answer', isBrief = false) {
    this.#references = references;
    this.#version = version;
    this.#use = use;
    this.#isBrief = isBrief;
  }

  /** @throws NotOffered where it is too large, or refers to what is not there */
  write(schema: Json | undefined): JsonObject {
    const written = this.#write(schema, 0);
    for (const [reference, name] of this.#names) {
      // Those that are found on the way join the end of the list.
      if (!this.#written.has(name)) this.#written.set(name, this.#write(this.#references.at(reference), 0));
    }
    return written;
  }

  /** A schema that has none of its own, with the description of where it stands. */
  described(schema: JsonObject, description: string | undefined): JsonObject {
    if (this.#isBrief || description === undefined || schema['description'] !== undefined) return schema;
    return { ...schema, description: description.slice(0, longestDescription) };
  }

  /** What `$defs` must hold; nothing where no schema referred to any. */
  get definitions(): JsonObject | undefined {
    return this.#written.size === 0 ? undefined : Object.fromEntries(this.#written);
  }

  #write(schema: Json | undefined, depth: number): JsonObject {
    if (++this.#schemas > mostSchemas || depth > deepest) throw new NotOffered('its schema is too large or too deep');
    if (schema === false) return { not: {} };
    if (!isObject(schema)) return {};
    const written = this.#keywords(schema, depth);
    const reference = schema['$ref'];
    if (typeof reference === 'string') {
      const referred = { $ref: `#/$defs/${this.#nameOf(reference)}` };
      // Up to 3.0 nothing beside a reference counts.
      return this.#version === '3.0' ? referred : { ...written, ...referred };
    }
    if (schema['$dynamicRef'] !== undefined) throw new NotOffered('its schema uses $dynamicRef');
    return this.#nullable(schema, written);
  }

  #keywords(schema: JsonObject, depth: number): Record<string, Json> {
    const written = new Map<string, Json>();
    for (const [word, value] of membersOf(schema)) {
      if (this.#use === 'answer' && !formWords.has(word)) continue;
      if (this.#isBrief && proseWords.has(word)) continue;
      // What stands under patterns is not checked here, so neither is what stands under no name.
      if (word === 'additionalProperties' && schema['patternProperties'] !== undefined) continue;
      if (word === 'pattern' && !isLinear(value)) continue;
      if (schemaWords.has(word)) written.set(word, typeof value === 'boolean' ? value : this.#write(value, depth + 1));
      else if (listWords.has(word)) this.#list(written, word, value, depth);
      else if (word === 'properties') written.set(word, this.#properties(value, depth));
      else if (mapWords.has(word)) written.set(word, this.#map(membersOf(value), depth));
      else if (plainWords.has(word) || word === 'pattern') written.set(word, value);
    }
    if (this.#use === 'arguments') {
      this.#discriminate(schema, written);
      this.#limits(schema, written);
    }
    const type = typesOf(schema['type']);
    if (type !== undefined) written.set('type', type);
    return Object.fromEntries(written);
  }

  #list(written: Map<string, Json>, word: string, value: Json, depth: number): void {
    const schemas = listOf(value).map((each) => this.#write(each, depth + 1));
    if (schemas.length === 0) return;
    // Of forms alone more than one may fit.
    written.set(this.#use === 'answer' && word === 'oneOf' ? 'anyOf' : word, schemas);
  }

  /** Alternatives that a property tells apart (OpenAPI 3.1 section 4.8.25): each with the values by which it is meant. */
  #discriminate(schema: JsonObject, written: Map<string, Json>): void {
    const { discriminator } = schema;
    const property = isObject(discriminator) ? textOf(discriminator, 'propertyName') : undefined;
    if (property === undefined || property === '__proto__' || !isObject(discriminator)) return;
    const mapping = membersOf(discriminator['mapping']).flatMap(([value, to]) =>
      typeof to === 'string' ? [{ value, to }] : [],
    );
    for (const word of ['oneOf', 'anyOf']) {
      const branches = listOf(schema[word]);
      const marked = listOf(written.get(word)).map((branch, index) => {
        const given = branches[index];
        const reference = isObject(given) ? textOf(given, '$ref') : undefined;
        if (reference === undefined || !isObject(branch)) return branch;
        const name = reference.split('/').at(-1) ?? '';
        const values = mapping.filter(({ to }) => to === reference || to === name).map(({ value }) => value);
        return {
          ...branch,
          properties: { [property]: { enum: values.length > 0 ? values : [name] } },
          required: [property],
        };
      });
      if (marked.length > 0) written.set(word, marked);
    }
  }

  #properties(value: Json, depth: number): JsonObject {
    return this.#map(
      membersOf(value).filter(([, schema]) => !this.#isOneWay(schema)),
      depth,
    );
  }

  #map(members: readonly [string, Json][], depth: number): JsonObject {
    return Object.fromEntries(members.map(([name, schema]) => [name, this.#write(schema, depth + 1)]));
  }

  /** `readOnly` has no place in a request, `writeOnly` none in an answer. */
  #isOneWay(schema: Json): boolean {
    const word = this.#use === 'arguments' ? 'readOnly' : 'writeOnly';
    if (!isObject(schema)) return false;
    if (typeof schema['$ref'] !== 'string') return schema[word] === true;
    return this.#references.follow(schema)[word] === true;
  }

  /** `required` without what is left out, and 3.0's exclusive limits, which were booleans (draft 5). */
  #limits(schema: JsonObject, written: Map<string, Json>): void {
    const properties = new Map(membersOf(schema['properties']));
    const required = listOf(schema['required']).filter(
      (name) => typeof name === 'string' && name !== '__proto__' && !this.#isOneWay(properties.get(name) ?? {}),
    );
    if (required.length > 0) written.set('required', required);
    for (const [exclusive, limit] of [
      ['exclusiveMinimum', 'minimum'],
      ['exclusiveMaximum', 'maximum'],
    ] as const) {
      const value = written.get(exclusive);
      if (typeof value !== 'boolean') continue;
      written.delete(exclusive);
      const bound = written.get(limit);
      if (!value || typeof bound !== 'number') continue;
      written.delete(limit);
      written.set(exclusive, bound);
    }
  }

  /** `nullable` of 3.0. Of an answer everything may be null: most APIs' descriptions are wrong about that. */
  #nullable(schema: JsonObject, written: JsonObject): JsonObject {
    const isNullable = this.#use === 'answer' || (this.#version === '3.0' && schema['nullable'] === true);
    const { type, enum: values } = written;
    if (!isNullable || type === undefined) return written;
    const given = typeof type === 'string' ? [type] : listOf(type);
    return {
      ...written,
      type: [...new Set([...given, 'null'])],
      ...(Array.isArray(values) && !values.includes(null) && { enum: [...(values as readonly Json[]), null] }),
    };
  }

  #nameOf(reference: string): string {
    const known = this.#names.get(reference);
    if (known !== undefined) return known;
    if (this.#names.size >= mostDefinitions) throw new NotOffered('its schema refers to too many others');
    const stem = (stepsOf(reference).at(-1) ?? 'document').replaceAll(/[^A-Za-z0-9_-]+/g, '_').slice(0, 60) || 'schema';
    const taken = new Set(this.#names.values());
    let name = stem;
    for (let n = 2; taken.has(name) || name === '__proto__'; n++) name = `${stem}_${n}`;
    this.#names.set(reference, name);
    return name;
  }
}

/** Patterns are checked in linear time. What takes more, or another dialect, is left to the API. */
function isLinear(pattern: Json): boolean {
  if (typeof pattern !== 'string') return false;
  try {
    argumentsSchema({ pattern });
    return true;
  } catch {
    return false;
  }
}

function typesOf(type: Json | undefined): Json | undefined {
  if (typeof type === 'string') return types.has(type) ? type : undefined;
  const known = listOf(type).filter((each) => typeof each === 'string' && types.has(each));
  return known.length > 0 ? known : undefined;
}
