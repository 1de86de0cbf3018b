import type { Message } from '../events.ts';
import { candidatesIn } from './candidates.ts';
import { segmentsOf } from './segments.ts';

/** What was said in a session and what was read, in the order in which it came in. */
interface Talk {
  readonly texts: Map<string, 'said' | 'read'>;
  chars: number;
}

/**
 * Who knew an identifier first: repeating what the session's user or the operator wrote is no leak. What a tool had
 * returned before they wrote it stays another's, or else an agent that sums up its history as the user's words would
 * open the fence. Bounded: a session that was pushed out is read again with its next request.
 */
export class Conversations {
  readonly #talks = new Map<string, Talk>();
  readonly #maxChars: number;
  #chars = 0;

  constructor(maxChars = 64_000_000) {
    this.#maxChars = maxChars;
  }

  take(sessionId: string, messages: readonly Message[]): void {
    const talk = this.#talks.get(sessionId) ?? { texts: new Map(), chars: 0 };
    this.#talks.delete(sessionId);
    this.#talks.set(sessionId, talk);
    for (const { role, text, byRuntime } of messages) {
      if (role === 'assistant' || byRuntime || text === '' || talk.texts.has(text)) continue;
      talk.texts.set(text, role === 'tool' ? 'read' : 'said');
      talk.chars += text.length;
      this.#chars += text.length;
    }
    for (const [id, { chars }] of this.#talks) {
      if (this.#chars <= this.#maxChars || id === sessionId) return;
      this.#talks.delete(id);
      this.#chars -= chars;
    }
  }

  /** Which of the keys the user or the operator wrote before any tool returned them. */
  saidFirst(sessionId: string, keys: ReadonlySet<string>): ReadonlySet<string> {
    const said = new Set<string>();
    const open = new Set(keys);
    for (const [text, kind] of this.#talks.get(sessionId)?.texts ?? []) {
      if (open.size === 0) break;
      for (const segment of segmentsOf(text)) {
        for (const { key } of candidatesIn(segment)) if (open.delete(key) && kind === 'said') said.add(key);
      }
    }
    return said;
  }
}
