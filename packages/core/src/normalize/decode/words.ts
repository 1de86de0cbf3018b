import { allWords, isCommonWord, pairScore, wordRank } from './judge.ts';
import { classOf, joined, linesOf } from './decoder.ts';
import type { Decoder, Piece } from './decoder.ts';

const morseLetters: Readonly<Record<string, string>> = Object.fromEntries(
  (
    '.- a|-... b|-.-. c|-.. d|. e|..-. f|--. g|.... h|.. i|.--- j|-.- k|.-.. l|-- m|-. n|--- o|.--. p|--.- q|.-. r|... s|- t|..- u|...- v|.-- w|-..- x|-.-- y|--.. z|' +
    '----- 0|.---- 1|..--- 2|...-- 3|....- 4|..... 5|-.... 6|--... 7|---.. 8|----. 9|.-.-.- .|--..-- ,|..--.. ?|.----. \'|-.-.-- !|-..-. /|-....- -|---... :|-.-.-. ;|-.--. (|-.--.- )|.-..-. "|.--.-. @|-...- =|.-.-. +|..--.- _'
  )
    .split('|')
    .map((each) => each.split(' ') as [string, string]),
);

/** Morse with blanks between letters and `/`, `|`, or wider blanks between words; dots and dashes in any writing. */
const morse: Decoder = {
  name: 'morse',
  decode(text) {
    const pieces: Piece[] = [];
    for (const { 0: run, index } of text.matchAll(/[.\-·•−–—_*][.\-·•−–—_* /|\n\t]{16,}/g)) {
      const signs = run.replace(/[·•*]/g, '.').replace(/[−–—_]/g, '-');
      const words = signs.split(/\s{0,3}[/|]\s{0,3}|\s{2,}|\n/).map((word) => word.split(/\s/).filter(Boolean));
      const codes = words.flat();
      if (codes.length < 4 || codes.filter((code) => morseLetters[code] === undefined).length > codes.length / 10)
        continue;
      const read = words.map((word) => word.map((code) => morseLetters[code] ?? '').join('')).join(' ');
      pieces.push({ text: read, start: index, end: index + run.length });
    }
    return pieces;
  },
};

const spelling = new Map(
  'alpha alfa bravo charlie delta echo foxtrot golf hotel india juliett juliet kilo lima mike november oscar papa quebec romeo sierra tango uniform victor whiskey whisky xray x-ray yankee zulu'
    .split(' ')
    .map((word) => [word, word[0] ?? '']),
);
/** The spelling alphabet: `India Golf November …`. */
const spelled: Decoder = {
  name: 'spelling-alphabet',
  decode(text) {
    const pieces: Piece[] = [];
    if (!/\b(?:november|sierra|tango|romeo|echo|india)\b/i.test(text)) return pieces;
    for (const { text: line, start, end } of linesOf(text)) {
      const tokens = line.toLowerCase().match(/x-ray|[a-z]+|[^a-z\s]+|\n| {2,}/g) ?? [];
      const letters = tokens.filter((token) => spelling.has(token)).length;
      if (letters < 6) continue;
      const read = tokens.map((token) => spelling.get(token) ?? (/^[a-z]/.test(token) ? ` ${token} ` : ' ')).join('');
      pieces.push({ text: read, start, end });
    }
    return pieces;
  },
};

