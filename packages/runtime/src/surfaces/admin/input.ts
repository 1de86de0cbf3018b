import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { RuntimeFault, nearest, parseJson, showText } from '@sallyport/core';

const maxJsonDepth = 32;
const maxBodyBytes = 2_097_152;

/** Lets the scope read JSON and nothing else, duplicate members refused: one body has one reading. */
export function readJsonBodies(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  const options = { parseAs: 'string', bodyLimit: maxBodyBytes } as const;
  scope.addContentTypeParser('application/json', options, async (_: unknown, body: string | Buffer) => {
    const text = body.toString();
    return text === '' ? undefined : parseJson(text, { maxDepth: maxJsonDepth });
  });
}

/**
 * Parses what a client sent; keys that the schema does not know are refused by name.
 *
 * @throws RuntimeFault `invalid_request`, which names the key and never repeats the value
 */
export function parseInput<Schema extends z.ZodObject>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = strictOf(schema).safeParse(value ?? {});
  // The same shape, only stricter: the output is the schema's own.
  if (parsed.success) return parsed.data as z.output<Schema>;
  const [issue] = parsed.error.issues;
  if (!issue) throw new RuntimeFault('invalid_request');
  if (issue.code === 'unrecognized_keys') throw unknownKey(issue.keys[0] ?? '', issue.path, Object.keys(schema.shape));
  const path = issue.path.join('.');
  throw new RuntimeFault('invalid_request', {
    detail: path === '' ? issue.message : `${showText(path)}: ${issue.message}`,
    ...(path === '' ? {} : { path }),
  });
}

/** A schema compiles its own code with its first use: making one for each request would compile with each request. */
const strict = new WeakMap<z.ZodObject, z.ZodObject>();

function strictOf(schema: z.ZodObject): z.ZodObject {
  const known = strict.get(schema) ?? z.strictObject(schema.shape);
  strict.set(schema, known);
  return known;
}

function unknownKey(key: string, at: readonly PropertyKey[], known: readonly string[]): RuntimeFault {
  const meant = at.length === 0 ? nearest(key, known) : undefined;
  const fix = meant === undefined ? 'Leave it out.' : `Did you mean ${meant}?`;
  const path = [...at, key].join('.');
  return new RuntimeFault('invalid_request', { path, detail: `There is no key ${showText(path)}. ${fix}` });
}
