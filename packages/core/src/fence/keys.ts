import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { visible } from '../normalize/visible.ts';

/** Of an identifier that a manifest names: it has no form of its own. */
export const declaredType = 'ID';

/** Shorter ones are words, years and amounts to everyone. */
const shortest = { digits: 6, mixed: 4, letters: 6 };
const longest = 64;

export const emailKey = (address: string): string => `@${address.toLowerCase()}`;

/** Without separators and case. Undefined where it is too short, or too long, to tell anybody apart. */
export function plainKey(text: string): string | undefined {
  const bare = text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
  const hasDigit = /\p{N}/u.test(bare);
  const least = !hasDigit ? shortest.letters : /\p{L}/u.test(bare) ? shortest.mixed : shortest.digits;
  return bare.length < least || bare.length > longest ? undefined : `#${bare}`;
}

/**
 * Normal forms of an identifier, by which it is found again however it is written: e-mail addresses in lower case, all
 * others without separators; of phone numbers the E.164 digits and those without the country, as people write both.
 */
export function keysOf(type: string, value: string): string[] {
  const { text } = visible(value);
  if (type === 'EMAIL' || /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text.trim())) return [emailKey(plainAddress(text))];
  const keys = new Set([plainKey(text)]);
  if (type === 'PHONE') {
    const phone = parsePhoneNumberFromString(text);
    if (phone) keys.add(plainKey(phone.number)).add(plainKey(phone.nationalNumber));
    keys.add(plainKey(text.replace(/^[^\p{N}]*0+/u, '')));
  }
  return [...keys].filter((key) => key !== undefined);
}

/** `bob (at) x [dot] example` is written so against harvesters, and names the same mailbox. */
export const plainAddress = (text: string): string =>
  text
    .trim()
    .replace(/%40/g, '@')
    .replace(/ ?[([{<] ?(?:at|@) ?[)\]}>] ?/gi, '@')
    .replace(/ ?[([{<] ?(?:dot|\.) ?[)\]}>] ?/gi, '.');
