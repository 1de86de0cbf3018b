import { isLabel } from '../labels.ts';
import type { FieldNames } from '../types.ts';
import { named, plainLeaf, stringLeaf, type Leaf } from './leaf.ts';

/** A line of the text, without its line break. */
export interface Line {
  readonly start: number;
  readonly end: number;
}

interface Cell extends Line {
  readonly quoted: boolean;
}

const columnsRead = 200;
const rule = /^[\s|+:=-]*[-=]{2,}[\s|+:=-]*$/;
const header = /^[\p{L}_#][\p{L}\p{N} _.()#/'-]{0,40}$/u;
const delimiters = ['|', '\t', ',', ';'] as const;
const gaps = 'gaps';

/**
 * Reads a table whose first row is `lines[first]`: Markdown and psql (`|`), CSV (RFC 4180), TSV, semicolons, or columns
 * aligned by spaces. A first row names its columns when it holds only names and at least one of them names personal data,
 * or when a rule stands under it.
 *
 * @returns leaves of the rows, and the index of the line after the table; nothing where no table begins.
 */
export function readTable(
  text: string,
  lines: readonly Line[],
  first: number,
  field: FieldNames,
): { leaves: Leaf[]; next: number } | undefined {
  const head = lines[first] as Line;
  if (first + 1 >= lines.length || head.end - head.start > 4_000) return undefined;
  const words = text.slice(head.start, head.end);
  const under = lines[first + 1] as Line;
  const ruled = rule.test(text.slice(under.start, Math.min(under.end, under.start + 4_000)));
  for (const delimiter of [...delimiters, gaps] as const) {
    if (delimiter === gaps ? !/ {2}/.test(words) : !words.includes(delimiter)) continue;
    const names = cellsOf(text, head, delimiter);
    if (!namesColumns(text, names, ruled)) continue;
    const table = rowsOf(text, lines, ruled ? first + 2 : first + 1, { delimiter, names, field });
    if (table) return table;
  }
  return undefined;
}

function namesColumns(text: string, names: readonly Cell[], ruled: boolean): boolean {
  if (names.length < 2) return false;
  let known = false;
  for (const { start, end } of names) {
    const name = text.slice(start, end);
    if (name !== '' && !ruled && !header.test(name)) return false;
    known ||= isLabel(name);
  }
  return known || ruled;
}

interface Table {
  readonly delimiter: (typeof delimiters)[number] | typeof gaps;
  readonly names: readonly Cell[];
  readonly field: FieldNames;
}

function rowsOf(
  text: string,
  lines: readonly Line[],
  from: number,
  { delimiter, names, field }: Table,
): { leaves: Leaf[]; next: number } | undefined {
  const leaves: Leaf[] = [];
  let next = from;
  for (; next < lines.length; next++) {
    const line = lines[next] as Line;
    if (line.end === line.start) break;
    if (rule.test(text.slice(line.start, Math.min(line.end, line.start + 200)))) continue;
    const cells = cellsOf(text, line, delimiter);
    if (cells.length < 2 || (delimiter !== gaps && cells.length !== names.length)) break;
    cells.forEach((cell, column) => {
      const over = delimiter === gaps ? above(cell, line, names) : names[column];
      const name = over ? text.slice(over.start, over.end) : '';
      const fields = name === '' ? field : named(field, name);
      if (cell.end - cell.start < 2) return;
      leaves.push(
        cell.quoted ? stringLeaf(text, cell.start, cell.end, fields) : plainLeaf(text, cell.start, cell.end, fields),
      );
    });
  }
  return next === from ? undefined : { leaves, next };
}

/** The name that begins nearest above a cell of a table aligned by spaces, by its left edge. */
function above(cell: Cell, line: Line, names: readonly Cell[]): Cell | undefined {
  const origin = (names[0] as Cell).start;
  const left = cell.start - line.start;
  let best: Cell | undefined;
  for (const name of names) {
    const distance = Math.abs(name.start - origin - left);
    if (!best || distance < Math.abs(best.start - origin - left)) best = name;
  }
  return best;
}

const gap = / {2,64}|\t/g;

/** Cells without the white space, quotes and outer bars round them. */
function cellsOf(text: string, line: Line, delimiter: Table['delimiter']): Cell[] {
  const cells: Cell[] = [];
  let { start, end } = line;
  const outer = delimiter === '|' ? ' |' : delimiter === gaps ? ' ' : '';
  while (start < end && outer.includes(text[start] as string)) start++;
  while (end > start && outer.includes(text[end - 1] as string)) end--;
  let from = start;
  while (from <= end && cells.length < columnsRead) {
    const quoted = delimiter !== '|' && delimiter !== gaps && text[from] === '"' ? closing(text, from, end) : -1;
    let to: number;
    let after: number;
    if (quoted >= 0) {
      to = after = quoted + 1;
    } else if (delimiter === gaps) {
      gap.lastIndex = from;
      const found = gap.exec(text);
      to = found && found.index < end ? found.index : end;
      after = found && found.index < end ? Math.min(gap.lastIndex, end) : end;
    } else {
      const found = text.indexOf(delimiter, from);
      to = after = found === -1 || found > end ? end : found;
    }
    cells.push(trimmed(text, from, to));
    if (after >= end) break;
    from = delimiter === gaps ? after : after + 1;
  }
  return cells;
}

/** The quote that closes a CSV cell, where a delimiter or the end of the line follows it; a doubled one is part of it. */
function closing(text: string, open: number, end: number): number {
  let at = open + 1;
  while (at < end) {
    if (text[at] !== '"') at++;
    else if (text[at + 1] === '"') at += 2;
    else return at;
  }
  return -1;
}

function trimmed(text: string, from: number, to: number): Cell {
  let start = from;
  let end = to;
  while (start < end && text[start] === ' ') start++;
  while (end > start && (text[end - 1] === ' ' || text[end - 1] === '\r')) end--;
  const quoted = end - start >= 2 && text[start] === '"' && text[end - 1] === '"';
  return quoted ? { start: start + 1, end: end - 1, quoted } : { start, end, quoted };
}
