import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * What a secret is for shows in its first characters, so that a leaked one can be recognised by people and by scanners,
 * and one kind can never pass for another.
 */
export const secretPrefixes = {
  agent: 'sp_agent_',
  link: 'sp_link_',
  cookie: 'sp_cookie_',
  token: 'sp_token_',
} as const;
export type SecretKind = keyof typeof secretPrefixes;

const body = /^[A-Za-z0-9_-]{43}$/;

/** A new secret of 256 bits: its prefix and 43 characters of base64url (RFC 4648 section 5). */
export const newSecret = (kind: SecretKind): string => secretPrefixes[kind] + randomBytes(32).toString('base64url');

/** Whether a text has the form of such a secret. Says nothing about whether it is one. */
export function looksLikeSecret(kind: SecretKind, text: string): boolean {
  const prefix = secretPrefixes[kind];
  return text.length === prefix.length + 43 && text.startsWith(prefix) && body.test(text.slice(prefix.length));
}

/**
 * SHA-256, hex: what is kept of a secret, and the key under which it is looked up. A look-up by hash leaks nothing useful
 * by its time: nobody can choose a secret whose hash begins as they like and learn the rest of another's.
 */
export const sha256 = (text: string): string => hash('sha256', text, 'hex');

/** Compares two hashes in constant time, where there is one to compare with and no look-up. */
export const sameHash = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
