/*
 * Changes strings and numbers inside a JSON text and leaves every other character as it was, so that a result that is JSON
 * stays JSON of the same shape. JSON in a string in JSON, as MCP's results are, is changed at its own level.
 */

/** A stretch of text, in UTF-16 code units; end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}
export interface Edit extends Span {
  readonly text: string;
}

/** A string or number of a JSON text where it stands, quotes included, and the keys that lead to it. */
export interface Literal extends Span {
  readonly kind: 'string' | 'number';
  readonly isKey: boolean;
  /** Without the places in lists. */
  readonly path: readonly string[];
}

/** As deep as JSON in strings in JSON is read. */
export const deepestNesting = 4;
const maxDepth = 200;

/** Whether the text is a JSON object or list. */
export function isJsonText(text: string): boolean {
  const first = /^\s*/.exec(text.slice(0, 1_000))?.[0].length ?? 0;
  const opening = text.charAt(first);
  if (opening !== '{' && opening !== '[') return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Every string and number of a valid JSON text, in order. Linear. @throws Error where it is nested too deep to follow */
export function* literalsOf(json: string): Generator<Literal> {
  const stack: { readonly isObject: boolean; key: string }[] = [];
  let expectKey = false;
  for (let at = 0; at < json.length;) {
    const char = json.charAt(at);
    if (char === '"') {
      const end = endOfString(json, at);
      const top = stack.at(-1);
      const isKey = expectKey && top !== undefined;
      if (isKey) top.key = decode(json.slice(at, end));
      yield { kind: 'string', start: at, end, isKey, path: pathOf(stack) };
      at = end;
      expectKey = false;
      continue;
    }
    if (char === '-' || (char >= '0' && char <= '9')) {
      number.lastIndex = at;
      const end = at + (number.exec(json)?.[0].length ?? 1);
      yield { kind: 'number', start: at, end, isKey: false, path: pathOf(stack) };
      at = end;
      continue;
    }
    if (char === '{' || char === '[') {
      if (stack.length >= maxDepth) throw new Error('JSON in a text is nested too deep to be judged');
      stack.push({ isObject: char === '{', key: '' });
      expectKey = char === '{';
    } else if (char === '}' || char === ']') stack.pop();
    else if (char === ',') expectKey = stack.at(-1)?.isObject === true;
    at++;
  }
}

const number = /-?[0-9][0-9.eE+-]*/y;
const pathOf = (stack: readonly { readonly isObject: boolean; readonly key: string }[]): string[] =>
  stack.flatMap(({ isObject, key }) => (isObject ? [key] : []));
const decode = (literal: string): string => JSON.parse(literal) as string;

function endOfString(json: string, open: number): number {
  let at = open + 1;
  while (json.charAt(at) !== '"') at += json.charAt(at) === '\\' ? 2 : 1;
  return at + 1;
}

/** A string's value, and the spans of its literal as spans of the value: an escape that is touched is touched whole. */
export function decoded(json: string, literal: Literal, spans: readonly Span[]): { text: string; spans: Span[] } {
  const written = json.slice(literal.start, literal.end);
  const text = decode(written);
  const inner = { start: literal.start + 1, end: literal.end - 1 };
  if (!written.includes('\\')) {
    const shift = ({ start, end }: Span) => ({
      start: Math.max(start, inner.start) - inner.start,
      end: Math.min(end, inner.end) - inner.start,
    });
    return { text, spans: spans.map(shift) };
  }
  // Of every unit of the value, where it is written.
  const places = new Uint32Array(text.length + 1);
  let at = inner.start;
  for (let unit = 0; unit < text.length; unit++) {
    places[unit] = at;
    at += json.charAt(at) !== '\\' ? 1 : json.charAt(at + 1) === 'u' ? 6 : 2;
  }
  places[text.length] = at;
  return {
    text,
    spans: spans.map(({ start, end }) => ({
      start: Math.max(0, after(places, Math.max(start, inner.start)) - 1),
      end: Math.min(text.length, after(places, Math.min(end, inner.end) - 1)),
    })),
  };
}

/** How many units begin at or before a place. */
function after(places: Uint32Array, place: number): number {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] as number) <= place) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function applyEdits(text: string, edits: readonly Edit[]): string {
  let out = '';
  let from = 0;
  for (const edit of edits) {
    out += text.slice(from, edit.start) + edit.text;
    from = edit.end;
  }
  return out + text.slice(from);
}
