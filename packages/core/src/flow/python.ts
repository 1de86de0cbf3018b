import type { Json } from '../events.ts';

/** A Python literal of dicts, lists, tuples, strings, numbers, True, False and None, as `repr` prints it. Linear. */
export function readPython(text: string): Json | undefined {
  if (!/^\s*[[{(]/.test(text)) return undefined;
  try {
    return new Reader(text).whole();
  } catch (error) {
    if (error instanceof NoLiteral) return undefined;
    throw error;
  }
}

class NoLiteral extends Error {}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
};

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Json {
    const value = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) throw new NoLiteral();
    return value;
  }

  #value(depth: number): Json {
    if (depth > 32) throw new NoLiteral();
    this.#space();
    const next = this.#text[this.#at];
    if (next === '{') return this.#dict(depth);
    if (next === '[' || next === '(') return this.#list(depth, next === '[' ? ']' : ')');
    if (next === "'" || next === '"') return this.#string(next);
    return this.#atom();
  }

  #dict(depth: number): Json {
    const entries: [string, Json][] = [];
    this.#at++;
    while (!this.#closes('}')) {
      const key = this.#key(depth);
      this.#expect(':');
      entries.push([key, this.#value(depth + 1)]);
      if (!this.#closes('}', false)) this.#expect(',');
    }
    const dict = Object.fromEntries(entries);
    // What stands twice in it is read twice.
    if (Object.keys(dict).length < entries.length) throw new NoLiteral();
    return dict;
  }

  #key(depth: number): string {
    const key = this.#value(depth + 1);
    if (typeof key === 'object' && key !== null) throw new NoLiteral();
    return String(key);
  }

  #list(depth: number, end: string): Json {
    const items: Json[] = [];
    this.#at++;
    while (!this.#closes(end)) {
      items.push(this.#value(depth + 1));
      if (!this.#closes(end, false)) this.#expect(',');
    }
    return items;
  }

  #string(quote: string): string {
    let made = '';
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      const next = this.#text[this.#at] as string;
      if (next === quote) {
        this.#at++;
        return made;
      }
      made += next === '\\' ? this.#escape() : next;
    }
    throw new NoLiteral();
  }

  #escape(): string {
    const kind = this.#text[++this.#at] ?? '';
    const length = { x: 2, u: 4, U: 8 }[kind];
    if (length === undefined) return escapes[kind] ?? `\\${kind}`;
    const digits = this.#text.slice(this.#at + 1, this.#at + 1 + length);
    const code = Number.parseInt(digits, 16);
    if (!/^[0-9a-f]+$/i.test(digits) || digits.length < length || code > 0x10_ff_ff) throw new NoLiteral();
    this.#at += length;
    return String.fromCodePoint(code);
  }

  #atom(): Json {
    const [atom = ''] = /^[\w.+-]+/.exec(this.#text.slice(this.#at, this.#at + 64)) ?? [];
    this.#at += atom.length;
    if (atom === 'True') return true;
    if (atom === 'False') return false;
    if (atom === 'None') return null;
    if (atom === '' || !Number.isFinite(Number(atom))) throw new NoLiteral();
    return Number(atom);
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  #closes(end: string, consume = true): boolean {
    this.#space();
    if (this.#at >= this.#text.length) throw new NoLiteral();
    if (this.#text[this.#at] !== end) return false;
    if (consume) this.#at++;
    return true;
  }

  #expect(mark: string): void {
    this.#space();
    if (this.#text[this.#at] !== mark) throw new NoLiteral();
    this.#at++;
  }
}
