import type { Integrity, Label } from './labels.ts';
import type { Origin } from './provenance.ts';
import { fold, placeOf, wordsOf } from './text.ts';
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

/** A part of a source that has a place of its own. */
export interface Field {
  readonly id: number;
  readonly source: SourceText;
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
  readonly typed: readonly Typed[];
}

export type NewField = Pick<Field, 'path' | 'key' | 'record' | 'structural' | 'integrity' | 'labels'> & {
  readonly raw: string;
};

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
  readonly #postings = new Map<string, number[]>();
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

  #addField(source: SourceText, { raw, ...rest }: NewField): Field {
    const text = fold(raw);
    const typed = scan(text);
    const field: Field = { ...rest, raw, id: this.fields.length, source, text, typed };
    this.fields.push(field);
    if (field.labels.length > 0) this.labelled.push(field);
    if (source.role === 'user' && field.integrity === 'user') {
      this.users.push(field);
      this.requests.push(text);
    }
    for (const word of wordsOf(text)) this.#post(word, field.id);
    for (const { kind, value } of typed) this.#post(tokenOf(kind, value), field.id);
    return field;
  }

  #post(token: string, field: number): void {
    const list = this.#postings.get(token);
    if (list === undefined) this.#postings.set(token, [field]);
    else if (list.at(-1) !== field) list.push(field);
  }

  /** Fields that hold a typed value. */
  typed(kind: Typed['kind'], value: string): Field[] {
    return this.#fields(this.#postings.get(tokenOf(kind, value)));
  }

  /** Fields that hold a folded text as whole words; `names`: not as a part of a path, host or address. */
  holding(text: string, names = false): Field[] {
    const words = wordsOf(text);
    let rarest: readonly number[] | undefined;
    for (const word of words) {
      const list = this.#postings.get(word);
      if (list === undefined) return [];
      if (rarest === undefined || list.length < rarest.length) rarest = list;
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

  #fields(ids: readonly number[] | undefined): Field[] {
    return (ids ?? []).map((id) => this.fields[id] as Field);
  }
}
