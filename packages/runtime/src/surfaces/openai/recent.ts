import type { Json, Message } from '@sallyport/core';

/** One message of a request: as guards read it, and its JSON. */
export interface SentMessage {
  readonly view: Message;
  readonly role: string;
  readonly text: string;
}

/** Of all that is kept, in UTF-16 code units. */
const maxChars = 67_108_864;

/**
 * What each session sent last. A client sends the whole conversation with every turn: what it repeats is made the very
 * objects and strings that it was before, so that whatever was made of them is found by identity and not by reading them.
 */
export class RecentMessages {
  readonly #bySession = new Map<string, { readonly messages: readonly SentMessage[]; readonly chars: number }>();
  #chars = 0;

  /** These messages, as many of the first ones as were sent before being the same objects. */
  take(sessionId: string, views: readonly Message[], wire: readonly Json[]): readonly SentMessage[] {
    const before = this.#bySession.get(sessionId);
    let repeats = true;
    const messages = wire.map((message, at): SentMessage => {
      const text = JSON.stringify(message);
      const known = before?.messages[at];
      repeats &&= known?.text === text;
      return repeats && known ? known : { view: views[at] as Message, role: roleOf(message), text };
    });
    this.#keep(sessionId, messages);
    return messages;
  }

  #keep(sessionId: string, messages: readonly SentMessage[]): void {
    this.#forget(sessionId);
    const chars = messages.reduce((sum, { text }) => sum + 2 * text.length, 0);
    this.#bySession.set(sessionId, { messages, chars });
    this.#chars += chars;
    for (const oldest of this.#bySession.keys()) {
      if (this.#chars <= maxChars) return;
      this.#forget(oldest);
    }
  }

  #forget(sessionId: string): void {
    this.#chars -= this.#bySession.get(sessionId)?.chars ?? 0;
    this.#bySession.delete(sessionId);
  }
}

export function roleOf(message: Json): string {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return '';
  const { role } = message as { readonly role?: Json };
  return typeof role === 'string' ? role : '';
}
