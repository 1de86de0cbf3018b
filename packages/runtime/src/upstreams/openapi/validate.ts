import type { Json, JsonObject } from '@sallyport/core';
import type { Validator } from '@seriousme/openapi-schema-validator';
import { showText } from '@sallyport/core';
import { isObject } from '../endpoints/values.ts';

export type OpenApiVersion = '3.0' | '3.1' | '3.2';

/** Cut off what is checked, not what is used: formats and `uniqueItems` may take more than linear time. */
const longestText = 2_000;
const longestList = 1_000;

/** Loaded with the first document: it brings a compiler along, and compiles the schema of each version once. */
let validator: Promise<Validator> | undefined;

/**
 * Checks a document against the schema of its version.
 *
 * @returns what is wrong, for people, or the version
 */
export async function validate(root: JsonObject): Promise<{ problem: string } | { version: OpenApiVersion }> {
  const { openapi } = root;
  const version = typeof openapi === 'string' ? /^3\.[012](?=\.|$)/.exec(openapi)?.[0] : undefined;
  if (version === undefined) {
    return { problem: 'it is no OpenAPI document of version 3.0, 3.1 or 3.2: it has no such `openapi` member' };
  }
  validator ??= import('@seriousme/openapi-schema-validator').then(({ Validator }) => new Validator());
  const shared = await validator;
  const { valid, errors } = await shared.validate(forValidator(root) as Record<string, Json>);
  // It keeps what it was given last.
  shared.specification = {};
  if (valid) return { version: version as OpenApiVersion };
  const [error] = Array.isArray(errors) ? errors : [{ instancePath: '', message: errors }];
  const what = `${error?.instancePath || 'the document'} ${error?.message ?? 'does not fit'}`;
  return { problem: `it is no valid OpenAPI ${version}: ${showText(what, 300)}` };
}

/**
 * A copy for the validator. Schemas stay out of it: many documents of 3.0 use words of later versions in them, and what is
 * made of them is written anew, word by word, whatever they hold. It resolves references itself once the schema fits, and writes what it found to the places
 * that the document names: `constructor` and `prototype` below a reference would be places of this process. So references
 * stand alone in the copy and lead nowhere; `References` resolves them.
 */
function forValidator(value: Json, key = '', parent = ''): Json {
  if (typeof value === 'string') return value.slice(0, longestText);
  if (Array.isArray(value)) {
    const items: readonly Json[] = value.slice(0, longestList);
    // Parameters must differ from each other, and in the copy all references are the same.
    const reference = items.find(isReference);
    return items.filter((item) => item === reference || !isReference(item)).map((item) => forValidator(item));
  }
  if (!isObject(value)) return value;
  if (parent === 'components' && key === 'schemas') return {};
  const isSchema = key === 'schema' && !namedByAuthors.has(parent);
  if (isSchema || isReference(value)) return { $ref: '#' };
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !pointerWords.has(name) && name !== '__proto__')
      .map(([name, item]) => [name, forValidator(item, name, key)]),
  );
}

/** Here `schema` may be the name of a variable, or of a field. */
const namedByAuthors: ReadonlySet<string> = new Set(['variables', 'encoding']);

const isReference = (value: Json): boolean => isObject(value) && typeof value['$ref'] === 'string';

const pointerWords: ReadonlySet<string> = new Set([
  '$ref',
  '$id',
  '$anchor',
  '$dynamicRef',
  '$dynamicAnchor',
  '$schema',
]);
