/*
 * Tokens stand for values that a model may not read: `<EMAIL_1>`. What is given out has exactly this form. Models write
 * them otherwise now and then, so they are read leniently: other case, `<EMAIL 1>`, `&lt;EMAIL_1&gt;`, `%3CEMAIL_1%3E`,
 * full-width, `[EMAIL_1]`. Whatever is read as a token here is also what nobody else may write: see `redactor.ts`.
 */

/** The type of tokens that stand for a text which looked like a token when it came in: it restores to itself. */
export const literalType = 'LITERAL';
/** As it is given out. */
export const tokenText = (type: string, number: number): string => `<${type}_${number}>`;
/** What a type may be called: it must not end like a token's number. */
export const typeName = /^[A-Z](?:[A-Z0-9_]{0,38}[A-Z])?$/;

/** A token as it stands in a text. */
export interface FoundToken {
  readonly start: number;
  readonly end: number;
  /** As it was given out, if it was. */
  readonly token: string;
  readonly type: string;
  /** Written for a URL (`%3C…%3E`): so must its value be. */
  readonly inUrl: boolean;
}

/** Of a text that may go on: what begins here may yet become a token. */
export const unfinished = Symbol('unfinished');

type Bracket = 'angle' | 'url' | 'other';
interface Mark {
  readonly text: string;
  readonly bracket: Bracket;
}

const marks = (bracket: Bracket, texts: string): Mark[] => texts.split(' ').map((text) => ({ text, bracket }));
const openers = [
  ...marks('angle', '< &lt; &#60; &#x3c; \\< \\u003c ‹ ⟨ 〈 « ≺'),
  ...marks('url', '%3c'),
  ...marks('other', '[ ( { 【 「'),
];
const closers = [
  ...marks('angle', '> &gt; &#62; &#x3e; \\> \\u003e › ⟩ 〉 » ≻'),
  ...marks('url', '%3e'),
  ...marks('other', '] ) } 】 」'),
];
const byFirst = (list: readonly Mark[]): ReadonlyMap<string, readonly Mark[]> =>
  Map.groupBy(list, ({ text }) => text.charAt(0));
const openersByFirst = byFirst(openers);
const closersByFirst = byFirst(closers);

