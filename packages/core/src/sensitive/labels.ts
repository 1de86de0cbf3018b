import { families, type Family } from './vocabulary.ts';

/** A word or phrase that names a kind of value, where it stands. */
export interface Label {
  readonly start: number;
  readonly end: number;
  readonly families: readonly Family[];
}

/** Words as people and programs write them: `dateOfBirth`, `DOB`, `date_of_birth`; CJK words stand inside longer runs. */
const word = /\p{Lu}{2,40}s?(?!\p{Ll})|\p{Lu}?[\p{Ll}\p{Lo}\p{M}]{1,40}|\p{Lu}/gu;
const asciiWord = /[A-Z]{2,40}s?(?![a-z])|[A-Z]?[a-z]{1,40}|[A-Z]/g;
const unspaced = /[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af\u0e00-\u0e7f]/u;
const accents = /\p{M}/gu;
const firstUnspaced = 0x0e00;
/** Plurals, and the compounds that Germanic and Slavic languages make with "number". */
const endings = /(?:s|nummer|nummern|nr|numret|numer|numero)$/;

const ascii = /^[\0-\x7f]*$/;

const phrases = new Map<string, Family[]>();
const joined = new Map<string, Family[]>();
function remember(map: Map<string, Family[]>, key: string, family: Family): void {
  const known = map.get(key);
  if (!known) map.set(key, [family]);
  else if (!known.includes(family)) known.push(family);
}
/** For the first word of a phrase: how many words the longest one has. */
const longest = new Map<string, number>();
for (const [family, list] of Object.entries(families) as [Family, string][]) {
  for (const phrase of list.split(/\s*,\s*/)) {
    const words = phrase.trim().split(' ').map(plain);
    const key = words.join(' ');
    remember(phrases, key, family);
    // `PASSPORTNUMBER`: environment variables and columns leave the spaces out.
    if (words.length > 1) remember(joined, words.join(''), family);
    const [head = ''] = words;
    longest.set(head, Math.max(longest.get(head) ?? 0, words.length));
  }
}

interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** The words that begin in [from, to): of a slice, so that no search runs on to the text's end. */
function wordsOf(text: string, from: number, to: number): Word[] {
  const words: Word[] = [];
  const part = text.slice(from, to);
  const isAscii = ascii.test(part);
  const pattern = isAscii ? asciiWord : word;
  pattern.lastIndex = 0;
  for (let found = pattern.exec(part); found; found = pattern.exec(part)) {
    const start = from + found.index;
    const [said] = found;
    words.push({ text: isAscii ? said.toLowerCase() : plain(said), start, end: start + said.length });
  }
  return words;
}

function plain(text: string): string {
  const lower = text.toLowerCase();
  return ascii.test(lower)
    ? lower
    : lower
        .normalize('NFD')
        .replace(accents, '')
        .normalize('NFC')
        .replaceAll('ß', 'ss')
        .replaceAll('ł', 'l')
        .replaceAll('ı', 'i')
        .replaceAll('ø', 'o')
        .replaceAll('æ', 'ae');
}

const digits = /\d+/g;
/** Farther from a number than this no word is asked for. */
const reach = 72;

/** The labels round the numbers of a text, in order. */
export function labelsRound(text: string): Label[] {
  const labels: Label[] = [];
  let from = 0;
  let to = -Infinity;
  const read = () => {
    if (to > from) labels.push(...labelsIn(text, from, to));
  };
  digits.lastIndex = 0;
  for (let found = digits.exec(text); found; found = digits.exec(text)) {
    const { index } = found;
    if (index - reach > to) {
      read();
      from = wordStart(text, index - reach, to);
    }
    to = Math.min(text.length, index + found[0].length + reach);
  }
  read();
  return labels;
}

function wordStart(text: string, at: number, floor: number): number {
  let start = Math.max(0, at);
  const limit = Math.max(0, floor, start - 40);
  while (start > limit && /[\p{L}\p{M}]/u.test(text[start - 1] as string)) start--;
  return start;
}

/** The labels in a text, in order. Linear: every word is looked at together with at most a handful of the words after it. */
function labelsIn(text: string, from = 0, to = text.length): Label[] {
  const labels: Label[] = [];
  const words = wordsOf(text, from, to);
  for (let i = 0; i < words.length; i++) {
    const head = words[i] as Word;
    const found = phraseAt(words, i) ?? stemmed(head);
    if (found) {
      labels.push({ start: head.start, end: found.end, families: found.families });
      i += found.words - 1;
    } else if (head.text.charCodeAt(0) >= firstUnspaced && unspaced.test(head.text)) {
      labels.push(...inside(head));
    }
  }
  return labels;
}

interface Found {
  readonly families: readonly Family[];
  readonly words: number;
  readonly end: number;
}

function phraseAt(words: readonly Word[], at: number): Found | undefined {
  const head = words[at] as Word;
  for (let count = Math.min(longest.get(head.text) ?? 0, words.length - at); count > 0; count--) {
    const last = words[at + count - 1] as Word;
    if (last.end - head.start > 60) continue;
    const phrase =
      count === 1
        ? head.text
        : words
            .slice(at, at + count)
            .map(({ text }) => text)
            .join(' ');
    const known = phrases.get(phrase);
    if (known) return { families: known, words: count, end: last.end };
  }
  return undefined;
}

function stemmed({ text, end }: Word): Found | undefined {
  const whole = text.length > 5 ? joined.get(text) : undefined;
  if (whole) return { families: whole, words: 1, end };
  if (text.length < 4 || !'srnto'.includes(text[text.length - 1] as string)) return undefined;
  const stem = text.replace(endings, '');
  const known = stem.length > 2 && stem !== text ? phrases.get(stem) : undefined;
  return known && { families: known, words: 1, end };
}

/** CJK and Thai: the words of a label stand in a run without spaces. */
function inside({ text, start }: Word): Label[] {
  const labels: Label[] = [];
  for (const [phrase, known] of unspacedPhrases) {
    const at = text.indexOf(phrase);
    if (at >= 0) labels.push({ start: start + at, end: start + at + phrase.length, families: known });
  }
  return labels.toSorted((a, b) => a.start - b.start);
}
const unspacedPhrases = [...phrases].filter(([phrase]) => unspaced.test(phrase));

const remembered = new Map<string, ReadonlySet<Family>>();
/** What a key or header names. Remembered, as the same few keys come again and again; the memory is bounded. */
export function familiesOf(name: string): ReadonlySet<Family> {
  const known = remembered.get(name);
  if (known) return known;
  const found = new Set(labelsIn(name).flatMap(({ families: named }) => named));
  if (remembered.size >= 2_000) remembered.clear();
  remembered.set(name, found);
  return found;
}

/** Whether a key or header names a kind of value that is looked for, or one that is not personal. */
export const isLabel = (name: string): boolean => familiesOf(name).size > 0;
