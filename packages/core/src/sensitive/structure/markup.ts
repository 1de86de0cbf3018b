import { isLabel } from '../labels.ts';
import type { FieldNames } from '../types.ts';
import { named, plainLeaf, type Leaf } from './leaf.ts';
import { readLines } from './lines.ts';

const longestTag = 4_096;
const opening = /<(\/?)([a-zA-Z][\w:.-]{0,60})(?=[\s/>])/y;
const attribute = /([a-zA-Z][\w:-]{0,40})\s{0,4}=\s{0,4}(?:"([^"]{0,2000})"|'([^']{0,2000})')/g;
/** Elements of HTML say how a text looks, not what it is; all others name their text, as XML does. */
const plainElements = new Set(
  (
    'a abbr article aside b big blockquote body br button caption center cite code col colgroup dd details div dl dt em ' +
    'fieldset figure font footer form h1 h2 h3 h4 h5 h6 head header hr html i img input label legend li link main mark ' +
    'meta nav ol option p pre s script section select small span strong style sub summary sup table tbody td textarea ' +
    'tfoot th thead title tr u ul'
  ).split(' '),
);
const naming = ['name', 'id', 'aria-label', 'placeholder', 'property', 'itemprop', 'title'];

/** Where in a document the reader stands. */
export interface MarkupState {
  element: string;
  column: number;
  heads: string[];
  /** What the text before says of the text that follows: a label, a term, a bold word with a colon. */
  label: string;
  /** Whether the label is the head of the row. */
  rowHead: boolean;
}

export const newMarkup = (): MarkupState => ({ element: '', column: -1, heads: [], label: '', rowHead: false });

/** The offset after the tag of HTML or XML which begins at `start`; nothing where `<` begins no tag. */
export function tagEnd(text: string, start: number): number | undefined {
  opening.lastIndex = start;
  if (!opening.test(text)) return undefined;
  const close = text.slice(start, start + longestTag).indexOf('>');
  return close === -1 ? undefined : start + close + 1;
}

export function readTag(
  text: string,
  [start, end]: readonly [number, number],
  state: MarkupState,
  { field, leaves }: { field: FieldNames; leaves: Leaf[] },
): void {
  opening.lastIndex = start;
  const [head = '', closes, tag = ''] = opening.exec(text) ?? [];
  const name = tag.toLowerCase();
  if (closes) leave(name, state);
  else enter(name, state);
  // XML names are read as written: `contactPhone`.
  if (!closes && !plainElements.has(name)) state.element = tag;
  const skip = head.length;
  if (end - start > skip + 4) readAttributes(text.slice(start, end - 1), { at: start, skip, state, field, leaves });
}

function enter(name: string, state: MarkupState): void {
  if (name === 'table') state.heads = [];
  if (name === 'tr') {
    state.column = -1;
    state.label = '';
    state.rowHead = false;
  }
  if (name === 'td' || name === 'th') state.column++;
  if (name === 'th' || name === 'dt' || name === 'label') state.label = '';
  state.element = name;
}

function leave(name: string, state: MarkupState): void {
  if (name === 'table') state.heads = [];
  if (name === 'dd' || name === 'tr' || name === 'p' || name === 'li' || name === 'div') state.label = '';
  if (name === 'tr' || name === 'table') state.column = -1;
  state.element = '';
}

interface Attributes {
  readonly at: number;
  readonly skip: number;
  readonly state: MarkupState;
  readonly field: FieldNames;
  readonly leaves: Leaf[];
}

/** A form's values are named by their own attributes or the label before; everything else in a tag is read without a name. */
function readAttributes(tag: string, { at, skip, state, field, leaves }: Attributes): void {
  const found = [...tag.matchAll(attribute)];
  const of = (wanted: string) => found.find(([, name]) => name?.toLowerCase() === wanted);
  const value = of('value') ?? of('content');
  if (value) {
    const said = value[2] ?? value[3] ?? '';
    const name = naming.map((wanted) => of(wanted)).find(Boolean);
    const start = at + value.index + value[0].length - 1 - said.length;
    const names = state.label ? named(field, state.label) : field;
    const own = name?.[2] ?? name?.[3];
    leaves.push({ text: said, field: own ? named(names, own) : names, start, edits: [] });
  }
  leaves.push({ text: tag.slice(skip), field, start: at + skip, edits: [] });
}

/** A few words without digits or an address in them. */
const labelLike = /^[\p{L}][\p{L} '’/#()_-]{1,39}\.?$/u;
const labelElements = new Set(['th', 'label', 'dt', 'legend']);

/** Reads what stands between two tags. */
export function readNode(
  text: string,
  [from, to]: readonly [number, number],
  state: MarkupState,
  { field, leaves }: { field: FieldNames; leaves: Leaf[] },
): void {
  const said = text.slice(from, to).trim();
  if (said === '') return;
  if (labelElements.has(state.element)) {
    state.rowHead = state.element === 'th';
    if (state.element === 'th') state.heads[state.column] = said.slice(0, 80);
    state.label = said.slice(0, 80);
    leaves.push(plainLeaf(text, from, to, field));
    return;
  }
  const name = nameOf(state);
  const names = said.length <= 60 && (/[:：]$/.test(said) || (labelLike.test(said) && isLabel(said)));
  // A label names the one value behind it; the head of a row names all of the row.
  if (names) state.label = said;
  else if (!state.rowHead) state.label = '';
  if (name) leaves.push(plainLeaf(text, from, to, named(field, name)));
  else readLines(text, from, to, field, leaves);
}

function nameOf({ element, heads, column, label }: MarkupState): string {
  if (label) return label;
  if (column >= 0) return heads[column] ?? '';
  return plainElements.has(element) ? '' : element;
}
