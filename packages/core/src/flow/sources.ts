import type { Integrity, Label } from './labels.ts';
import type { Origin } from './provenance.ts';
import { placeOf, wordsOf } from './text.ts';
import { finders, tokenOf, valueKinds, type Find, type Typed, type ValueKind } from './typed.ts';

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
}

export type NewField = Omit<Field, 'id' | 'source'>;

/** Fields by the values that one finder finds in them. Most fields are only ever looked at for words. */
interface Scanned {
  /** Fields before this one were scanned. */
  before: number;
  /** By field, where there are any. */
  readonly values: Map<number, readonly Typed[]>;
}

/** Fields by id, in order. Most words and values stand in one. */
type Posted = number | number[];

/** So many characters at most wait to be scanned: no call has to wait for more. */
const maxUnscanned = 262_144;

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
  /** By word and by typed value. */
  readonly #postings = new Map<string, Posted>();
  readonly #scanned = new Map<Find, Scanned>();
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
    const { path, key, record, structural, integrity, labels, text, raw } = made;
    const id = this.fields.length;
    const field: Field = { id, source, path, key, record, structural, integrity, labels, text, raw };
    this.fields.push(field);
    if (labels.length > 0) this.labelled.push(field);
    if (source.role === 'user' && integrity === 'user') {
      this.users.push(field);
      this.requests.push(text);
    }
    for (const word of wordsOf(text)) this.#post(word, id);
    this.#unscanned += text.length;
    if (this.#unscanned > maxUnscanned) {
      for (const kind of valueKinds) this.#scan(kind);
      this.#unscanned = 0;
    }
    return field;
  }

  #scan(kind: ValueKind): Scanned {
    const find = finders[kind];
    let scanned = this.#scanned.get(find);
    if (!scanned) this.#scanned.set(find, (scanned = { before: 0, values: new Map() }));
    for (; scanned.before < this.fields.length; scanned.before++) {
      const found = find((this.fields[scanned.before] as Field).text);
      if (found.length === 0) continue;
      scanned.values.set(scanned.before, found);
      for (const { kind: own, value } of found) this.#post(tokenOf(own, value), scanned.before);
    }
    return scanned;
  }

  #post(token: string, field: number): void {
    const posted = this.#postings.get(token);
    if (posted === undefined) this.#postings.set(token, field);
    else if (typeof posted !== 'number') {
      if (posted[posted.length - 1] !== field) posted.push(field);
    } else if (posted !== field) this.#postings.set(token, [posted, field]);
  }

  /** Fields that hold a typed value. */
  typed(kind: ValueKind, value: string): Field[] {
    this.#scan(kind);
    return this.#fields(this.#postings.get(tokenOf(kind, value)));
  }

  /** The values of a kind in a field, with those that are found together with them: dates and times, addresses and hosts. */
  valuesIn({ id }: Field, kind: ValueKind): readonly Typed[] {
    return this.#scan(kind).values.get(id) ?? [];
  }

  /** Fields that hold a folded text as whole words; `names`: not as a part of a path, host or address. */
  holding(text: string, names = false): Field[] {
    const fields = this.#fields(this.#rarest(text));
    return fields.length === 0 ? fields : fields.filter((field) => placeOf(field.text, text, names) !== -1);
  }

  /** Whether a text of the user's own holds a folded text as whole words. */
  isSaidByUser(text: string): boolean {
    if (this.users.length === 0) return false;
    return this.#fields(this.#rarest(text)).some(
      ({ source, integrity, text: own }) => source.role === 'user' && integrity === 'user' && placeOf(own, text) !== -1,
    );
  }

  /** Fields that hold one word of a folded text, the word that the fewest hold; none where one word is held by none. */
  #rarest(text: string): Posted | undefined {
    let rarest: Posted | undefined;
    let least = Infinity;
    for (const word of wordsOf(text)) {
      const posted = this.#postings.get(word);
      if (posted === undefined) return undefined;
      const count = typeof posted === 'number' ? 1 : posted.length;
      if (count >= least) continue;
      rarest = posted;
      least = count;
    }
    return rarest;
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

  #fields(ids: Posted | undefined): Field[] {
    if (ids === undefined) return [];
    return typeof ids === 'number' ? [this.fields[ids] as Field] : ids.map((id) => this.fields[id] as Field);
  }
}
