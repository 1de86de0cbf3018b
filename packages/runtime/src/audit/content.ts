import type { AgentEvent, Session } from '@sallyport/core';

export const contentModes = ['none', 'arguments', 'messages'] as const;
export type ContentMode = (typeof contentModes)[number];

/** Hides what the log may not hold. */
export type MaskText = (text: string, event: AgentEvent, session: Session) => string;

/** Characters that are masked, and of those the last that are not kept. */
const maxMasked = 16_384;
const margin = 4_096;
/** In bytes of UTF-8, the mark not counted. */
export const maxContentBytes = 4096;

/**
 * What of an event's content the log keeps, by `audit.content`. `none`: nothing. `arguments`: a tool call's arguments,
 * as JSON. `messages`: also the texts of messages, results and answers, and of a model request its settings and the
 * number of its messages (the texts themselves came by as events of their own).
 */
export function keepContent(
  mode: ContentMode,
  mask: MaskText = (text) => text,
): (event: AgentEvent, session: Session) => string | undefined {
  if (mode === 'none') return () => undefined;
  return (event, session) => {
    const text = event.kind === 'tool_call' ? JSON.stringify(event.arguments) : messageContent(event, mode);
    return text === undefined ? undefined : kept(text, (part) => mask(part, event, session));
  };
}

/** Masked before it is cut: half of a number is not known for what it is, so what may be half of one is not kept. */
function kept(text: string, mask: (text: string) => string): string {
  if (text.length <= maxMasked) return cut(mask(text));
  return cut(mask(text.slice(0, maxMasked)).slice(0, -margin), text.length - maxMasked + margin);
}

function messageContent(event: AgentEvent, mode: ContentMode): string | undefined {
  if (mode !== 'messages') return undefined;
  switch (event.kind) {
    case 'user_message':
    case 'tool_result':
    case 'model_response':
      return event.text;
    case 'model_request':
      return JSON.stringify({ settings: event.settings, messages: event.messages.length });
    case 'tool_call':
    case 'egress_request':
    case 'code_execution':
      return undefined;
  }
}

/**
 * Cuts between code points, and says how many more there were.
 *
 * @param beyond how many were left out already
 */
export function cut(text: string, beyond = 0): string {
  // No UTF-16 unit takes more than three bytes, so most texts need no counting.
  if (text.length * 3 <= maxContentBytes) return text + moreOf(beyond);
  const { read } = encoder.encodeInto(text, buffer);
  let more = beyond;
  for (let index = read; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    const isSecondHalf = unit >= 0xdc00 && unit <= 0xdfff && isFirstHalf(text.charCodeAt(index - 1));
    if (!isSecondHalf) more += 1;
  }
  return text.slice(0, read) + moreOf(more);
}

const moreOf = (count: number): string => (count === 0 ? '' : `… (${count} more characters)`);
const isFirstHalf = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const encoder = new TextEncoder();
const buffer = new Uint8Array(maxContentBytes);