/** Characters that can be seen: no type has a longer name. And of those that cannot, which somebody put there. */
const longestBody = 64;
const longestToken = 512;
const longestNumber = 6;
/** What shows nothing, so that it cannot hide a token from us and show it to a model. */
const ignorable = /^[\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]$/u;
const isDigit = /^\d$/;
const space = /^[ \u00a0\u2000-\u200a\u3000]$/;
/** A backslash too: `<EMAIL\_1>` is how Markdown is escaped. */
const separator = /^[_\-\\ \u00a0\u2000-\u200a\u3000\u2010-\u2015]$/;
/** Where a token may begin: cheap to look for, and rare. */
const opening = /[<&\\‹⟨〈«≺%[({【「\uff1c\uff08\uff3b\uff5b\uff06\uff05\uff3c]/g;

/** Full-width forms (U+FF01 to U+FF5E) are ASCII as a reader sees it. */
function fold(char: string): string {
  const unit = char.charCodeAt(0);
  return unit >= 0xff01 && unit <= 0xff5e ? String.fromCharCode(unit - 0xfee0) : char;
}

/** Reads tokens of these types. */
export class TokenGrammar {
  readonly types: ReadonlySet<string>;
  /** Beginnings of the types' names, without separators. */
  readonly #beginnings = new Set<string>(['']);
  readonly #byLetters = new Map<string, string>();

  constructor(types: Iterable<string>) {
    this.types = new Set([...types, literalType]);
    for (const type of this.types) {
      const letters = type.replaceAll('_', '');
      this.#byLetters.set(letters, type);
      for (let end = 1; end <= letters.length; end++) this.#beginnings.add(letters.slice(0, end));
    }
  }

  /** Every token in the text, from left to right, however it is written. */
  find(text: string): FoundToken[] {
    const found: FoundToken[] = [];
    for (let from = 0; ;) {
      opening.lastIndex = from;
      const match = opening.exec(text);
      if (!match) return found;
      const reading = this.readAt(text, match.index);
      const isToken = reading !== undefined && reading !== unfinished;
      if (isToken) found.push(reading);
      from = isToken ? reading.end : match.index + 1;
    }
  }

  /** Tokens from left to right, and where the end of the text may yet become one. */
  *readings(text: string): Generator<{ readonly at: number; readonly reading: FoundToken | typeof unfinished }> {
    for (let from = 0; ;) {
      opening.lastIndex = from;
      const match = opening.exec(text);
      if (!match) return;
      const reading = this.readAt(text, match.index);
      if (reading !== undefined) yield { at: match.index, reading };
      from = reading === undefined || reading === unfinished ? match.index + 1 : reading.end;
    }
  }

  /** What begins at `start`. */
  readAt(text: string, start: number): FoundToken | typeof unfinished | undefined {
    const opened = markAt(openersByFirst, text, start);
    if (opened === undefined || opened === unfinished) return opened;
    const strict = opened.bracket === 'other';
    let letters = '';
    let digits = '';
    let separated = false;
    let ended = false;
    let seen = 0;
    for (let at = opened.end; seen <= longestBody && at - start < longestToken; at++) {
      if (at >= text.length) return unfinished;
      const closed = digits === '' ? undefined : markAt(closersByFirst, text, at);
      if (closed === unfinished) return unfinished;
      if (closed !== undefined) {
        return closed.bracket === opened.bracket
          ? this.#token(text, { start, opened, closed, letters, digits })
          : undefined;
      }
      const written = text.charAt(at);
      const char = strict ? written : fold(written);
      if (ignorable.test(written)) continue;
      seen++;
      const whole = this.#byLetters.has(letters.toUpperCase());
      if (isDigit.test(char) && !ended && (separated || whole)) {
        digits += char;
        if (digits.replace(/^0+/, '').length > longestNumber) return undefined;
      } else if (digits !== '') {
        if (strict || !space.test(char)) return undefined;
        ended = true;
      } else if (isSeparator(char, strict)) {
        separated ||= whole;
      } else {
        separated = false;
        letters += char;
        if (!this.#beginnings.has(strict ? letters : letters.toUpperCase())) return undefined;
      }
    }
    return undefined;
  }

  #token(text: string, read: Read): FoundToken | undefined {
    const { start, opened, closed, letters, digits } = read;
    const type = this.#byLetters.get(letters.toUpperCase());
    const number = Number(digits);
    if (type === undefined || number === 0) return undefined;
    const token = tokenText(type, number);
    // In other brackets only what is written as it was given out: `(address 1)` is prose.
    if (opened.bracket === 'other' && text.slice(opened.end, closed.start) !== token.slice(1, -1)) return undefined;
    // A backslash belongs to the token where both ends have one: `C:\<EMAIL_1>` must restore to what it was.
    const escaped = text.charAt(start) === '\\' && text.startsWith('\\<', start);
    const from = escaped && !text.startsWith('\\>', closed.start) ? start + 1 : start;
    return { start: from, end: closed.end, token, type, inUrl: opened.bracket === 'url' };
  }
}

const isSeparator = (char: string, strict: boolean): boolean => (strict ? char === '_' : separator.test(char));

interface Placed {
  readonly bracket: Bracket;
  readonly start: number;
  readonly end: number;
}
interface Read {
  readonly start: number;
  readonly opened: Placed;
  readonly closed: Placed;
  readonly letters: string;
  readonly digits: string;
}

function markAt(
  table: ReadonlyMap<string, readonly Mark[]>,
  text: string,
  start: number,
): Placed | typeof unfinished | undefined {
  const candidates = table.get(fold(text.charAt(start)));
  if (!candidates) return undefined;
  let open = false;
  for (const { text: mark, bracket } of candidates) {
    // That its first character stands there, the table says.
    let alike = 1;
    while (alike < mark.length && fold(text.charAt(start + alike)).toLowerCase() === mark[alike]) alike++;
    if (alike === mark.length) return { bracket, start, end: start + mark.length };
    open ||= start + alike === text.length;
  }
  return open ? unfinished : undefined;
}
