import { readTable, type Table } from './csv.ts';
import { deepest, parsePath, tooDeep } from './paths.ts';

/** What becomes of fields. A path without the items of lists reaches into them: `customers.email` is each customer's. */
export interface Trim {
  readonly fields: readonly string[];
  /** Characters that stay; absent where the fields are dropped. */
  readonly to?: number | undefined;
}

export interface Trimmed {
  readonly text: string;
  readonly dropped: number;
  readonly shortened: number;
}

/**
 * Drops or shortens fields of a result that is JSON, JSON lines or CSV, and leaves every other character as it was.
 * Undefined where there is nothing to change, or no such layout.
 */
export function trimResult(text: string, trims: readonly Trim[]): Trimmed | undefined {
  const root = branchesOf(trims);
  const out = trimJson(text, root) ?? trimLines(text, root) ?? trimTable(text, root);
  return out && out.dropped + out.shortened > 0 ? out : undefined;
}

/** Names that lead to fields, as a tree. */
interface Branch {
  readonly children: Map<string, Branch>;
  drop: boolean;
  to: number;
}

const newBranch = (): Branch => ({ children: new Map(), drop: false, to: Infinity });

function branchesOf(trims: readonly Trim[]): Branch {
  const root = newBranch();
  for (const { fields, to } of trims) {
    for (const field of fields) {
      let branch = root;
      for (const name of parsePath(field)) {
        const next = branch.children.get(name) ?? newBranch();
        branch.children.set(name, next);
        branch = next;
      }
      if (to === undefined) branch.drop = true;
      else branch.to = Math.min(branch.to, to);
    }
  }
  return root;
}

const named = (branches: readonly Branch[], name: string): Branch[] =>
  branches.flatMap(({ children }) => [children.get(name), children.get('*')].filter((branch) => branch !== undefined));

/** A list's items are reached by `*`, or without a name of their own. */
const itemsOf = (branches: readonly Branch[]): Branch[] =>
  branches.flatMap((branch) => {
    const star = branch.children.get('*');
    if (!star) return [branch];
    const others = [...branch.children].filter(([name]) => name !== '*');
    return [star, { ...branch, children: new Map(others) }];
  });

const shortest = (branches: readonly Branch[], to: number): number => Math.min(to, ...branches.map((each) => each.to));

function trimJson(text: string, root: Branch): Trimmed | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  return new JsonTrimmer(text).trim(root);
}

function trimLines(text: string, root: Branch): Trimmed | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  const lines = text.split('\n').map((line) => (line.trim() === '' ? whole(line) : trimJson(line, root)));
  const read = lines.filter((line) => line !== undefined);
  return read.length === lines.length ? joined(read, '\n') : undefined;
}

const whole = (text: string): Trimmed => ({ text, dropped: 0, shortened: 0 });
const joined = (parts: readonly Trimmed[], between: string): Trimmed => ({
  text: parts.map((part) => part.text).join(between),
  dropped: parts.reduce((sum, { dropped }) => sum + dropped, 0),
  shortened: parts.reduce((sum, { shortened }) => sum + shortened, 0),
});

/** Of a text that is valid JSON, so that nothing need be checked again. Names that stand twice are both taken out. */
class JsonTrimmer {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #dropped = 0;
  #shortened = 0;

  constructor(text: string) {
    this.#text = text;
  }

  trim(root: Branch): Trimmed {
    const from = this.#space();
    const value = this.#value([root], Infinity);
    return { text: from + value + this.#text.slice(this.#at), dropped: this.#dropped, shortened: this.#shortened };
  }

  #value(branches: readonly Branch[], to: number): string {
    const char = this.#text[this.#at];
    if (branches.length === 0 && to === Infinity) return this.#skip();
    if (char === '{') return this.#members('}', (name) => named(branches, name), to);
    if (char === '[') return this.#members(']', () => itemsOf(branches), to);
    return this.#scalar(this.#skip(), branches, to);
  }

