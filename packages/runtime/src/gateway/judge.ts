import type { Clock, Decision, JsonObject, Monitor, NewId, Session } from '@sallyport/core';
import { viewResult } from './results.ts';

/** MCP's clients know no code for a denial; of the range that JSON-RPC leaves to servers. */
export const deniedCode = -32_010;

export interface JudgeServices {
  readonly monitor: Monitor;
  readonly clock: Clock;
  readonly newId: NewId;
}

interface During {
  readonly session: Session;
  readonly callId: string;
  readonly tool: string;
}

/** As guards left it, with what information flow read of it; or why it may not be handed on. */
export type JudgedWords = { readonly decision: Decision; readonly eventId: string } & (
  { readonly words: JsonObject; readonly text: string } | { readonly words?: undefined }
);

/** Decides on what an upstream says during a call, be it its result, an error, a question or a sign of progress. */
export async function judgeWords(
  { monitor, clock, newId }: JudgeServices,
  { session, callId, tool }: During,
  words: JsonObject,
): Promise<JudgedWords> {
  const { text, parts, rebuild } = viewResult(words);
  const event = { id: newId(), at: clock.now(), kind: 'tool_result', callId, tool, text, parts } as const;
  const { cleared, decision } = await monitor.decide(event, session);
  const ruled = { decision, eventId: event.id };
  return cleared ? { ...ruled, words: rebuild(cleared.event.parts ?? []), text } : ruled;
}
