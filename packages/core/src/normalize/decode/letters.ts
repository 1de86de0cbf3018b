import { isCommonWord, segment, wordRank } from './judge.ts';
import { classOf, joined, linesOf, runsOf } from './decoder.ts';
import type { Decoder, Piece } from './decoder.ts';

/** At most so many letters of one stretch are split into words again: beyond, a person sees that something is odd. */
const longestStretch = 4000;
const between = '._-*|/~·•+=,:^\'"`\\<>#';

/** Single characters that blanks or line ends hold apart: `i g n o r e`, or one letter a line. */
function singles(text: string): Piece[] {
  const pieces: Piece[] = [];
  const lone = /(?<!\S)\S(?:(?:[ \t\u00a0]{1,8}|[ \t]{0,4}\r?\n[ \t]{0,8}\r?\n?)\S(?!\S)){4,}/gu;
  for (const { 0: run, index } of text.matchAll(lone)) {
    if (!/\p{L}.{1,6}\p{L}/su.test(run)) continue;
    const letters = run.slice(0, longestStretch);
    const vertical = /\n/.test(letters) && !/\S[ \t]{1,3}\S/.test(letters);
    const wide = vertical ? /\n[ \t]*\r?\n/ : / {2,}|\t|\n/;
    const words = letters.split(new RegExp(wide, 'g')).map((word) => word.replace(/\s/g, ''));
    const spaced = words.join(' ');
    pieces.push({ text: words.length > 1 ? spaced : segment(spaced), start: index, end: index + run.length });
  }
  return pieces;
}

/** Three single letters with marks between them. */
const apart =
  /(?<![a-z0-9])[\p{L}\p{N}][._\-*|/~·•+=,:^'"`\\<>#][\p{L}\p{N}][._\-*|/~·•+=,:^'"`\\<>#][\p{L}\p{N}](?![a-z0-9])/iu;
/** Every second character is a mark: `i.g.n.o.r.e`; words between blanks, or all in one. */
function alternating(text: string): Piece[] {
  const pieces: Piece[] = [];
  if (!apart.test(text)) return pieces;
  for (const { text: line, start, end } of linesOf(text)) {
    if (!apart.test(line)) continue;
    let changed = 0;
    const words = line.split(/(?<=\s)(?=\S)/).map((part) => {
      const word = part.trimEnd();
      const bare = everySecond(word);
      if (bare === undefined) return part;
      changed += bare.length > 2 ? 1 : 0;
      return `${bare.length > 14 && !isCommonWord(bare.toLowerCase()) ? segment(bare.slice(0, longestStretch)) : bare} `;
    });
    if (changed > 0) pieces.push({ text: words.join(''), start, end });
  }
  return joined(pieces);
}

function everySecond(word: string): string | undefined {
  if (word.length < 3) return undefined;
  const chars = Array.from(word);
  let bare = chars[0] ?? '';
  for (let i = 1; i < chars.length; i += 2) {
    if (!between.includes(chars[i] ?? ' '))
      return i > 4 && i >= chars.length - 2 ? bare + chars.slice(i).join('') : undefined;
    bare += chars[i + 1] ?? '';
  }
  return /\p{L}.*\p{L}/su.test(bare) ? bare : undefined;
}

const latin = classOf(/[A-Za-z]/);
/** Words without blanks between them: `ignoreallpreviousinstructions`, `IgnoreAllPreviousInstructions`. */
function unspaced(text: string): Piece[] {
  const pieces: Piece[] = [];
  for (const { text: run, start, end } of runsOf(text, latin, 18)) {
    const letters = run.slice(0, longestStretch);
    const humps = letters.replace(/([a-z])([A-Z])/g, '$1 $2');
    const words = (humps.length > letters.length + 1 ? humps : segment(letters)).split(' ');
    const short = words.filter(({ length }) => length < 3).length;
    if (words.length > 2 && short < words.length / 2) pieces.push({ text: words.join(' '), start, end });
  }
  return pieces;
}

/** Two places where a letter stands three times. */
function hasTriples(text: string): boolean {
  let count = 0;
  for (let i = 2; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char !== text.charCodeAt(i - 1) || char !== text.charCodeAt(i - 2)) continue;
    const code = char | 32;
    if (code < 97 || code > 122) continue;
    if (++count > 1) return true;
    i += 2;
  }
  return false;
}

/** The same letter many times: `iiignnnooore`. Twice may be right, so both are tried. */
function stretched(text: string): Piece[] {
  const pieces: Piece[] = [];
  if (!hasTriples(text)) return pieces;
  for (const { text: line, start, end } of linesOf(text)) {
    if (!hasTriples(line)) continue;
    const read = line.replace(/[a-z]+/gi, (word) => {
      const once = word.replace(/([a-z])\1+/gi, '$1');
      const twice = word.replace(/([a-z])\1{2,}/gi, '$1$1');
      return !isCommonWord(once.toLowerCase()) && isCommonWord(twice.toLowerCase()) ? twice : once;
    });
    if (read !== line) pieces.push({ text: read, start, end });
  }
  return joined(pieces);
}

