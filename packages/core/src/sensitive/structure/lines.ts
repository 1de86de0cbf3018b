import { isLabel } from '../labels.ts';
import type { FieldNames } from '../types.ts';
import { named, plainLeaf, type Leaf } from './leaf.ts';
import { readTable, type Line } from './tables.ts';

/** `Phone: …`, `phone = …`, `- **Phone**: …`, `"phone": …` at the head of a line. */
const keyed =
  /^[ \t>*•"'`_-]{0,16}(?:export )?([\p{L}][\p{L}\p{N} _./()#&'’-]{0,47}?)[ \t"'`*_]{0,8}(?:: |:$|:\t|：|=)[ \t"'`*_]{0,40}/u;
const digits = /[@\d]/;

/** Prose, `key: value` lines and tables. A value goes on over the lines after it until the next key or an empty line. */
export function readLines(text: string, from: number, to: number, field: FieldNames, leaves: Leaf[]): void {
  const lines = linesOf(text, from, to);
  let open: { start: number; field: FieldNames } | undefined;
  let end = from;
  const close = () => {
    if (open && end > open.start) leaves.push(plainLeaf(text, open.start, end, open.field));
    open = undefined;
  };
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as Line;
    const table = readTable(text, lines, i, field);
    if (table) {
      close();
      const head = lines[i] as Line;
      leaves.push(plainLeaf(text, head.start, head.end, field), ...table.leaves);
      i = table.next - 1;
      continue;
    }
    if (line.end === line.start && open && open.field !== field) close();
    const found = keyed.exec(text.slice(line.start, Math.min(line.end, line.start + 160)));
    const key = found?.[1]?.trim() ?? '';
    if (found && key.split(/\s+/, 7).length <= 6 && !(digits.test(key) && !isLabel(key))) {
      close();
      const value = line.start + found[0].length;
      if (!isLabel(key)) leaves.push(plainLeaf(text, line.start, value, field));
      open = { start: value, field: named(field, key) };
    }
    open ??= { start: line.start, field };
    end = line.end;
  }
  close();
}

function linesOf(text: string, from: number, to: number): Line[] {
  const lines: Line[] = [];
  let start = from;
  while (start <= to) {
    const found = text.indexOf('\n', start);
    const next = found === -1 || found >= to ? to : found;
    lines.push({ start, end: next > start && text[next - 1] === '\r' ? next - 1 : next });
    start = next + 1;
  }
  return lines;
}
