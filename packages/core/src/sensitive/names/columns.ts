import type { FieldNames } from '../types.ts';
import { holds, holdsOf, type Holds } from './fields.ts';
import { tokenKinds, type Tokens } from './tokens.ts';

const longestValue = 40;

/** For each token what the field it stands in holds: the caller's field, a key on the same line, or a column's header. */
export function fieldsOf(tokens: Tokens, field: FieldNames): Int32Array {
  const fields = new Int32Array(tokens.count).fill(holdsOf(field));
  keyed(tokens, fields);
  tabled(tokens, fields);
  inserted(tokens, fields);
  return fields;
}

const markAt = ({ text, starts, kinds }: Tokens, token: number): string =>
  kinds[token] === tokenKinds.mark ? (text[starts[token] ?? 0] ?? '') : '';
const isQuote = (mark: string) => mark === '"' || mark === "'";

/** The key that ends before `token`: a word, or two or three where nothing else stands before them on the line. */
function keyBefore(tokens: Tokens, token: number): string {
  const { text, starts, ends, kinds } = tokens;
  let last = token - 1;
  if (isQuote(markAt(tokens, last)) || markAt(tokens, last) === '*') last--;
  if (markAt(tokens, last) === '*') last--;
  if (kinds[last] !== tokenKinds.word) return '';
  let first = last;
  while (last - first < 2 && first > 0 && kinds[first - 1] === tokenKinds.word) first--;
  return text.slice(starts[first], ends[last]);
}

/** `key: value`, `key=value`, `"key":"value"`, up to the quote, line or separator that ends the value. */
function keyed(tokens: Tokens, fields: Int32Array): void {
  const { kinds, count } = tokens;
  let value: Holds = holds.nothing;
  let until = 0;
  let quote = '';
  let begun = false;
  for (let token = 0; token < count; token++) {
    const mark = markAt(tokens, token);
    if (mark === ':' || mark === '=') {
      const key = keyBefore(tokens, token);
      if (key !== '') {
        value = holdsOf([key]);
        if (value === holds.unknown && key.includes(' ')) value = holdsOf([key.slice(key.lastIndexOf(' ') + 1)]);
        until = token + longestValue;
        quote = '';
        begun = false;
        continue;
      }
    }
    if (value === holds.nothing) continue;
    const ended =
      token > until ||
      (begun && kinds[token] === tokenKinds.newline && value !== holds.address) ||
      (quote === '' ? mark === ';' || mark === '|' || mark === '&' : mark === quote);
    if (ended) {
      value = holds.nothing;
      continue;
    }
    if (!begun && isQuote(mark)) quote = mark;
    else if (kinds[token] !== tokenKinds.newline) begun = true;
    fields[token] = value;
  }
}

/** Walks cells from `token` to the end of a row and tells of each token which cell it stands in. */
function walkRow(
  tokens: Tokens,
  from: number,
  ends: (token: number) => boolean,
  visit: (token: number, cell: number) => void,
): number {
  let cell = 0;
  let quote = '';
  let token = from;
  for (; token < tokens.count && !(quote === '' && ends(token)); token++) {
    const mark = markAt(tokens, token);
    if (quote !== '' ? mark === quote : isQuote(mark)) {
      // An apostrophe inside a cell is not a quote: a quote opens right after a separator.
      if (quote !== '') quote = '';
      else if (token === from || /[,;|\t(]/.test(tokens.text[(tokens.starts[token] ?? 0) - 1] ?? '')) quote = mark;
    } else if (quote === '' && (mark === ',' || mark === '|' || mark === ';')) cell++;
    else visit(token, cell);
    if (tokens.kinds[token] === tokenKinds.newline) quote = '';
  }
  return token;
}

function headersOf(tokens: Tokens, from: number, ends: (token: number) => boolean): { headers: Holds[]; end: number } {
  const names: string[] = [];
  const end = walkRow(tokens, from, ends, (token, cell) => {
    const word = tokens.text.slice(tokens.starts[token], tokens.ends[token]);
    names[cell] = names[cell] === undefined ? word : `${names[cell].slice(0, 80)} ${word}`;
  });
  return { headers: Array.from(names, (name) => (name === undefined ? holds.nothing : holdsOf([name]))), end };
}

const telling = (headers: readonly Holds[]) =>
  headers.length >= 2 && headers.some((each) => each >= holds.person && each <= holds.place);

/** CSV and Markdown tables whose first line names the columns. */
function tabled(tokens: Tokens, fields: Int32Array): void {
  const atEnd = (token: number) => tokens.kinds[token] === tokenKinds.newline;
  let first = 0;
  while (first < tokens.count && first < 60 && !atEnd(first)) first++;
  if (first >= tokens.count || !atEnd(first) || tokens.text.slice(0, tokens.starts[first]).search(/[,;|]/) < 0) return;
  if (/[.!?:"'{}=]/.test(tokens.text.slice(0, tokens.starts[first]))) return;
  const { headers, end } = headersOf(tokens, 0, atEnd);
  if (!telling(headers)) return;
  for (let token = end + 1; token < tokens.count;)
    token = 1 + walkRow(tokens, token, atEnd, (each, cell) => void (fields[each] = headers[cell] ?? holds.nothing));
}

/** `INSERT INTO t (id, name) VALUES (1, 'X'), (2, 'Y')`. */
function inserted(tokens: Tokens, fields: Int32Array): void {
  const closes = (token: number) => markAt(tokens, token) === ')';
  let opened = -1;
  for (let token = 0; token < tokens.count; token++) {
    if (markAt(tokens, token) === '(') opened = token;
    if (tokens.kinds[token] !== tokenKinds.word || opened < 0 || !closes(token - 1)) continue;
    if (tokens.text.slice(tokens.starts[token], tokens.ends[token]).toLowerCase() !== 'values') continue;
    if (token - opened > 120) continue;
    const { headers } = headersOf(tokens, opened + 1, closes);
    if (!telling(headers)) continue;
    while (markAt(tokens, token + 1) === '(') {
      token = walkRow(tokens, token + 2, closes, (each, cell) => void (fields[each] = headers[cell] ?? holds.nothing));
      if (markAt(tokens, token + 1) === ',') token++;
    }
  }
}
