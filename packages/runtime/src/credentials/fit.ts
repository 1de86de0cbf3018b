import { maxSecretLength, minSecretLength } from '@sallyport/core';
import type { AttachConfig } from '@sallyport/core';

/** What is wrong with a value, if anything; it continues "The credential x …" and tells nothing of the value. */
export function unfit(kind: AttachConfig['kind'], value: string): string | undefined {
  if (value.length < minSecretLength) {
    return `is shorter than ${minSecretLength} characters: where an upstream echoes it, it could not be told from other text. Use a longer one.`;
  }
  if (value.length > maxSecretLength) return `is longer than ${maxSecretLength} characters.`;
  if (kind === 'mtls') {
    return /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(value) ? undefined : 'is no private key in PEM.';
  }
  if (kind === 'environment') return value.includes('\0') ? 'holds a NUL, which ends a variable.' : undefined;
  if (/\p{Cc}/u.test(value)) return 'holds line breaks or control characters: they would forge a header.';
  if (kind === 'bearer' && /[^\x21-\x7e]/.test(value))
    return 'holds white space or characters no token has (RFC 6750).';
  if (kind === 'header' && /[^\x20-\x7e]/.test(value)) return 'holds characters no header may carry.';
  return value.isWellFormed() ? undefined : 'is no text in UTF-8.';
}
