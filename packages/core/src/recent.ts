import type { Json, JsonObject, Message } from './events.ts';
import { indexWire } from './guards/wire.ts';

/** One message of a request: as guards read it, and its JSON. */
export interface SentMessage extends WireText {
  readonly view: Message;
}

/** A message's role, and its JSON, also in UTF-8. */
export interface WireText {
  readonly role: string;
  readonly text: string;
  readonly encoded: Uint8Array;
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
      if (repeats && known) return known;
      return { view: views[at] as Message, role: roleOf(message), text, encoded: encoder.encode(text) };
    });
    this.#keep(sessionId, messages);
    return messages;
  }

  #keep(sessionId: string, messages: readonly SentMessage[]): void {
    this.#forget(sessionId);
    // The text, the view's own, and the bytes.
    const chars = messages.reduce((sum, { text }) => sum + 3 * text.length, 0);
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

export function wireText(message: Json): WireText {
  const text = JSON.stringify(message);
  return { role: roleOf(message), text, encoded: encoder.encode(text) };
}

function roleOf(message: Json): string {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return '';
  const { role } = message as JsonObject;
  return typeof role === 'string' ? role : '';
}

const encoder = new TextEncoder();

/**
 * The bytes of a request, with its messages last.
 *
 * @param rest its other members; at least one
 */
export function writeRequest(rest: JsonObject, messages: readonly WireText[]): Uint8Array {
  const head = encoder.encode(`${JSON.stringify(rest).slice(0, -1)},"messages":[`);
  const commas = Math.max(0, messages.length - 1);
  const length = messages.reduce((sum, { encoded }) => sum + encoded.length, head.length + commas + tail.length);
  const bytes = new Uint8Array(length);
  bytes.set(head);
  let at = head.length;
  const places = messages.map(({ role, text, encoded }, index) => {
    if (index > 0) bytes[at++] = comma;
    const start = at;
    bytes.set(encoded, at);
    at += encoded.length;
    return { start, end: at, role, text };
  });
  bytes.set(tail, at);
  // Guards need not look for what its writer knows.
  indexWire(bytes, places);
  return bytes;
}

const comma = 0x2c;
const tail = encoder.encode(']}');
