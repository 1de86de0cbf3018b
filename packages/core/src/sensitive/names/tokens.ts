/** What a token is. A word may hold inner hyphens and apostrophes; what holds a digit is a number (`12B`, `SW1A`). */
export const tokenKinds = { word: 1, number: 2, mark: 3, newline: 4 } as const;

/** Tokens of a text as parallel columns: plain objects would cost more than the reading. */
export interface Tokens {
  readonly text: string;
  readonly count: number;
  /** Offsets in UTF-16 code units, end exclusive. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly kinds: Uint8Array;
}

const classes = { other: 1, lower: 2, upper: 3, digit: 4, space: 5, newline: 6, underscore: 7 } as const;

/** Filled as characters are met: classifying by expression each time would cost more than all the rest. */
const known = new Uint8Array(0x1_00_00);

function classOf(code: number): number {
  const found = known[code] ?? classes.other;
  if (found !== 0) return found;
  const character = String.fromCharCode(code);
  let result: number = classes.other;
  if (character === '\n' || character === '\r') result = classes.newline;
  else if (character === '_') result = classes.underscore;
  else if (/\s/u.test(character)) result = classes.space;
  else if (/\p{Nd}/u.test(character)) result = classes.digit;
  else if (/\p{Lu}|\p{Lt}/u.test(character)) result = classes.upper;
  else if (/\p{L}|\p{M}/u.test(character)) result = classes.lower;
  known[code] = result;
  return result;
}

const isLetter = (kind: number) => kind === classes.lower || kind === classes.upper;
const isWordPart = (kind: number) => isLetter(kind) || kind === classes.digit || kind === classes.underscore;

/** `O'Kon` and `Jean-Luc` are one word; the `'s` of `Kate's` is not part of it. */
function joins(text: string, at: number): boolean {
  const character = text[at];
  if (character !== "'" && character !== '’' && character !== '-') return false;
  if (at === 0 || !isLetter(classOf(text.charCodeAt(at - 1))) || !isLetter(classOf(text.charCodeAt(at + 1) || 0)))
    return false;
  if (character === '-') return true;
  const next = text[at + 1];
  return !(next === 's' && !isWordPart(classOf(text.charCodeAt(at + 2) || 0)));
}

/** Reads the text once, left to right. */
export function tokensOf(text: string): Tokens {
  let starts = new Int32Array(256);
  let ends = new Int32Array(256);
  let kinds = new Uint8Array(256);
  let count = 0;
  const add = (start: number, end: number, kind: number) => {
    if (count === starts.length) {
      [starts, ends] = [grown(starts), grown(ends)];
      const more = new Uint8Array(kinds.length * 2);
      more.set(kinds);
      kinds = more;
    }
    starts[count] = start;
    ends[count] = end;
    kinds[count] = kind;
    count++;
  };
  for (let at = 0; at < text.length;) {
    const kind = classOf(text.charCodeAt(at));
    if (kind === classes.space) at++;
    else if (kind === classes.newline) {
      const start = at;
      while (at < text.length && classOf(text.charCodeAt(at)) >= classes.space && text[at] !== '_') at++;
      add(start, at, tokenKinds.newline);
    } else if (isWordPart(kind)) {
      const start = at;
      let digits = false;
      for (; at < text.length; at++) {
        const part = classOf(text.charCodeAt(at));
        if (part === classes.digit) digits = true;
        else if (!isWordPart(part) && !joins(text, at)) break;
      }
      add(start, at, digits ? tokenKinds.number : tokenKinds.word);
    } else add(at, ++at, tokenKinds.mark);
  }
  return { text, count, starts, ends, kinds };
}

function grown(column: Int32Array): Int32Array<ArrayBuffer> {
  const more = new Int32Array(column.length * 2);
  more.set(column);
  return more;
}
