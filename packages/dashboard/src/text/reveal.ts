/**
 * Agent content is hostile text. Characters that cannot be seen, or that reorder what can, are how an instruction hides
 * from the person who reads the log: format and control characters (Unicode general categories Cc, Cf, Zl, Zp, Cs),
 * default-ignorable code points, bidi controls, and the tag block that spells ASCII invisibly.
 */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  /** `label` says what stood there; `meaning` names it in words; `length` is its own, in UTF-16 units. */
  | { readonly kind: 'mark'; readonly label: string; readonly meaning: string; readonly length: number };

// Newline and tab lay out text honestly, so they stay.
const hidden =
  /[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Cc}\p{Zl}\p{Zp}\p{Cs}\uFFF9-\uFFFB\u2800](?<![\n\t])/u;
const hiddenRun = new RegExp(`(?:${hidden.source})+`, 'gu');

const names: Readonly<Record<number, string>> = {
  0x00: 'null',
  0x07: 'bell',
  0x08: 'backspace',
  0x0d: 'carriage return',
  0x1b: 'escape',
  0x7f: 'delete',
  0xad: 'soft hyphen',
  0x61c: 'Arabic letter mark',
  0x200b: 'zero-width space',
  0x200c: 'zero-width non-joiner',
  0x200d: 'zero-width joiner',
  0x200e: 'left-to-right mark',
  0x200f: 'right-to-left mark',
  0x2028: 'line separator',
  0x2029: 'paragraph separator',
  0x202a: 'left-to-right embedding',
  0x202b: 'right-to-left embedding',
  0x202c: 'end of embedding',
  0x202d: 'left-to-right override',
  0x202e: 'right-to-left override',
  0x2060: 'word joiner',
  0x2066: 'left-to-right isolate',
  0x2067: 'right-to-left isolate',
  0x2068: 'first strong isolate',
  0x2069: 'end of isolate',
  0xfeff: 'byte order mark',
};

const notation = (code: number): string => `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
const isTag = (code: number): boolean => code >= 0xe0020 && code <= 0xe007e;
const isVariation = (code: number): boolean => code === 0xfe0e || code === 0xfe0f;
const isJoiner = (code: number): boolean => code === 0x200d;
const pictograph = /\p{Extended_Pictographic}[\u{1F3FB}-\u{1F3FF}]?$/u;

/** Splits text into what may be shown as it is and marks for what could not be seen. Linear in the length of the text. */
export function reveal(text: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const run of text.matchAll(hiddenRun)) {
    const before = text.slice(from, run.index);
    const end = run.index + run[0].length;
    // One variation selector or joiner inside an emoji is how emoji are spelt; two or more carry data.
    if (isPartOfEmoji(run[0], before, text.slice(end, end + 2))) continue;
    if (before !== '') pieces.push({ kind: 'text', text: before });
    for (const mark of marksOf(run[0])) pieces.push(mark);
    from = end;
  }
  if (from < text.length) pieces.push({ kind: 'text', text: text.slice(from) });
  return pieces;
}

/** The same as plain text, for titles, labels and places where no element can stand. */
export const revealText = (text: string): string =>
  reveal(text)
    .map((piece) => (piece.kind === 'text' ? piece.text : `⟨${piece.label}⟩`))
    .join('');

function isPartOfEmoji(run: string, before: string, after: string): boolean {
  const codes = Array.from(run, (character) => character.codePointAt(0) ?? 0);
  const [first = 0, second] = codes;
  if (!pictograph.test(before.slice(-4))) return false;
  if (codes.length === 1 && isVariation(first)) return true;
  const joins =
    codes.length === 1 ? isJoiner(first) : codes.length === 2 && isVariation(first) && isJoiner(second ?? 0);
  return joins && /^\p{Extended_Pictographic}/u.test(after);
}

const lengthOf = (codes: readonly number[]): number => codes.reduce((sum, code) => sum + (code > 0xffff ? 2 : 1), 0);

function* marksOf(run: string): Generator<Piece> {
  const codes = Array.from(run, (character) => character.codePointAt(0) ?? 0);
  for (let at = 0; at < codes.length;) {
    const code = codes[at] ?? 0;
    let end = at + 1;
    if (isTag(code)) {
      while (end < codes.length && isTag(codes[end] ?? 0)) end++;
      const spelt = String.fromCodePoint(...codes.slice(at, Math.min(end, at + 2000)).map((tag) => tag - 0xe0000));
      const meaning = 'text spelt in invisible tag characters';
      yield { kind: 'mark', label: `hidden: ${spelt}`, meaning, length: lengthOf(codes.slice(at, end)) };
    } else {
      while (end < codes.length && codes[end] === code) end++;
      const times = end - at > 1 ? ` ×${end - at}` : '';
      const meaning = names[code] ?? 'invisible character';
      yield { kind: 'mark', label: `${notation(code)}${times}`, meaning, length: lengthOf(codes.slice(at, end)) };
    }
    at = end;
  }
}
