import type { FieldNames, SensitiveMatch } from '../types.ts';
import type { Assignment } from './assignments.ts';
import { decoded } from './jwt.ts';
import { isLikely, matchOf, nearShapes } from './known.ts';
import type { NameKind } from './names.ts';
import { isOfObject, kindOf, wordsOf } from './names.ts';
import type { Compiled } from './shape.ts';
import { endOf } from './shape.ts';
import { isCode, isPassword, isRandom, isStandIn, isStrong, isUuid, isWordy } from './values.ts';

/** The secret that a value is because of the name it is given to, or undefined. */
export function judged(given: Assignment): SensitiveMatch | undefined {
  const { value, start } = given;
  const ofVendor = vendorShape(given);
  if (ofVendor) return matchOf(ofVendor, start, start + value.length, 'context');
  const kind = kindOf(given.words);
  if (kind === undefined || isStandIn(value) || isCode(value, given.quoted)) return undefined;
  const random = isRandom(value, kind === 'weak' ? 16 : given.said ? 12 : 10);
  const generated = random || isCredentials(value);
  if (kind === 'password') {
    if (given.said ? !random && !isStrong(value) : !isPassword(value, given)) return undefined;
    return { type: 'PASSWORD', start, end: start + value.length, rule: 'named-password', certainty: 'context' };
  }
  if (!generated && !(kind === 'secret' && ((isStrong(value) && !given.said) || isUuid(value)))) return undefined;
  return { type: 'API_KEY', start, end: start + value.length, rule: `named-${kind}`, certainty: 'context' };
}

/** `user:password` in base64, as in `Authorization: Basic` and in Docker's `auth`. */
function isCredentials(value: string): boolean {
  if (!/^[A-Za-z0-9+/]{8,400}={0,2}$/.test(value)) return false;
  return /^[\x21-\x7e]{1,100}:[\x20-\x7e]{3,200}$/.test(decoded(value) ?? '');
}

/** The shape of a vendor whom the name names that the whole value has. */
function vendorShape({ words, value, said }: Assignment): Compiled | undefined {
  if (value.length < 8 || value.length > 2000) return undefined;
  for (let from = 0; from < words.length; from++) {
    let word = '';
    for (let to = from; to < words.length; to++) {
      word += words[to]!;
      for (const shape of shapesNear(word, from === to)) {
        if (endOf(shape, value, 0) !== value.length || !isLikely(shape, value)) continue;
        if (!/\d/.test(value) && isWordy(value)) continue;
        const others = [...words.slice(0, from), ...words.slice(to + 1)];
        if (!isOfObject(others) && (!said || isRandom(value, 14))) return shape;
      }
    }
  }
  return undefined;
}

/** By whole words, and within one word by its first letters where they are enough: `telegrambot`, `githubtoken`. */
function* shapesNear(word: string, isOne: boolean): Iterable<Compiled> {
  yield* nearShapes.get(word) ?? [];
  if (!isOne) return;
  for (let length = Math.min(word.length - 1, 40); length >= 5; length--) {
    yield* nearShapes.get(word.slice(0, length)) ?? [];
  }
}

interface ReadName {
  readonly words: readonly string[];
  readonly kind: NameKind | undefined;
  /** It names no secret, nor a vendor whose secrets are told by their shape: no value under it can be one. */
  readonly isSilent: boolean;
}

const longestRemembered = 80;
const remembered = new Map<string, ReadName>();
/** Remembered, as the same few keys come again and again; the memory is bounded. */
function readName(name: string): ReadName {
  const known = remembered.get(name);
  if (known) return known;
  const words = wordsOf(name);
  const kind = kindOf(words);
  const made = { words, kind, isSilent: kind === undefined && !isNearShapes(words) };
  if (name.length > longestRemembered) return made;
  if (remembered.size >= 2_000) remembered.clear();
  remembered.set(name, made);
  return made;
}

function isNearShapes(words: readonly string[]): boolean {
  for (let from = 0; from < words.length; from++) {
    let word = '';
    for (let to = from; to < words.length; to++) {
      word += words[to]!;
      for (const _ of shapesNear(word, from === to)) return true;
    }
  }
  return false;
}

/** Says nothing of what it holds; the name outside it does, as in what infrastructure tools put out. */
const emptyName = /^(?:value|val|plaintext)$/i;

/** What a whole text is, under the JSON key or column that it stands in. */
export function judgedField(text: string, names: FieldNames): SensitiveMatch | undefined {
  const field = emptyName.test(names.at(-1) ?? '') ? names.slice(0, -1) : names;
  const name = field.at(-1);
  if (name === undefined || text.length > 2000) return undefined;
  const own = readName(name);
  if (own.isSilent) return undefined;
  // A line of a configuration file is a field too, and its value still has its closing quote.
  const value = text.trim().replace(/^@?["'`]|["'`][;,)]{0,2}$/g, '');
  if (value === '' || /[\r\n]/.test(value)) return undefined;
  const words = own.kind === undefined ? own.words : field.slice(-2).flatMap(wordsOf);
  return judged({ value, start: text.indexOf(value), quoted: true, assigned: false, said: false, words });
}
