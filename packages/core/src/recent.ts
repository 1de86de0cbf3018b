import type { Json, JsonObject, Message } from './events.ts';
import { indexWire } from './guards/wire.ts';

/** One message of a request: as guards read it, and its JSON. */
export interface SentMessage extends WireText {
  readonly view: Message;
}

/** A message's role, and its JSON. */
export interface WireText {
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

export const wireText = (message: Json): WireText => ({ role: roleOf(message), text: JSON.stringify(message) });

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
  const parts = [`${JSON.stringify(rest).slice(0, -1)},"messages":[`, messages.map(({ text }) => text).join(','), ']}'];
  const bytes = encoder.encode(parts.join(''));
  let start = byteLength(parts[0] ?? '');
  // Guards need not look for what its writer knows.
  indexWire(
    bytes,
    messages.map(({ role, text }) => {
      const place = { start, end: start + byteLength(text), role, text };
      start = place.end + 1;
      return place;
    }),
  );
  return bytes;
}

/** In UTF-8. JSON that `JSON.stringify` wrote holds no half of a pair. */
function byteLength(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}
