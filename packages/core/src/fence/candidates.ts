import { emailKey, plainAddress, plainKey } from './keys.ts';
import { decodedLeaf, isCoded } from '../sensitive/structure/coded.ts';
import { offsetOf, plainLeaf, stringLeaf } from '../sensitive/structure/leaf.ts';
import { visible } from '../normalize/visible.ts';

/** A stretch of a text that may be an identifier, by its normal form. Offsets in UTF-16 code units. */
export interface Candidate {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

/** Of groups that people write identifiers in: an IBAN of 34 characters has nine. */
const maxRuns = 10;
const maxGap = 3;
const maxLength = 64;

/**
 * All that a segment may hold of identifiers, by their own characters: what a number is called beside it says nothing here.
 * What is encoded (percent, base64) or escaped is read as well. Linear in the text's length.
 */
export function candidatesIn(segment: string): Candidate[] {
  const seen = visible(segment);
  const found = [...plain(seen.text), ...encoded(seen.text), ...escaped(seen.text), ...dressed(seen.text)];
  if (seen.text === segment) return found;
  return found.map(({ key, start, end }) => ({
    key,
    start: seen.toOriginal(start),
    end: seen.toOriginal(end, 'end'),
  }));
}

const plain = (text: string): Candidate[] => [...addresses(text), ...runs(text)];

const localChar = /[\p{L}\p{N}._%+'-]/u;
const domainChar = /[\p{L}\p{N}.-]/u;

/** Each address, also without what stands beside it unparted: `to_bob@x.example.Then` holds `bob@x.example`. */
function addresses(text: string): Candidate[] {
  const found: Candidate[] = [];
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    let start = at;
    while (start > 0 && at - start < maxLength && localChar.test(text.charAt(start - 1))) start--;
    let end = at + 1;
    while (end < text.length && end - at < 255 && domainChar.test(text.charAt(end))) end++;
    const ends = endsOf(text, at, end);
    for (const from of startsOf(text, start, at)) {
      for (const to of ends) found.push({ key: emailKey(text.slice(from, to)), start: from, end: to });
    }
  }
  return found;
}

function startsOf(text: string, start: number, at: number): number[] {
  const starts = start < at ? [start] : [];
  for (let index = start; index < at - 1 && starts.length < 6; index++) {
    if (/[._%+'-]/.test(text.charAt(index))) starts.push(index + 1);
  }
  return starts;
}

function endsOf(text: string, at: number, end: number): number[] {
  const ends: number[] = [];
  for (let index = at + 2; index <= end && ends.length < 6; index++) {
    if (index === end || /[.-]/.test(text.charAt(index))) ends.push(index);
  }
  return ends;
}

interface Run {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Runs of letters and digits, and those that stand close together, as groups of a number do. */
function runs(text: string): Candidate[] {
  const all = Array.from(text.matchAll(/[\p{L}\p{N}]+/gu), ({ 0: run, index }): Run => {
    return { text: run, start: index, end: index + run.length };
  });
  const found: Candidate[] = [];
  for (const [index, first] of all.entries()) {
    let joined = '';
    let parted = false;
    let end = first.start;
    for (const next of all.slice(index, index + maxRuns)) {
      const gap = text.slice(end, next.start);
      if (gap.length > maxGap || joined.length + next.text.length > maxLength) break;
      parted ||= /\s/.test(gap);
      joined += next.text;
      ({ end } = next);
      if (parted && !/\p{N}/u.test(joined)) continue;
      for (const form of formsOf(joined, text.charAt(first.start - 1) === '+')) {
        const key = plainKey(form);
        if (key !== undefined) found.push({ key, start: first.start, end });
      }
    }
  }
  return found;
}

/** Of a phone number also without trunk zeros, and without the code of its country, which has one to three digits. */
function formsOf(joined: string, international: boolean): string[] {
  const forms = [joined];
  if (!/^\d+$/.test(joined)) return forms;
  const bare = joined.replace(/^0+/, '');
  if (bare !== joined) forms.push(bare);
  if (international || joined.startsWith('00')) forms.push(bare.slice(1), bare.slice(2), bare.slice(3));
  return forms;
}

function encoded(text: string): Candidate[] {
  const found: Candidate[] = [];
  const whole = (inner: string, start: number, end: number) => {
    for (const { key } of plain(visible(inner).text)) found.push({ key, start, end });
  };
  if (text.includes('%')) {
    for (const { 0: word, index } of text.matchAll(/\S+/g)) {
      const decoded = /%[0-9a-f]{2}/i.test(word) ? fromPercent(word) : undefined;
      if (decoded !== undefined) whole(decoded, index, index + word.length);
    }
  }
  for (const { 0: word, index } of text.matchAll(/[A-Za-z0-9+/_-]{8,}={0,2}/g)) {
    const decoded = looksEncoded.test(word) ? fromBase64(word) : undefined;
    if (decoded !== undefined) whole(decoded, index, index + word.length);
  }
  return found;
}

/** Words are of one case, but for their first letter. */
const looksEncoded = /.[A-Z]|\d/;

function fromPercent(word: string): string | undefined {
  try {
    return decodeURIComponent(word.replaceAll('+', ' '));
  } catch {
    // Bytes that are no UTF-8: what is ASCII among them is read all the same.
    return word.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Undefined where it is no text: almost every word has the letters of base64. */
function fromBase64(word: string): string | undefined {
  try {
    const binary = atob(word.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, ''));
    const text = utf8.decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)));
    return /^[\P{C}\s]*$/u.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

/** As JSON, code, Markdown and HTML may write a character: `bob\u0040x.example`, `bob&#64;x.example`. */
function escaped(text: string): Candidate[] {
  const readings = [];
  if (text.includes('\\')) readings.push(stringLeaf(text, 0, text.length, []));
  if (isCoded(text)) readings.push(decodedLeaf(plainLeaf(text, 0, text.length, [])));
  return readings.flatMap((leaf) => {
    const seen = visible(leaf.text);
    return plain(seen.text).map(({ key, start, end }) => ({
      key,
      start: offsetOf(leaf, seen.toOriginal(start), 'start'),
      end: offsetOf(leaf, seen.toOriginal(end, 'end'), 'end'),
    }));
  });
}

/** Addresses with `(at)`: rare, so that the whole segment is the place. */
function dressed(text: string): Candidate[] {
  if (!/[([{<] ?(?:at|@|dot) ?[)\]}>]/i.test(text)) return [];
  const start = text.length - text.trimStart().length;
  const end = text.trimEnd().length;
  return addresses(plainAddress(text)).map(({ key }) => ({ key, start, end }));
}
