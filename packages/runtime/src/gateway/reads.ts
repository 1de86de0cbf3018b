import type { Message } from '@sallyport/core';

/** Of one session: enough to name where a value was read; information flow keeps its own, whole record. */
const maxMessages = 200;
const maxChars = 500_000;
const maxSessions = 10_000;

interface Read {
  messages: Message[];
  chars: number;
}

/** What sessions have called and read on this surface, as guards are used to find it in a model request. */
export class Reads {
  readonly #sessions = new Map<string, Read>();

  of(sessionId: string): readonly Message[] {
    return this.#sessions.get(sessionId)?.messages ?? [];
  }

  add(sessionId: string, call: { readonly id: string; readonly tool: string }, text: string): void {
    const read = this.#sessions.get(sessionId) ?? { messages: [], chars: 0 };
    // The session read last is forgotten last.
    this.#sessions.delete(sessionId);
    this.#sessions.set(sessionId, read);
    const calls = [{ ...call, arguments: '{}' }];
    // A list of its own each time: events keep the one they were given.
    read.messages = [...read.messages, { role: 'assistant', text: '', calls }, { role: 'tool', text, callId: call.id }];
    read.chars += text.length;
    while (read.messages.length > 2 && (read.messages.length > maxMessages || read.chars > maxChars)) {
      read.chars -= read.messages[1]?.text.length ?? 0;
      read.messages = read.messages.slice(2);
    }
    if (this.#sessions.size > maxSessions) this.#sessions.delete(this.#sessions.keys().next().value as string);
  }

  end(sessionId: string): void {
    this.#sessions.delete(sessionId);
  }
}
