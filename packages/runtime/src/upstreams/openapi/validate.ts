import type { Json, JsonObject } from '@sallyport/core';
import { showText } from '@sallyport/core';
import { isObject } from '../endpoints/values.ts';

export type OpenApiVersion = '3.0' | '3.1' | '3.2';

/** Cut off what is checked, not what is used: formats and `uniqueItems` may take more than linear time. */
const longestText = 2_000;
const longestList = 1_000;

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
  // Loaded with the first document: it brings a validator's compiler along.
  const { Validator } = await import('@seriousme/openapi-schema-validator');
  const { valid, errors } = await new Validator().validate(forValidator(root) as Record<string, Json>);
  if (valid) return { version: version as OpenApiVersion };
  const [error] = Array.isArray(errors) ? errors : [{ instancePath: '', message: errors }];
  const what = `${error?.instancePath || 'the document'} ${error?.message ?? 'does not fit'}`;
  return { problem: `it is no valid OpenAPI ${version}: ${showText(what, 300)}` };
}

/**
 * A copy for the validator. It resolves references itself once the schema fits, and writes what it found to the places
 * that the document names: `constructor` and `prototype` below a reference would be places of this process. So references
 * stand alone in the copy and lead nowhere; `References` resolves them.
 */
function forValidator(value: Json): Json {
  if (typeof value === 'string') return value.slice(0, longestText);
  if (Array.isArray(value)) return (value as readonly Json[]).slice(0, longestList).map(forValidator);
  if (!isObject(value)) return value;
  if (typeof value['$ref'] === 'string') return { $ref: '#' };
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !pointerWords.has(key) && key !== '__proto__')
      .map(([key, item]) => [key, forValidator(item)]),
  );
}

const pointerWords: ReadonlySet<string> = new Set([
  '$ref',
  '$id',
  '$anchor',
  '$dynamicRef',
  '$dynamicAnchor',
  '$schema',
]);
