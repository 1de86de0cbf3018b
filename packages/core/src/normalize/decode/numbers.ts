import { looksLikeText } from './judge.ts';
import type { Decoder, Piece } from './decoder.ts';

const utf8 = new TextDecoder('utf-8');
/** Names that stand between character codes in programs. */
const callNames = new Set([
  'chr',
  'char',
  'string',
  'fromcharcode',
  'fromcodepoint',
  'ord',
  'u',
  'x',
  '0x',
  'b',
  '0b',
  'o',
  '0o',
]);

interface NumberRun {
  readonly digits: string[];
  readonly gaps: string[];
  readonly start: number;
  readonly end: number;
}

const isHex = (code: number): boolean => (code >= 48 && code <= 57) || ((code | 32) >= 97 && (code | 32) <= 102);
const isAlphanumeric = (code: number): boolean =>
  (code >= 48 && code <= 57) || ((code | 32) >= 97 && (code | 32) <= 122);

const enough = 6;
/** Whether so many words that may be numbers follow each other: most texts have no such row. */
function mayHoldRun(text: string): boolean {
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    const start = at;
    let isNumber = true;
    for (; at < text.length && isAlphanumeric(text.charCodeAt(at)); at++) {
      if (!isHex(text.charCodeAt(at)) && at !== start + 1) isNumber = false;
    }
    if (at === start) continue;
    if (isNumber && ++count >= enough) return true;
    if (!isNumber && count > 0 && !callNames.has(text.slice(start, at).toLowerCase())) count = 0;
  }
  return false;
}

/** Rows of numbers of at least six, that only blanks, commas, brackets and the like hold apart. */
function* numberRuns(text: string): Generator<NumberRun> {
  let run: NumberRun | undefined;
  let end = 0;
  const close = function* (found: NumberRun | undefined) {
    if (found && found.digits.length >= enough) yield { ...found, end };
  };
  for (let at = 0; at < text.length;) {
    if (!isAlphanumeric(text.charCodeAt(at))) {
      at++;
      continue;
    }
    let stop = at;
    let isNumber = true;
    for (; stop < text.length && isAlphanumeric(text.charCodeAt(stop)); stop++) {
      if (!isHex(text.charCodeAt(stop)) && stop !== at + 1) isNumber = false;
    }
    if (!run && !isNumber) {
      at = stop;
      continue;
    }
    const whole = text.slice(at, stop);
    const digits = isNumber ? /^(?:0[xbo])?([0-9a-f]{1,10})$/i.exec(whole)?.[1] : undefined;
    const gap = text.slice(end, at);
    if (digits === undefined || at - end > 8) {
      if (digits !== undefined || !callNames.has(whole.toLowerCase())) {
        yield* close(run);
        run = undefined;
      }
    }
    if (digits !== undefined) {
      if (run) {
        run.digits.push(digits);
        run.gaps.push(gap);
      } else run = { digits: [digits], gaps: [], start: at, end };
      end = at + whole.length;
    }
    at += whole.length;
    if (digits === undefined && callNames.has(whole.toLowerCase())) end = run ? at : end;
  }
  yield* close(run);
}

const bytes = (digits: readonly string[], base: number): string =>
  utf8.decode(Uint8Array.from(digits, (each) => Number.parseInt(each, base) & 255));
const codes = (digits: readonly string[], base: number): string =>
  digits
    .map((each) => Number.parseInt(each, base))
    .map((code) => (code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '\0'))
    .join('');

/** Every reading that all numbers of a run allow. */
function* readings({ digits, gaps }: NumberRun): Generator<[string, string]> {
  const all = (shape: RegExp) => digits.every((each) => shape.test(each));
  if (all(/^[01]{7,9}$/)) yield ['binary', bytes(digits, 2)];
  if (all(/^[0-9a-f]{2}$/i)) yield ['hex', bytes(digits, 16)];
  if (all(/^00[0-9a-f]{2}$/i)) yield ['hex', codes(digits, 16)];
  if (all(/^[01]?[0-7]{2}$/)) yield ['octal', bytes(digits, 8)];
  if (all(/^\d{2,7}$/))
    yield ['char-codes', digits.every((each) => Number(each) < 256) ? bytes(digits, 10) : codes(digits, 10)];
  if (all(/^(?:[1-9]|1\d|2[0-6])$/)) yield ['letter-numbers', lettersOf(digits, gaps, (each) => 96 + Number(each))];
  if (all(/^[1-5][1-5]$/)) yield ['polybius', lettersOf(digits, gaps, polybius)];
}

/** The five-by-five square without J. */
function polybius(digits: string): number {
  const at = (Number(digits[0]) - 1) * 5 + Number(digits[1]) - 1;
  return 97 + (at >= 9 ? at + 1 : at);
}

/** Letters of one word stand closer than words: a wider gap, or another mark, ends a word. */
function lettersOf(digits: readonly string[], gaps: readonly string[], letter: (digits: string) => number): string {
  const usual = gaps.toSorted((a, b) => a.length - b.length)[gaps.length >> 2] ?? ' ';
  return digits
    .map((each, i) => ((gaps[i - 1] ?? usual) === usual || i === 0 ? '' : ' ') + String.fromCharCode(letter(each)))
    .join('');
}

/** Texts written as numbers: character codes in any base, with or without the call that reads them, places in the alphabet. */
export const numbers: Decoder = {
  name: 'character-codes',
  decode(text) {
    const pieces: Piece[] = [];
    if (!/\d/.test(text) || !mayHoldRun(text)) return pieces;
    for (const run of numberRuns(text)) {
      for (const [, read] of readings(run)) {
        if (looksLikeText(read) && /[\p{L}\p{N}]{2}/u.test(read))
          pieces.push({ text: read, start: run.start, end: run.end });
      }
    }
    return pieces;
  },
};
