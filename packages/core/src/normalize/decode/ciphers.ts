import { classOf, joined, linesOf } from './decoder.ts';
import { letterOf, pairBits, pairScore, placesOfLetters } from './judge.ts';
import type { Decoder, Piece } from './decoder.ts';

/** A letter-for-letter cipher: what each of the 26 letters is read as. */
interface Cipher {
  readonly name: string;
  readonly read: Uint8Array;
}
const cipher = (name: string, letters: (letter: number) => number): Cipher => ({
  name,
  read: Uint8Array.from({ length: 27 }, (_, letter) => (letter === 26 ? 26 : letters(letter))),
});
const keyboard = ['qwertyuiop', 'asdfghjkl', 'zxcvbnm'];
const neighbour = (letter: number, by: number): number => {
  const char = String.fromCharCode(97 + letter);
  const row = keyboard.find((each) => each.includes(char)) ?? '';
  return (row[(row.indexOf(char) + by + row.length) % row.length] ?? char).charCodeAt(0) - 97;
};
const ciphers: readonly Cipher[] = [
  cipher('rot13', (letter) => (letter + 13) % 26),
  ...Array.from({ length: 25 }, (_, i) => i + 1)
    .filter((shift) => shift !== 13)
    .map((shift) => cipher('caesar', (letter) => (letter + shift) % 26)),
  cipher('atbash', (letter) => 25 - letter),
  cipher('keyboard', (letter) => neighbour(letter, -1)),
  cipher('keyboard', (letter) => neighbour(letter, 1)),
];

/** Language in Latin letters scores above this, under its right reading. */
const language = 0.55;
const margin = 0.45;
/** So like language that no part of the line can be long and something else. */
const plainly = 1;

const lettersOf = (text: string): Uint8Array => {
  const places = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) places[i] = placesOfLetters[text.charCodeAt(i)] ?? 26;
  return places;
};

function scoreUnder(letters: Uint8Array, { read }: Cipher): number {
  let sum = 0;
  let count = 0;
  let before = 26;
  for (let i = 0; i < letters.length; i++) {
    const letter = read[letters[i] ?? 26] ?? 26;
    if (letter === 26 && before === 26) continue;
    sum += pairBits[before * 27 + letter] ?? 0;
    count++;
    before = letter;
  }
  return count === 0 ? 0 : sum / count;
}

const apply = (text: string, { read }: Cipher): string =>
  text.replace(/[a-z]/gi, (char) => {
    const code = char.charCodeAt(0);
    const base = code < 97 ? 65 : 97;
    return String.fromCharCode(base + (read[code - base] ?? 0));
  });

const reversed = (text: string): string => Array.from(text).toReversed().join('');
const enoughLetters =
  /[a-z][^a-z]{0,4}[a-z][^a-z]{0,4}[a-z][^a-z]{0,4}[a-z][^a-z]{0,4}[a-z][^a-z]{0,4}[a-z][^a-z]{0,4}[a-z][^a-z]{0,4}[a-z]/i;

/** Lines that are language only under a shifted, mirrored or neighbouring alphabet. */
const substitution: Decoder = {
  name: 'shifted-letters',
  decode(text) {
    const pieces: Piece[] = [];
    const labelled: Piece[] = [];
    for (const { text: line, start, end } of linesOf(text, 600)) {
      if (line.length < 8 || !enoughLetters.test(line)) continue;
      const score = pairScore(line);
      if (score > plainly) continue;
      const { part, score: plain } = oddest(line, score);
      if (plain > language) continue;
      const places = lettersOf(part.slice(0, 160));
      let best: Cipher | undefined;
      let bestScore = Math.max(language, plain + margin);
      // Few letters tell which alphabets could be meant; those are then weighed on more.
      const glance = places.subarray(0, 56);
      for (const each of ciphers) {
        if (scoreUnder(glance, each) < language - 0.25) continue;
        const read = scoreUnder(places, each);
        if (read <= bestScore) continue;
        best = each;
        bestScore = read;
      }
      if (!best) continue;
      pieces.push({ text: apply(line, best), start, end });
      // A label before it is no part of the text.
      if (part !== line) labelled.push({ text: apply(part, best), start, end });
    }
    return [...joined(pieces), ...labelled];
  },
};

/** Of a line with quotes, the quoted part that looks least like language: data often wraps a text into a field. */
function oddest(line: string, score: number): { readonly part: string; readonly score: number } {
  let worst = { part: line, score };
  if (line.length < 20 || !/["':]/.test(line)) return worst;
  for (const part of line.split(/["':]/)) {
    if (part.length < 10) continue;
    const own = pairScore(part);
    if (own < worst.score) worst = { part, score: own };
  }
  return worst;
}

const turned = (code: number): number => (code > 32 && code < 127 ? 33 + ((code - 33 + 47) % 94) : code);
const turnedLetters = Uint8Array.from({ length: 128 }, (_, code) => letterOf(turned(code)));

/** ROT47 turns all printable ASCII; what comes out must be language. */
const rot47: Decoder = {
  name: 'rot47',
  decode(text) {
    const pieces: Piece[] = [];
    for (const { text: line, start, end } of linesOf(text, 600)) {
      // Its blanks stay, its letters become marks and digits for the greater part.
      if (line.length < 12 || marksIn(line) < line.length * 0.3) continue;
      const score = pairScore(line, turnedLetters);
      if (score <= language + 0.2 || score <= pairScore(line) + margin) continue;
      const read = line.replace(/[!-~]/g, (char) => String.fromCharCode(turned(char.charCodeAt(0))));
      if (/[a-z]{3}/i.test(read)) pieces.push({ text: read, start, end });
    }
    return joined(pieces);
  },
};

/** Printable ASCII that is no letter and no blank. */
const mark = classOf(/[!-@[-`{-~]/);
function marksIn(line: string): number {
  let count = 0;
  for (let i = 0; i < line.length; i++) if (mark[line.charCodeAt(i)] === 1) count++;
  return count;
}

/** Text written backwards: more like language when read from its end. Scripts that no table knows are read both ways. */
const backwards: Decoder = {
  name: 'reversed',
  decode(text) {
    const pieces: Piece[] = [];
    for (const { text: line, start, end } of linesOf(text, 6000)) {
      if (line.length < 6) continue;
      if (/[\u0370-\ud7ff]{2}/.test(line)) {
        pieces.push({ text: reversed(line), start, end });
        continue;
      }
      if (readsBackwards(line)) pieces.push({ text: reversed(line), start, end });
    }
    return joined(pieces);
  },
};

/** How much likelier a pair of letters is the other way round. */
const turnedBits = pairBits.map((bits, pair) => (pairBits[(pair % 27) * 27 + Math.floor(pair / 27)] ?? 0) - bits);

/** Whether the pairs of letters are likelier from the end. */
function readsBackwards(line: string): boolean {
  let gain = 0;
  let count = 0;
  let before = 26;
  for (let i = 0; i < line.length; i++) {
    const letter = placesOfLetters[line.charCodeAt(i)] ?? 26;
    if (letter === 26 && before === 26) continue;
    gain += turnedBits[before * 27 + letter] ?? 0;
    count++;
    before = letter;
  }
  return count > 3 && gain > count * 0.12;
}

export const cipherDecoders: readonly Decoder[] = [substitution, rot47, backwards];
