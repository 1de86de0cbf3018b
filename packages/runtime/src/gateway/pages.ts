import { JsonRpcError } from '@sallyport/core';
import type { Json, JsonObject } from '@sallyport/core';
import type { Having } from './catalogue.ts';

const pageSize = 500;
const invalidParams = -32_602;

/** The answer to a request for a list, under the name by which the protocol knows it. */
export function listing<Key extends string>(
  member: string,
  items: readonly Having<Key>[],
  key: Key,
  params: JsonObject,
): JsonObject {
  const { page, nextCursor } = pageOf(items, (item) => item[key], params);
  return { [member]: page, ...(nextCursor === undefined ? {} : { nextCursor }) };
}

/** One page of a list. The cursor is the key of the last item shown: a list that changed meanwhile goes on from there. */
function pageOf<T extends JsonObject>(
  items: readonly T[],
  keyOf: (item: T) => string,
  params: JsonObject,
): { readonly page: readonly T[]; readonly nextCursor?: string } {
  const { cursor } = params;
  const from = cursor === undefined ? 0 : after(items, keyOf, cursor);
  const page = items.slice(from, from + pageSize);
  const last = page.at(-1);
  if (last === undefined || from + pageSize >= items.length) return { page };
  return { page, nextCursor: Buffer.from(keyOf(last)).toString('base64url') };
}

function after<T>(items: readonly T[], keyOf: (item: T) => string, cursor: Json): number {
  const key = typeof cursor === 'string' ? Buffer.from(cursor, 'base64url').toString() : undefined;
  const at = items.findIndex((item) => keyOf(item) === key);
  if (at === -1) throw new JsonRpcError(invalidParams, 'The cursor is not one of this list. Begin without one.');
  return at + 1;
}
