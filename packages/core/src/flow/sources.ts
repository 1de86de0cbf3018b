import type { Integrity, Label } from './labels.ts';
import type { Origin } from './provenance.ts';
import { placeOf, wordsOf } from './text.ts';
import { scan, tokenOf, type Typed } from './typed.ts';

/** One text that the session has read: a message, or a tool's result. */
export interface SourceText {
  /** From 1. */
  readonly id: number;
  readonly role: 'system' | 'user' | 'tool';
  readonly tool?: string;
  readonly bytes: number;
  readonly integrity: Integrity;
  /** Of a result: no word of its query came from untrusted text alone. */
  readonly cleanQuery: boolean;
  /** Hosts that the call named. */
  readonly sites?: readonly string[];
  /** A word of the query stands in strangers' text alone. */
  readonly strangersQuery?: boolean;
  /** A read of what the user's own data holds, by the agent's own query. */
  readonly lookup: boolean;
}

export interface NewField {
  readonly path: string;
  readonly key: string;
  /** The object that the field belongs to; `''` where there is none. */
  readonly record: string;
  readonly structural: boolean;
  readonly integrity: Integrity;
  readonly labels: readonly Label[];
  /** Folded. */
  readonly text: string;
  /** As it was written: for people. */
  readonly raw: string;
}

/** A part of a source that has a place of its own. */
export class Field implements NewField {
  readonly id: number;
  readonly source: SourceText;
  readonly path: string;
  readonly key: string;
  readonly record: string;
  readonly structural: boolean;
  readonly integrity: Integrity;
  readonly labels: readonly Label[];
  readonly text: string;
  readonly raw: string;
  #typed: readonly Typed[] | undefined;

  constructor(id: number, source: SourceText, field: NewField) {
    this.id = id;
    this.source = source;
    this.path = field.path;
    this.key = field.key;
    this.record = field.record;
    this.structural = field.structural;
    this.integrity = field.integrity;
    this.labels = field.labels;
    this.text = field.text;
    this.raw = field.raw;
  }

  /** Found when they are first asked for: most fields are only ever looked at for words. */
  get typed(): readonly Typed[] {
    this.#typed ??= scan(this.text);
    return this.#typed;
  }
}

/** So many characters at most wait to be scanned: no call has to wait for more. */
const maxUnscanned = 65_536;

export const originOf = ({ source, path, integrity }: Field): Origin => ({
  source: source.id,
  role: source.role,
  ...(source.tool === undefined ? {} : { tool: source.tool }),
  ...(path === '' ? {} : { field: path }),
  integrity,
});

/** Everything a session has read, found again by word and by typed value: a look-up costs no more when much was read. */
export class Sources {
  readonly texts: SourceText[] = [];
  readonly fields: Field[] = [];
  /** Fields that carry labels, newest last. */
  readonly labelled: Field[] = [];
  /** The user's own words. */
  readonly users: Field[] = [];
  /** Their texts, in order. */
  readonly requests: string[] = [];
  /** Tools whose results were read. */
  readonly tools = new Set<string>();
  /** Fields by word and by typed value, in order; most have one. */
  readonly #postings = new Map<string, number | number[]>();
  /** Fields before this one are found by typed value as well. */
  #scanned = 0;
  #unscanned = 0;
  readonly #bySource = new Map<number, Field[]>();
  bytes = 0;

  add(source: SourceText, fields: readonly NewField[]): Field[] {
    this.texts.push(source);
    this.bytes += source.bytes;
    if (source.tool !== undefined) this.tools.add(source.tool);
    const added = fields.map((field) => this.#addField(source, field));
    this.#bySource.set(source.id, added);
    return added;
  }

  ofSource(id: number): readonly Field[] {
    return this.#bySource.get(id) ?? [];
  }

  #addField(source: SourceText, made: NewField): Field {
    const field = new Field(this.fields.length, source, made);
    this.fields.push(field);
    if (field.labels.length > 0) this.labelled.push(field);
    if (source.role === 'user' && field.integrity === 'user') {
      this.users.push(field);
      this.requests.push(field.text);
    }
    for (const word of wordsOf(field.text)) this.#post(word, field.id);
    this.#unscanned += field.text.length;
    if (this.#unscanned > maxUnscanned) this.#scan();
    return field;
  }

  #scan(): void {
    for (; this.#scanned < this.fields.length; this.#scanned++) {
      const { id, typed } = this.fields[this.#scanned] as Field;
      for (const { kind, value } of typed) this.#post(tokenOf(kind, value), id);
    }
    this.#unscanned = 0;
  }

  #post(token: string, field: number): void {
    const posted = this.#postings.get(token);
    if (posted === undefined) this.#postings.set(token, field);
    else if (typeof posted !== 'number') {
      if (posted[posted.length - 1] !== field) posted.push(field);
    } else if (posted !== field) this.#postings.set(token, [posted, field]);
  }

  /** Fields that hold a typed value. */
  typed(kind: Typed['kind'], value: string): Field[] {
    this.#scan();
    return this.#fields(this.#postings.get(tokenOf(kind, value)));
  }

  /** Fields that hold a folded text as whole words; `names`: not as a part of a path, host or address. */
  holding(text: string, names = false): Field[] {
    let rarest: number | readonly number[] | undefined;
    let least = Infinity;
    for (const word of wordsOf(text)) {
      const posted = this.#postings.get(word);
      if (posted === undefined) return [];
      const count = typeof posted === 'number' ? 1 : posted.length;
      if (count >= least) continue;
      rarest = posted;
      least = count;
    }
    return this.#fields(rarest).filter((field) => placeOf(field.text, text, names) !== -1);
  }

  /** Whether any field holds the word. */
  has(word: string): boolean {
    return this.#postings.has(word);
  }

  word(word: string): Field[] {
    return this.#fields(this.#postings.get(word));
  }

  /** Whether a field that holds the word passes. */
  someWith(word: string, passes: (field: Field) => boolean): boolean {
    const posted = this.#postings.get(word);
    if (posted === undefined) return false;
    if (typeof posted === 'number') return passes(this.fields[posted] as Field);
    return posted.some((id) => passes(this.fields[id] as Field));
  }

  #fields(ids: number | readonly number[] | undefined): Field[] {
    if (ids === undefined) return [];
    return typeof ids === 'number' ? [this.fields[ids] as Field] : ids.map((id) => this.fields[id] as Field);
  }
}