/** Pig Latin: `ignoreway allway eviouspray instructionsway`. */
const pigLatin: Decoder = {
  name: 'pig-latin',
  decode(text) {
    const pieces: Piece[] = [];
    if (!/[a-z]ay\b[^a-z]{1,4}[a-z]{1,20}ay\b/i.test(text)) return pieces;
    for (const { text: line, start, end } of linesOf(text)) {
      const words = line.match(/[a-z']+/gi) ?? [];
      if (words.length < 2 || words.filter((word) => /ay$/i.test(word)).length < words.length * 0.6) continue;
      pieces.push({ text: line.replace(/[a-z']{1,30}ay\b/gi, unpig), start, end });
    }
    return joined(pieces);
  },
};

function unpig(word: string): string {
  const body = word.toLowerCase().slice(0, -2).replaceAll('-', '');
  const readings = [1, 2, 3, 4]
    .filter((moved) => moved < body.length)
    .map((moved) => body.slice(-moved) + body.slice(0, -moved));
  if (/[wyh]$/.test(body)) readings.unshift(body.slice(0, -1));
  readings.push(body);
  const ranked = readings.filter(isCommonWord).toSorted((a, b) => wordRank(a) - wordRank(b));
  return ranked[0] ?? readings[0] ?? word;
}

const sorted = (letters: string): string => Array.from(letters).toSorted().join('');
const skeleton = (word: string): string => word.replace(/[aeiou]/g, '');
/** First and last letter as they are, those between in any order. */
const scramble = (word: string): string => `${word[0] ?? ''}${sorted(word.slice(1, -1))}${word.at(-1) ?? ''}`;

let index:
  | {
      readonly scrambled: Map<string, string>;
      readonly bare: Map<string, string>;
      readonly shuffled: Map<string, string>;
    }
  | undefined;
function tables() {
  if (index) return index;
  const scrambled = new Map<string, string>();
  const bare = new Map<string, string>();
  const shuffled = new Map<string, string>();
  for (const word of allWords()) {
    if (word.length >= 4 && !scrambled.has(scramble(word))) scrambled.set(scramble(word), word);
    if (word.length >= 4 && !shuffled.has(sorted(word))) shuffled.set(sorted(word), word);
    const consonants = skeleton(word);
    if (consonants.length >= 2 && consonants.length < word.length && !bare.has(consonants)) bare.set(consonants, word);
  }
  index = { scrambled, bare, shuffled };
  return index;
}

/** Words whose letters are out of order, or without their vowels, or each written backwards, where the line holds more than one. */
const scrambledWords: Decoder = {
  name: 'scrambled-words',
  decode(text) {
    const pieces: Piece[] = [];
    for (const { text: line, start, end } of linesOf(text)) {
      if (line.length < 10 || isProgram(line) || pairScore(line) > 1) continue;
      const words = line.toLowerCase().match(/[a-z]{3,16}/g) ?? [];
      const unknown = words.filter((word) => !isCommonWord(word));
      if (words.length < 2 || unknown.length < 2 || unknown.length < words.length * 0.35) continue;
      const read = readWords(line, unknown);
      if (read !== undefined) pieces.push({ text: read, start, end });
    }
    return joined(pieces);
  },
};

/** Much of it brackets and the like. */
const isProgram = (line: string): boolean => {
  let marks = 0;
  for (let i = 0; i < line.length; i++) if (programMark[line.charCodeAt(i)] === 1) marks++;
  return marks * 16 > line.length;
};
const programMark = classOf(/[_(){}=;<>[\]"/\\]/);

const readers: readonly ((word: string) => string | undefined)[] = [
  (word) => tables().scrambled.get(scramble(word)),
  (word) => tables().bare.get(word),
  (word) => {
    const back = Array.from(word).toReversed().join('');
    return isCommonWord(back) ? back : undefined;
  },
  (word) => tables().shuffled.get(sorted(word)),
];

function readWords(line: string, unknown: readonly string[]): string | undefined {
  for (const reader of readers) {
    const sample = unknown.slice(0, 10);
    if (sample.filter((word) => reader(word) !== undefined).length < Math.max(2, sample.length * 0.5)) continue;
    return line.replace(/[a-z]{2,16}/gi, (word) => {
      const lower = word.toLowerCase();
      return isCommonWord(lower) && word.length > 3 ? word : (reader(lower) ?? word);
    });
  }
  return undefined;
}

export const wordDecoders: readonly Decoder[] = [morse, spelled, pigLatin, scrambledWords];
