import type { AgentEvent } from '@sallyport/core';

export const contentModes = ['none', 'arguments', 'messages'] as const;
export type ContentMode = (typeof contentModes)[number];

/** In bytes of UTF-8, the mark not counted. */
export const maxContentBytes = 4096;

/**
 * What of an event's content the log keeps, by `audit.content`. `none`: nothing. `arguments`: a tool call's arguments,
 * as JSON. `messages`: also the texts of messages, results and answers, and of a model request its settings and the
 * number of its messages (the texts themselves came by as events of their own).
 */
export function keepContent(mode: ContentMode): (event: AgentEvent) => string | undefined {
  if (mode === 'none') return () => undefined;
  return (event) => {
    if (event.kind === 'tool_call') return cut(JSON.stringify(event.arguments));
    return mode === 'messages' ? messageContent(event) : undefined;
  };
}

function messageContent(event: AgentEvent): string | undefined {
  switch (event.kind) {
    case 'user_message':
    case 'tool_result':
    case 'model_response':
      return cut(event.text);
    case 'model_request':
      return cut(JSON.stringify({ settings: event.settings, messages: event.messages.length }));
    case 'tool_call':
    case 'egress_request':
    case 'code_execution':
      return undefined;
  }
}

/** Cuts between code points, and says how many more there were. */
export function cut(text: string): string {
  // No UTF-16 unit takes more than three bytes, so most texts need no counting.
  if (text.length * 3 <= maxContentBytes) return text;
  const { read } = encoder.encodeInto(text, buffer);
  if (read === text.length) return text;
  let more = 0;
  for (let index = read; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    const isSecondHalf = unit >= 0xdc00 && unit <= 0xdfff && isFirstHalf(text.charCodeAt(index - 1));
    if (!isSecondHalf) more += 1;
  }
  return `${text.slice(0, read)}… (${more} more characters)`;
}

const isFirstHalf = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const encoder = new TextEncoder();
const buffer = new Uint8Array(maxContentBytes);
