import { isKeyQualifier, wordsOf } from './names.ts';

/** A value and the name that it is given to, in whatever notation. */
export interface Assignment {
  readonly words: readonly string[];
  readonly value: string;
  readonly start: number;
  readonly quoted: boolean;
  /** Given with `=`, a call or a flag, and not with a colon, as texts for people are. */
  readonly assigned: boolean;
  /** Said in a sentence: only what is surely generated counts. */
  readonly said: boolean;
}

/**
 * From the end of a name to the value, sticky: brackets and quotes that close the name, up to two words (`string`, `is`
 * a Go or Java type), then the sign. Every run is bounded, so the work at one place is.
 */
const separator =
  /(?:\[\w{0,20}\])?\\?["'`]?[\])]?(?:(?:[ \t]{1,3}[\w.-]{1,20}){0,2}\s{0,8}(:{1,3}=|[!=]={1,2}|[?.+|]?=>?|->|:(?!:|\/\/)|\|\||>)|,?\s{1,20}["']?value["']?\s{0,3}[:=]|\s{0,3}(,)|[ \t]{1,3}(?:is|was|to)(?=[ \t:])[ \t]{0,3}(:?)|(\()|([ \t]{1,4}))\s{0,12}/y;
const opening = /(?:[@$]|[rbufL]{1,2}(?=["'`]))?(\\?["'`])?/y;
const bare = /[^\s"'`]{1,400}/y;
const scheme = /(?:Bearer|Basic|Token|Bot|ApiKey|Api-Key|SSWS|Key|JWT|OAuth)[ \t]{1,3}/iy;

function inName(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || nameMarks.has(code);
}

/** `$`, `-`, `.`, `_` */
const nameMarks = new Set([36, 45, 46, 95]);

/** Where the name around `index` begins. */
function nameStart(text: string, index: number): number {
  let start = index;
  while (start > 0 && index - start < 60 && inName(text, start - 1)) start--;
  return start;
}

/** Where the name around `index` ends. */
export function nameEnd(text: string, index: number): number {
  let end = index;
  while (end < text.length && end - index < 60 && inName(text, end)) end++;
  return end;
}

/** `API` of `API key`: a word of its own before the name that says what kind of key or token it is. */
function qualifierBefore(text: string, start: number): string[] {
  const word = /([A-Za-z]{2,20})[ \t]$/.exec(text.slice(Math.max(0, start - 21), start))?.[1]?.toLowerCase();
  return word !== undefined && isKeyQualifier(word) ? [word] : [];
}

function sticky(pattern: RegExp, text: string, index: number): RegExpExecArray | null {
  pattern.lastIndex = index;
  return pattern.exec(text);
}

/** The value given to the name that holds the word at `from`–`to`, and where the sign that gives it stands. */
export function assignmentAt(text: string, from: number, to: number): (Assignment & { sign: number }) | undefined {
  const [start, end] = [nameStart(text, from), nameEnd(text, to)];
  const between = sticky(separator, text, end);
  if (!between) return undefined;
  const sign = end + between[0].length;
  const [, operator, comma, said, paren, space] = between;
  const name = text.slice(start, end);
  const before = text[start - 1] ?? '';
  if (operator === '>' && before !== '<') return undefined;
  // `set("password", "…")`, and not a list of names.
  if (comma !== undefined && !/\(\s{0,3}["'`]$/.test(text.slice(Math.max(0, start - 5), start))) return undefined;
  const flag = name.startsWith('-');
  const found = valueAt(text, sign, before);
  if (!found) return undefined;
  if ((comma ?? paren) !== undefined && !found.quoted) return undefined;
  const login =
    space !== undefined && /\blogin\s{1,4}\S{1,60}\s{1,4}$/.test(text.slice(Math.max(0, start - 80), start));
  if (space !== undefined && !found.quoted && !flag && !login) return undefined;
  const spoken = said !== undefined || (operator === ':' && /[ \t]/.test(text.slice(end, sign).trimEnd()));
  const label = operator === undefined ? name : name + ' ' + between[0];
  return {
    ...found,
    words: [...qualifierBefore(text, start), ...wordsOf(label)],
    assigned: operator !== ':' && !spoken,
    said: spoken && !found.quoted,
    sign,
  };
}

/** The value that begins at `index`: to its closing quote, or to where a bare word ends. */
function valueAt(
  text: string,
  index: number,
  before: string,
): Pick<Assignment, 'value' | 'start' | 'quoted'> | undefined {
  const open = sticky(opening, text, index);
  const quote = open?.[1];
  let start = index + (open?.[0].length ?? 0);
  start += sticky(scheme, text, start)?.[0].length ?? 0;
  if (quote !== undefined) {
    const end = closing(text, start, quote);
    if (end > start) return { value: text.slice(start, end), start, quoted: true };
    if (end === start) return undefined;
  }
  const word = sticky(bare, text, start)?.[0];
  // What goes on longer is a blob or an attempt to make the pass slow.
  if (word === undefined || word.length === 400 || word.endsWith('...')) return undefined;
  const value = trimmed(word, before);
  return value === '' ? undefined : { value, start, quoted: false };
}

/** Where the quote closes, on the same line and within 1,000 characters; -1 where it does not. */
function closing(text: string, start: number, quote: string): number {
  const limit = Math.min(text.length, start + 1000);
  for (let i = start; i < limit; i++) {
    if (text.startsWith(quote, i)) return i;
    if (text[i] === '\n') return -1;
    if (text[i] === '\\' && quote.length === 1) i++;
  }
  return -1;
}

/** A bare value without what belongs to the notation around it. */
function trimmed(word: string, before: string): string {
  const cut = word.slice(1).search(/\\[nrt"]|</);
  let end = cut < 0 ? word.length : cut + 1;
  const next = /[,;&][A-Za-z_][\w.-]{0,40}[=:]/.exec(word.slice(0, end));
  if (next && (next[0][0] !== '&' || /[?&]/.test(before))) end = Math.min(end, next.index);
  return word.slice(0, end).replace(/[,;:)\]}>."'`]{1,8}$/, (tail) => balanced(word.slice(0, end), tail));
}

/** Closing brackets stay where the value opened them. */
function balanced(value: string, tail: string): string {
  let kept = '';
  for (const character of tail) {
    const open = { ')': '(', ']': '[', '}': '{' }[character];
    if (open === undefined || !value.includes(open)) break;
    kept += character;
  }
  return kept;
}

const compared = /(["'`])([^"'`\n]{4,200})\1\s{0,3}[!=]={1,2}\s{0,3}\(?$/;

/** `"value" == password`: the value that stands before the name. */
export function comparedBefore(text: string, from: number): Assignment | undefined {
  const start = nameStart(text, from);
  if (!/=\s{0,3}\(?$/.test(text.slice(Math.max(0, start - 5), start))) return undefined;
  const found = compared.exec(text.slice(Math.max(0, start - 220), start));
  if (!found) return undefined;
  const words = wordsOf(text.slice(start, nameEnd(text, from)));
  const at = Math.max(0, start - 220) + found.index + 1;
  return { words, value: found[2]!, start: at, quoted: true, assigned: true, said: false };
}