  /** The list or object anew, of the members that stay, each with the space round it. */
  #members(close: string, ofName: (name: string) => Branch[], to: number): string {
    if (++this.#depth > deepest) throw new Error(tooDeep);
    const open = this.#text.charAt(this.#at++);
    const kept: string[] = [];
    let tail = this.#space();
    while (this.#text[this.#at] !== close) {
      let member = tail;
      let name = '';
      if (close === '}') {
        const key = this.#skip();
        name = JSON.parse(key) as string;
        member += key + this.#space() + this.#text.charAt(this.#at++) + this.#space();
      }
      const branches = ofName(name);
      const drop = branches.some((branch) => branch.drop);
      const value = drop ? this.#skip() : this.#value(branches, shortest(branches, to));
      if (drop) this.#dropped++;
      tail = this.#space();
      if (!drop) kept.push(member + value + tail);
      if (this.#text[this.#at] === ',') {
        this.#at++;
        tail = this.#space();
      } else tail = '';
    }
    this.#at++;
    this.#depth--;
    return open + kept.join(',') + close;
  }

  #scalar(written: string, branches: readonly Branch[], to: number): string {
    if (written.startsWith('"')) {
      const text = JSON.parse(written) as string;
      const inner = branches.some(({ children }) => children.size > 0) ? this.#inner(text, branches) : undefined;
      if (inner !== undefined) return JSON.stringify(inner);
      return text.length > to ? this.#short(text, to) : written;
    }
    return /^[-\d]/.test(written) && written.length > to ? this.#short(written, to) : written;
  }

  /** JSON in a string, as MCP's results are. */
  #inner(text: string, branches: readonly Branch[]): string | undefined {
    const inner = { ...newBranch(), children: new Map(branches.flatMap(({ children }) => [...children])) };
    const trimmed = trimJson(text, inner);
    if (!trimmed || trimmed.text === text) return undefined;
    this.#dropped += trimmed.dropped;
    this.#shortened += trimmed.shortened;
    return trimmed.text;
  }

  #short(text: string, to: number): string {
    this.#shortened++;
    return JSON.stringify(cut(text, to));
  }

  #space(): string {
    const from = this.#at;
    while (/[\s]/.test(this.#text.charAt(this.#at))) this.#at++;
    return this.#text.slice(from, this.#at);
  }

  /** Past the value. */
  #skip(): string {
    const from = this.#at;
    let depth = 0;
    do {
      const char = this.#text.charAt(this.#at);
      if (char === '"') this.#at = endOfString(this.#text, this.#at);
      else if (char === '{' || char === '[') {
        depth++;
        this.#at++;
      } else if (char === '}' || char === ']') {
        depth--;
        this.#at++;
      } else if (/[-\w]/.test(char)) {
        while (/[-+.\w]/.test(this.#text.charAt(this.#at))) this.#at++;
      } else this.#at++;
    } while (depth > 0);
    return this.#text.slice(from, this.#at);
  }
}

/** Just past the string that begins at `open`. */
function endOfString(text: string, open: number): number {
  for (let close = text.indexOf('"', open + 1); close !== -1; close = text.indexOf('"', close + 1)) {
    let backslashes = 0;
    while (text.charAt(close - 1 - backslashes) === '\\') backslashes++;
    if (backslashes % 2 === 0) return close + 1;
  }
  return text.length;
}

/** Not within a pair of surrogates. */
const cut = (text: string, to: number): string => `${text.slice(0, to).replace(/[\ud800-\udbff]$/, '')}…`;

function trimTable(text: string, root: Branch): Trimmed | undefined {
  const table = readTable(text);
  if (!table) return undefined;
  const columns = table.header.map(({ value }) => named(itemsOf([root]), value.trim()));
  return columns.some((branches) => branches.length > 0) ? trimRows(text, table, columns) : undefined;
}

function trimRows(text: string, { delimiter, header, rows }: Table, columns: readonly (readonly Branch[])[]): Trimmed {
  let dropped = 0;
  let shortened = 0;
  let out = '';
  let at = 0;
  for (const [index, row] of [header, ...rows].entries()) {
    const kept = row.flatMap(({ start, end, value }, column) => {
      const branches = columns[column] ?? [];
      if (branches.some(({ drop }) => drop)) {
        dropped += index > 0 ? 1 : 0;
        return [];
      }
      const to = shortest(branches, Infinity);
      if (index === 0 || value.length <= to) return [text.slice(start, end)];
      shortened++;
      return [quoted(cut(value, to), delimiter)];
    });
    out += text.slice(at, row[0]?.start) + kept.join(delimiter);
    at = row.at(-1)?.end ?? at;
  }
  return { text: out + text.slice(at), dropped, shortened };
}

const quoted = (value: string, delimiter: string): string =>
  /["\n\r]/.test(value) || value.includes(delimiter) ? `"${value.replaceAll('"', '""')}"` : value;
