import { createHmac, createSecretKey, hkdfSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { Remembered } from '@sallyport/core';
import { BoundedMap } from '../identity/bounded.ts';

/** Keyed hashes that nobody outside can compute, the same after a restart. */
export interface Marks {
  /** 80 bits, hex: the code by which a marked text is told from marks that stand in it. */
  code(sessionId: string, text: string): string;
  /** 128 bits, hex: by which the same value of a type is known again where it was hashed away. */
  value(type: string, value: string): string;
  /** 128 bits, hex: the secret word of a session's system prompt. */
  canary(sessionId: string): string;
}

/** Characters of one session's texts whose codes are remembered, and of how many sessions. */
const maxRemembered = 1_048_576;
const maxSessions = 256;

/** @param master the runtime's master key; the marks' own is derived from it (HKDF, RFC 5869), so neither reveals another */
export function createMarks(master: KeyObject): Marks {
  const key = createSecretKey(Buffer.from(hkdfSync('sha256', master, '', 'sallyport marks 1', 32)));
  // A session id holds no NUL, so no two pairs of id and text are hashed as one.
  const keyed = (...parts: string[]) => createHmac('sha256', key).update(parts.join('\0')).digest('hex');
  // A conversation repeats all its results in every turn; hashing them anew would make each turn dearer than the last.
  // By session first: a key of both would be a new text each time, which costs more to look up than to find.
  const codes = new BoundedMap<string, Remembered<string>>(maxSessions);
  const code = (sessionId: string, text: string): string => {
    let own = codes.get(sessionId);
    if (!own) {
      own = new Remembered<string>(maxRemembered);
      codes.set(sessionId, own);
    }
    return own.of(text, () => keyed('code', sessionId, text).slice(0, 20));
  };
  return {
    code,
    value: (type, value) => keyed('value', type, value).slice(0, 32),
    canary: (sessionId) => keyed('canary', sessionId).slice(0, 32),
  };
}
