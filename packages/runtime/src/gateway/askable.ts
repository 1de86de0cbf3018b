import type { JsonObject } from '@sallyport/core';

/** What a client can be asked, and what it may say of how. */
const known = {
  elicitation: { form: {}, url: {} },
  sampling: { tools: {}, context: {} },
  roots: { listChanged: true },
} as const satisfies JsonObject;

/**
 * Of what a client declares, what is passed on to upstreams: whether it can be asked, in words of ours. A client's own would
 * be words that nobody judges, and each spelling of them one more connection.
 */
export function askable(declared: JsonObject): JsonObject {
  const passed: Record<string, JsonObject> = {};
  for (const [name, members] of Object.entries(known)) {
    const given = declared[name];
    if (isObject(given))
      passed[name] = Object.fromEntries(
        Object.entries(members).filter(([member, as]) => typeof given[member] === typeof as && given[member]),
      );
  }
  return passed;
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
