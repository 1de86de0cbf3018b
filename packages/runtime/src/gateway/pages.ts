import { JsonRpcError, denialOf } from '@sallyport/core';
import type { Decision, Json, JsonObject, Session } from '@sallyport/core';
import type { Having } from './catalogue.ts';
import { deniedCode, judgeWords, type JudgeServices } from './judge.ts';
import { prefixed } from './names.ts';

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

/** So many items are judged as one, so that the texts of a page are not too many to be judged. */
const maxTogether = 50;

/**
 * Decides on a list that nobody reviews: what resources and prompts are called, models read like results, and strangers may
 * write it. An item that may not be told takes no other with it.
 *
 * @param method such as `resources/list`; what an upstream lists is decided as `<upstream>__<method>`
 * @throws JsonRpcError where none of them may be told
 */
export async function judgeList(
  services: JudgeServices,
  session: Session,
  method: string,
  listed: JsonObject,
  upstreamOf: (item: Json) => string,
): Promise<JsonObject> {
  let refusal: { readonly decision: Decision; readonly eventId: string } | undefined;
  const judged = async (upstream: string, member: string, items: readonly Json[]): Promise<readonly Json[]> => {
    const during = { session, callId: method, tool: prefixed({ upstream, name: method }) };
    const ruled = await judgeWords(services, during, { [member]: items }).catch(() => undefined);
    if (ruled?.words) return ruled.words[member] as readonly Json[];
    if (ruled) refusal = ruled;
    if (items.length <= 1) return [];
    return (await Promise.all(items.map((item) => judged(upstream, member, [item])))).flat();
  };
  const told: Record<string, Json> = { ...listed };
  for (const [member, items] of Object.entries(listed)) {
    if (!Array.isArray(items)) continue;
    const passed: Json[] = [];
    for (const [upstream, own] of Map.groupBy(items as readonly Json[], upstreamOf)) {
      for (let at = 0; at < own.length; at += maxTogether)
        passed.push(...(await judged(upstream, member, own.slice(at, at + maxTogether))));
    }
    if (refusal && passed.length === 0)
      throw new JsonRpcError(deniedCode, denialOf(refusal.decision, refusal.eventId).message);
    told[member] = passed;
  }
  return told;
}
