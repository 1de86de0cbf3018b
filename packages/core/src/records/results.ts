import type { Message } from '../events.ts';

/** A tool's result in a conversation: the message, its place, and the tool that was called. */
export interface ResultMessage {
  readonly place: number;
  readonly tool: string;
  readonly message: Message;
}

/** Every result, with the tool of the nearest call of its id before it: providers number theirs anew in every answer. */
export function resultsOf(messages: readonly Message[]): ResultMessage[] {
  const tools = new Map<string, string>();
  const found: ResultMessage[] = [];
  for (const [place, message] of messages.entries()) {
    for (const { id, tool } of message.calls ?? []) tools.set(id, tool);
    // A denial in a result's place is the runtime's own.
    if (message.role !== 'tool' || message.byRuntime) continue;
    found.push({ place, tool: tools.get(message.callId ?? '') ?? '', message });
  }
  return found;
}
