import type { Json, JsonObject } from '@sallyport/core';
import { isLogLevel } from './listeners.ts';

/** What a 2025 client says once, by `logging/setLevel`, a 2026 client says with every request. */
const logLevel = 'io.modelcontextprotocol/logLevel';

/**
 * Of a client's `_meta` what an upstream is told: trace context and what this request asks for. Nobody judges it, so it is
 * passed on only where it is what it says: in any other form it would carry out whatever a client puts there.
 *
 * @param level of its session, where the request names none
 */
export function passedOn(meta: JsonObject, level: string | undefined): JsonObject {
  const { progressToken } = meta;
  const least = levelIn(meta) ?? level;
  return {
    ...traceIn(meta),
    ...(progressToken === undefined ? {} : { progressToken }),
    ...(least === undefined ? {} : { [logLevel]: least }),
  };
}

/** The least severe log messages that a request asks for, where it says so. */
export const levelIn = ({ [logLevel]: level }: JsonObject): string | undefined =>
  isLogLevel(level) ? level : undefined;

/** W3C Trace Context, sections 3.2 and 3.3: without a parent, or with a broken one, there is no state. */
function traceIn({ traceparent, tracestate }: JsonObject): Readonly<Record<string, Json>> {
  if (typeof traceparent !== 'string' || !parent.test(traceparent)) return {};
  return typeof tracestate === 'string' && state.test(tracestate) ? { traceparent, tracestate } : { traceparent };
}

const parent = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/;
const state = /^[\x20-\x7e]{1,512}$/;