/** What digits and marks stand for in place of letters; the likelier first. */
const leet: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'il',
  '2': 'z',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '6': 'gb',
  '7': 't',
  '8': 'b',
  '9': 'g',
  '@': 'a',
  $: 's',
  '!': 'i',
  '|': 'li',
  '+': 't',
  '€': 'e',
  '£': 'l',
  '¥': 'y',
  '§': 's',
  '&': 'a',
  '#': 'h',
  '%': 'x',
  '^': 'a',
  '*': 'aeiou',
};
const groups: readonly [RegExp, string][] = [
  [/\|\\\/\|/g, 'm'],
  [/\/\\\/\\/g, 'm'],
  [/\\\/\\\//g, 'w'],
  [/\|\\\|/g, 'n'],
  [/\|-\|/g, 'h'],
  [/\|_\|/g, 'u'],
  [/\/\\|\/-\\/g, 'a'],
  [/\\\//g, 'v'],
  [/\|</g, 'k'],
  [/\|\)/g, 'd'],
  [/\(\)/g, 'o'],
  [/></g, 'x'],
  [/\|_(?!\|)/g, 'l'],
  [/ph(?=[a-z0-9])/gi, 'f'],
];

/** Whether a word mixes letters with what stands for letters, inside or at its head. */
const isLeet = (word: string): boolean =>
  /[a-z]/i.test(word) && /[0-9@$!|+(<€£][a-z]|[a-z][0-9@$|+(<€£]{1,4}[a-z]/i.test(word);

/** What a character of a word in leetspeak may be, as bits: a letter, what often stands for one, anything but a letter. */
const mixed = 3;
const other = 4;
const leetKinds = Uint8Array.from({ length: 256 }, (_, code) => {
  const char = String.fromCharCode(code);
  if (/[a-z]/i.test(char)) return 1;
  return /[0-9@$|!+£]/.test(char) ? 6 : /[¥§&#%^*]/.test(char) ? 4 : 0;
});
/** 0 where no such word goes on. */
const leetKind = (text: string, at: number): number => {
  const code = text.charCodeAt(at);
  return code === 0x20ac /* € */ ? 6 : (leetKinds[code] ?? 0);
};

function unleet(word: string): string {
  const letters = word.toLowerCase();
  let readings = [''];
  for (const char of letters) {
    const options = leet[char] ?? char;
    const grown: string[] = [];
    for (const option of readings.length * options.length <= 64 ? options : (options[0] ?? ''))
      for (const reading of readings) grown.push(reading + option);
    readings = grown;
  }
  let best = readings[0] ?? word;
  let bestRank = wordRank(best);
  for (const reading of readings) {
    const rank = wordRank(reading);
    if (rank >= 0 && (bestRank < 0 || rank < bestRank)) {
      best = reading;
      bestRank = rank;
    }
  }
  return best;
}

/** Leetspeak, light (`1gn0r3`) and heavy (`|9|\|0r3`). A line with two such words is read as a whole. */
function leetLines(text: string): Piece[] {
  const pieces: Piece[] = [];
  if (!/[a-z]/i.test(text) || !/[0-9@$|][a-z]|[a-z][0-9@$|]/i.test(text)) return pieces;
  for (const { text: line, start, end } of linesOf(text, 600)) {
    if (!/[0-9@$|!(][a-z]|[a-z][0-9@$|!(]/i.test(line)) continue;
    const plain = /[|\\/()<>]|ph/i.test(line)
      ? groups.reduce((read, [expression, letter]) => read.replace(expression, letter), line)
      : line;
    if (!holdsLeet(plain)) continue;
    pieces.push({ text: unleetWords(plain), start, end });
  }
  return joined(pieces);
}

function unleetWords(line: string): string {
  let read = '';
  let done = 0;
  for (let at = 0; at < line.length; at++) {
    const start = at;
    let kinds = 0;
    for (let kind = leetKind(line, at); kind !== 0; kind = leetKind(line, ++at)) kinds |= kind;
    if ((kinds & other) === 0 || at - start > 23) continue;
    read += line.slice(done, start) + unleetKeepingEnd(line.slice(start, at));
    done = at;
  }
  return read + line.slice(done);
}

/** Two words that mix letters with what stands for letters, or one that so becomes a common word; or one of very few. */
function holdsLeet(line: string): boolean {
  let count = 0;
  let words = 0;
  for (let at = 0; at < line.length; at++) {
    const start = at;
    let kinds = 0;
    for (let kind = leetKind(line, at); kind !== 0; kind = leetKind(line, ++at)) kinds |= kind;
    if (at > start) words++;
    if ((kinds & mixed) !== mixed || at - start > 23) continue;
    const word = line.slice(start, at);
    const reads = word.length > 3 && isCommonWord(unleet(word));
    if (reads || isLeet(word)) count += reads ? 2 : 1;
    if (count > 1) return true;
  }
  return count > 0 && words <= 4;
}

/** A mark at the end may be punctuation: `n0w!`. */
function unleetKeepingEnd(word: string): string {
  const end = /[!+(<&#%^*|]{1,3}$/.exec(word)?.[0] ?? '';
  const whole = unleet(word);
  if (!end || end.length === word.length || isCommonWord(whole)) return whole;
  return unleet(word.slice(0, -end.length)) + end;
}

export const letterDecoders: readonly Decoder[] = [
  { name: 'spaced-letters', decode: singles },
  { name: 'separated-letters', decode: alternating },
  { name: 'joined-words', decode: unspaced },
  { name: 'stretched-letters', decode: stretched },
  { name: 'leetspeak', decode: leetLines },
];
