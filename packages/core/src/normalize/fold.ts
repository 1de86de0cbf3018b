import { confusables } from './confusables.ts';

/** A text reduced for comparison: lower case, no accents, look-alike letters as Latin ones. */
export interface Folded {
  readonly text: string;
  /** Where each code unit of `text` stood before; absent where nothing moved. */
  readonly offsets?: Uint32Array;
}

const lookAlike = new Map<number, number>();
for (const [latin, letters] of Object.entries(confusables))
  for (const letter of letters) lookAlike.set(letter.codePointAt(0) ?? 0, latin.charCodeAt(0));

const nonAscii = /[^\0-\x7f]/;
/** Marks that letters of Latin, Greek, Cyrillic, Arabic and Hebrew carry; other scripts' marks are letters of their own. */
const isMark = (code: number) =>
  (code >= 0x300 && code <= 0x36f) ||
  (code >= 0x591 && code <= 0x5c7) ||
  (code >= 0x64b && code <= 0x65f) ||
  code === 0x640 ||
  (code >= 0x1ab0 && code <= 0x1aff) ||
  (code >= 0x1dc0 && code <= 0x1dff) ||
  (code >= 0x20d0 && code <= 0x20ff) ||
  (code >= 0xfe20 && code <= 0xfe2f);

const special: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ı: 'i',
  đ: 'd',
  '’': "'",
  '‘': "'",
  '“': '"',
  '”': '"',
};

/** One code point's folded form, without look-alikes. Computed once for each: there are no more than Unicode has. */
const bare = new Map<number, string>();
function bareForm(code: number): string {
  const known = bare.get(code);
  if (known !== undefined) return known;
  const lower = String.fromCodePoint(code).toLowerCase();
  const marked = special[lower] ?? lower.normalize('NFKD');
  const form = Array.from(marked)
    .filter((each) => !isMark(each.codePointAt(0) ?? 0))
    .join('')
    .normalize('NFC')
    // Longer forms (U+FDFA has eighteen letters) do not come out of `visible`.
    .slice(0, 3);
  bare.set(code, form);
  return form;
}

const isLatin = (code: number) => (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
/** A letter of Greek, Cyrillic or Armenian that passes for no Latin one: the word is what it seems to be. */
const isForeign = (code: number) => code >= 0x370 && code <= 0x58f && !lookAlike.has(code) && !isMark(code);

/**
 * Folds a text that is visible already. Look-alikes are read as Latin in a word that holds Latin letters too, or holds
 * nothing but look-alikes; Greek, Cyrillic and Armenian words stay what they are. Linear in time.
 */
export function fold(text: string): Folded {
  if (!nonAscii.test(text)) return { text: text.toLowerCase() };
  const pieces: string[] = [];
  const offsets = new Uint32Array(text.length * 3 + 1);
  let length = 0;
  for (let at = 0; at < text.length;) {
    const end = endOfWord(text, at);
    const latin = end > at && readsAsLatin(text, at, end);
    const until = Math.max(end, at + 1);
    for (let i = at; i < until;) {
      const code = text.codePointAt(i) ?? 0;
      const form = formOf(code, latin);
      for (let j = 0; j < form.length && length < offsets.length; j++) offsets[length++] = i;
      pieces.push(form);
      i += code > 0xffff ? 2 : 1;
      if (i > until) at = i;
    }
    at = Math.max(at, until);
  }
  const folded = pieces.join('');
  offsets[length] = text.length;
  return { text: folded.slice(0, length), offsets: offsets.subarray(0, length + 1) };
}

function formOf(code: number, latin: boolean): string {
  if (code < 0x80) return code >= 65 && code <= 90 ? String.fromCharCode(code + 32) : String.fromCharCode(code);
  if (isMark(code)) return '';
  if (latin || code < 0x370 || code > 0x58f) {
    const read = lookAlike.get(code);
    if (read !== undefined) return String.fromCharCode(read);
  }
  const form = bareForm(code);
  const base = form.codePointAt(0) ?? 0;
  const read = latin && form.length === 1 ? lookAlike.get(base) : undefined;
  return read === undefined ? form : String.fromCharCode(read);
}

const isSpace = (code: number) => code <= 0x20 || code === 0xa0 || code === 0x2028 || code === 0x3000;

function endOfWord(text: string, at: number): number {
  let end = at;
  while (end < text.length && !isSpace(text.charCodeAt(end))) end++;
  return end;
}

function readsAsLatin(text: string, from: number, to: number): boolean {
  let foreign = 0;
  let latin = 0;
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    if (isLatin(code)) latin++;
    else if (code >= 0x370 && isForeign(code)) foreign++;
  }
  return foreign === 0 || latin > foreign;
}
