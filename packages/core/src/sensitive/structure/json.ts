import type { FieldNames } from '../types.ts';
import { named, plainLeaf, stringLeaf, type Leaf } from './leaf.ts';

interface Frame {
  readonly object: boolean;
  readonly names: FieldNames;
  key: string | undefined;
}

export interface JsonRegion {
  readonly end: number;
  readonly leaves: readonly Leaf[];
}

const longestSingleQuoted = 4_096;
const blank = /[\s]*/y;
const bare = /[-+\w.$]{1,64}/y;
const colon = /[ \t]{0,8}:/y;

/**
 * Reads JSON, or an object as JavaScript, Python and YAML print it, from the bracket at `start`. Reads as far as it goes:
 * what is cut off or broken keeps the values that stand before the break, and nothing is read twice.
 *
 * @returns nothing where there is only a bracket in prose; `end` says in any case how far it was read.
 */
export function readJson(text: string, start: number, limit: number, field: FieldNames): JsonRegion {
  const leaves: Leaf[] = [];
  const stack: Frame[] = [];
  let keyed = false;
  let strings = false;
  let at = start;
  while (at < limit) {
    blank.lastIndex = at;
    blank.exec(text);
    at = blank.lastIndex;
    const frame = stack.at(-1);
    const char = text[at];
    if (char === '{' || char === '[') {
      stack.push({ object: char === '{', names: frame ? namesIn(frame) : field, key: undefined });
      at++;
    } else if (char === '}' || char === ']') {
      stack.pop();
      at++;
      if (stack.length === 0) return { end: at, leaves: keyed || strings ? leaves : [] };
    } else if (char === ',' && frame) {
      frame.key = undefined;
      at++;
    } else {
      const token = frame && tokenAt(text, at, limit);
      if (!token) break;
      at = token.next;
      if (frame.object && frame.key === undefined) {
        colon.lastIndex = token.next;
        if (!colon.test(text)) break;
        at = colon.lastIndex;
        // Many writers escape whatever is no ASCII: `"\u96fb\u8a71"` is a telephone's name.
        const key = valueLeaf(text, token, field);
        frame.key = key.text;
        // A member name can be a person's address or number itself.
        if (/[@\d]/.test(key.text)) leaves.push(key);
      } else {
        strings ||= token.quoted;
        keyed ||= frame.object || namesIn(frame) !== field;
        leaves.push(valueLeaf(text, token, namesIn(frame)));
      }
    }
  }
  return { end: Math.max(at, start + 1), leaves: keyed ? leaves : [] };
}

const valueLeaf = (text: string, { from, to, quoted }: Token, names: FieldNames): Leaf =>
  quoted ? stringLeaf(text, from, to, names) : plainLeaf(text, from, to, names);

const namesIn = ({ names, key }: Frame): FieldNames => (key === undefined ? names : named(names, key));

interface Token {
  readonly from: number;
  readonly to: number;
  readonly next: number;
  readonly quoted: boolean;
}

function tokenAt(text: string, at: number, limit: number): Token | undefined {
  const quote = text[at];
  if (quote === '"' || quote === "'") {
    let close = at;
    do {
      close = text.indexOf(quote, close + 1);
      if (close === -1 || close >= limit) {
        // An apostrophe in prose is no quote; text that was cut off inside a JSON string still is that string.
        return quote === '"' ? { from: at + 1, to: limit, next: limit, quoted: true } : undefined;
      }
      if (quote === "'" && close - at > longestSingleQuoted) return undefined;
    } while (escaped(text, close));
    return { from: at + 1, to: close, next: close + 1, quoted: true };
  }
  bare.lastIndex = at;
  if (!bare.test(text)) return undefined;
  return { from: at, to: Math.min(bare.lastIndex, limit), next: Math.min(bare.lastIndex, limit), quoted: false };
}

function escaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++;
  return backslashes % 2 === 1;
}
