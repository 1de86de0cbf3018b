/** One cell: where it stands, quotes included, and what it says. */
export interface Cell {
  readonly start: number;
  readonly end: number;
  readonly value: string;
}

export interface Table {
  readonly delimiter: string;
  readonly header: readonly Cell[];
  readonly rows: readonly (readonly Cell[])[];
}

const delimiters = [',', ';', '\t', '|'];
const columnName = /^[\p{L}_][\p{L}\p{N}_ .()/-]{0,60}$/u;

/**
 * A text that is delimiter-separated values with a header (RFC 4180; also `;`, tab and `|`). Undefined where it is none: at
 * least two columns, whose names are names, and a first row of as many cells. Linear.
 */
export function readTable(text: string): Table | undefined {
  const first = text.slice(0, 4096).split(/\r?\n/, 1)[0] ?? '';
  const delimiter = delimiters.toSorted((a, b) => first.split(b).length - first.split(a).length)[0] ?? ',';
  if (!first.includes(delimiter)) return undefined;
  const [header, ...rows] = readRows(text, delimiter);
  if (!header || header.length < 2 || !header.every(({ value }) => columnName.test(value.trim()))) return undefined;
  if (rows[0]?.length !== header.length) return undefined;
  return { delimiter, header, rows };
}

function readRows(text: string, delimiter: string): Cell[][] {
  const rows: Cell[][] = [];
  let row: Cell[] = [];
  for (let at = 0; at <= text.length;) {
    const cell = readCell(text, at, delimiter);
    row.push(cell);
    at = cell.end;
    if (text[at] === delimiter) {
      at++;
      continue;
    }
    if (row.length > 1 || row[0]?.value !== '') rows.push(row);
    row = [];
    at += text.startsWith('\r\n', at) ? 2 : 1;
  }
  return rows;
}

function readCell(text: string, start: number, delimiter: string): Cell {
  let at = start;
  if (text[start] === '"') {
    for (at = text.indexOf('"', start + 1); at !== -1 && text[at + 1] === '"'; at = text.indexOf('"', at + 2));
    if (at === -1) at = text.length - 1;
    at++;
  }
  const quotedTo = at;
  while (at < text.length && text[at] !== delimiter && text[at] !== '\n' && !text.startsWith('\r\n', at)) at++;
  const value =
    text[start] === '"'
      ? text.slice(start + 1, quotedTo - 1).replaceAll('""', '"') + text.slice(quotedTo, at)
      : text.slice(start, at);
  return { start, end: at, value };
}
