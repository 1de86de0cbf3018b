import type { Message } from '../events.ts';
import type { Source } from '../decision.ts';

/**
 * Where a value was first read: the earliest message that holds it as a whole token, so that `13` is not found in `2013`.
 * For explaining a denial to people; it decides nothing.
 */
export function locate(value: string, messages: readonly Message[]): Source | undefined {
  const sought = value.trim().toLowerCase();
  if (sought.length < 2 || sought.length > 1000) return undefined;
  const index = messages.findIndex(
    (message) => message.role !== 'assistant' && holds(message.text.toLowerCase(), sought),
  );
  const message = messages[index];
  if (!message) return undefined;
  const tool = message.role === 'tool' ? toolOf(message.callId, messages) : undefined;
  return { message: index, role: message.role, ...(tool === undefined ? {} : { tool }) };
}

const partOfWord = /[\p{L}\p{N}_]/u;

/** A text made of overlapping near-hits costs their number times their length: after so many it is given up. */
const maxTries = 1000;

function holds(text: string, sought: string): boolean {
  let tries = 0;
  for (let at = text.indexOf(sought); at !== -1 && tries < maxTries; at = text.indexOf(sought, at + 1)) {
    tries++;
    const before = text[at - 1] ?? ' ';
    const after = text[at + sought.length] ?? ' ';
    if (!partOfWord.test(before) && !partOfWord.test(after)) return true;
  }
  return false;
}

const toolOf = (callId: string | undefined, messages: readonly Message[]): string | undefined =>
  messages.flatMap((message) => message.calls ?? []).find((call) => call.id === callId)?.tool;
