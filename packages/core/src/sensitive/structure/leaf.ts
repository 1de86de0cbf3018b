import { originalOffset, type Edit } from '../../normalize/visible.ts';
import type { FieldNames } from '../types.ts';

/** A stretch of a text that is read on its own: a value with what names it, or prose. */
export interface Leaf {
  readonly text: string;
  readonly field: FieldNames;
  /** Offset of the stretch in the text it was cut from. */
  readonly start: number;
  /** Where `text` is not what is written there, such as JSON escapes: offsets within the stretch. */
  readonly edits: readonly Edit[];
}

/** An offset in the leaf as an offset of the text it was cut from. */
export const offsetOf = ({ start, edits }: Leaf, offset: number, edge: 'start' | 'end'): number =>
  start + (edits.length === 0 ? offset : originalOffset(edits, offset, edge));

/** Outer names tell little about a value, and names nested without end must not cost without end. */
const namesKept = 4;
export const named = (outer: FieldNames, name: string): FieldNames => [
  ...outer.slice(1 - namesKept),
  name.slice(0, 80),
];

export const plainLeaf = (text: string, start: number, end: number, field: FieldNames): Leaf => ({
  text: text.slice(start, end),
  field,
  start,
  edits: [],
});

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };
const escape = /\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([\s\S]))/g;

/** What a string literal of JSON (RFC 8259 section 7), JavaScript or Python says: without its quotes, escapes resolved. */
export function stringLeaf(text: string, start: number, end: number, field: FieldNames): Leaf {
  const written = text.slice(start, end);
  if (!written.includes('\\')) return { text: written, field, start, edits: [] };
  const edits: Edit[] = [];
  let said = '';
  let done = 0;
  for (const { 0: whole, 1: unicode, 2: byte, 3: char = '', index } of written.matchAll(escape)) {
    said += written.slice(done, index);
    const code = unicode ?? byte;
    const read = code === undefined ? (escapes[char] ?? char) : String.fromCharCode(Number.parseInt(code, 16));
    done = index + whole.length;
    edits.push({ from: said.length, to: said.length + read.length, originalFrom: index, originalTo: done });
    said += read;
  }
  return { text: said + written.slice(done), field, start, edits };
}
