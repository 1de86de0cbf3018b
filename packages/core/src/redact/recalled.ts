import type { Edit } from '../guards/wire.ts';
import type { Message } from '../events.ts';
import type { Vault } from '../ports.ts';
import { isDistinctive } from './known-values.ts';
import { literalType } from './tokens.ts';

/** What was found in one part of a message; `path` from the message on, such as `.calls[0]`. */
export interface Finding {
  readonly path: string;
  readonly counts: ReadonlyMap<string, number>;
}

/** What became of one message. */
export interface RedactedMessage {
  readonly message: Message;
  /** From the message's own beginning in the bytes. */
  readonly edits: readonly Edit[];
  readonly replaced: readonly Finding[];
  readonly blocked: readonly Finding[];
}

interface Recalled {
  readonly json: string;
  readonly vault: Vault;
  readonly tool: string | undefined;
  readonly made: RedactedMessage;
  /** How many tokens had been given out. */
  size: number;
}

/** What became of each message, for as long as the very message is there, with the same bytes and the same tokens. */
export class RecalledMessages {
  readonly #known = new WeakMap<Message, Recalled>();

  of(
    message: Message,
    { json, vault, tool }: Pick<Recalled, 'json' | 'vault' | 'tool'>,
    make: () => RedactedMessage,
  ): RedactedMessage {
    const known = this.#known.get(message);
    if (known?.vault === vault && known.tool === tool && known.json === json && stillHolds(known, json, vault))
      return known.made;
    const made = make();
    this.#known.set(message, { json, vault, tool, made, size: vault.size });
    return made;
  }
}

/** Looking for more values than this one by one costs more than looking at the text anew. */
const fewNews = 64;

/** Whether no token given out since changes anything about the text; where not, that is noted. */
export function stillHolds(made: { size: number }, text: string, vault: Vault): boolean {
  if (vault.size === made.size) return true;
  if (vault.size - made.size > fewNews) return false;
  const news = vault.given(made.size);
  if (news.some(({ value, type, token }) => text.includes(value) || type === literalType || text.includes(token)))
    return false;
  // In JSON a value may be written with escapes.
  if (text.includes('\\') && news.some(({ value }) => isDistinctive(value) && /[^ -~]|["\\]/.test(value))) return false;
  made.size = vault.size;
  return true;
}
