import { createHmac, createSecretKey, hkdfSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { Remembered } from '@sallyport/core';

/** Keyed hashes that nobody outside can compute, the same after a restart. */
export interface Marks {
  /** 80 bits, hex: the code by which a marked text is told from marks that stand in it. */
  code(sessionId: string, text: string): string;
  /** 128 bits, hex: by which the same value of a type is known again where it was hashed away. */
  value(type: string, value: string): string;
  /** 128 bits, hex: the secret word of a session's system prompt. */
  canary(sessionId: string): string;
}

/** Characters of all texts whose codes are remembered: the long conversations of some hundred sessions. */
const maxRemembered = 16_777_216;

/** @param master the runtime's master key; the marks' own is derived from it (HKDF, RFC 5869), so neither reveals another */
export function createMarks(master: KeyObject): Marks {
  const key = createSecretKey(Buffer.from(hkdfSync('sha256', master, '', 'sallyport marks 1', 32)));
  // A session id holds no NUL, so no two pairs of id and text are hashed as one.
  const keyed = (...parts: string[]) => createHmac('sha256', key).update(parts.join('\0')).digest('hex');
  // A conversation repeats all its results in every turn; hashing them anew would make each turn dearer than the last.
  const codes = new Remembered<string>(maxRemembered);
  const code = (sessionId: string, text: string): string =>
    codes.of(`${sessionId}\0${text}`, () => keyed('code', sessionId, text).slice(0, 20));
  return {
    code,
    value: (type, value) => keyed('value', type, value).slice(0, 32),
    canary: (sessionId) => keyed('canary', sessionId).slice(0, 32),
  };
}
