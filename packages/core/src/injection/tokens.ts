import { fold } from '../normalize/fold.ts';
import { verbLast } from './lexicon/lexicon.ts';
import type { Lexicon } from './lexicon/lexicon.ts';

/** How far the end of a sentence holds two words apart, in words. */
const sentenceGap = 7;
/** In programs a bracket or an equals sign parts what words would join. */
const codeGap = 4;

/** Words that mean something to a pattern, in the order of the text. */
export interface Hits {
  count: number;
  /** Row of the vocabulary's class sets. */
  entry: Int32Array;
  /** Number of the word in the text; the end of a sentence counts as `sentenceGap` words. */
  position: Int32Array;
  start: Int32Array;
  end: Int32Array;
}

/** Known words and their classes; words are found by one rolling hash over the text. Add all words before making sets. */
export class Vocabulary {
  readonly #classes = new Map<string, Set<number>>();
  readonly #exact = new Map<string, number>();
  readonly #stems = new Map<string, number>();
  readonly #exactBloom = new Uint8Array(1 << 15);
  readonly #stemBloom = new Uint8Array(1 << 15);
  /** Used again for every text. */
  readonly #found: Hits = {
    count: 0,
    entry: new Int32Array(64),
    position: new Int32Array(64),
    start: new Int32Array(64),
    end: new Int32Array(64),
  };

  constructor(lexicons: readonly Lexicon[]) {
    for (const lexicon of lexicons) {
      for (const [name, languages] of Object.entries(lexicon)) {
        for (const [language, words] of Object.entries(languages)) {
          const classes = verbLast.has(language) ? [name, `${name}Last`] : [name];
          for (const word of words.split(/\s+/)) for (const each of classes) this.add(each, word);
        }
      }
    }
  }

  get size(): number {
    return this.#exact.size + this.#stems.size;
  }

  add(name: string, written: string): void {
    const isStem = written.endsWith('*');
    const word = fold(isStem ? written.slice(0, -1) : written).text;
    if (!word) return;
    if (!isStem && !isUnspaced(word.charCodeAt(0))) return this.#put(name, word, this.#exact, this.#exactBloom);
    this.#put(name, word, this.#stems, this.#stemBloom);
    // A stem of look-alikes only would be read as Latin; the word that it begins may hold other letters.
    const whole = fold(`${written.slice(0, -1)}ж`).text.slice(0, -1);
    if (isStem && whole !== word) this.#put(name, whole, this.#stems, this.#stemBloom);
  }

  #put(name: string, word: string, table: Map<string, number>, bloom: Uint8Array): void {
    const entry = table.get(word) ?? this.size;
    table.set(word, entry);
    let hash = 0;
    for (let i = 0; i < word.length; i++) hash = step(hash, word.charCodeAt(i));
    bloom[slot(hash)] = 1;
    const known = this.#classes.get(name);
    if (known) known.add(entry);
    else this.#classes.set(name, new Set([entry]));
  }

  /** One byte for each known word: 1 where it belongs to one of the classes. */
  setOf(names: readonly string[]): Uint8Array {
    const set = new Uint8Array(this.size);
    for (const name of names) {
      const entries = this.#classes.get(name);
      if (!entries) throw new RangeError(`A pattern names the class ${name}, which no lexicon has.`);
      for (const entry of entries) set[entry] = 1;
    }
    return set;
  }

  /** Known words of a folded text, until the next call. Linear in its length. */
  hits(text: string): Hits {
    const found = this.#found;
    found.count = 0;
    let position = 0;
    for (let at = 0; at < text.length;) {
      const code = text.charCodeAt(at);
      if (isUnspaced(code)) {
        const end = this.#unspaced(text, at, position, found);
        position += Math.ceil((end - at) / 2);
        at = end;
      } else if (isWord(code)) {
        const end = this.#word(text, at, position, found);
        position++;
        at = end;
      } else {
        if (isSentenceEnd(text, at, code)) position += sentenceGap;
        else if (isCode(code)) position += codeGap;
        else if (code === 0x5f) position++;
        at++;
      }
    }
    return found;
  }

  #word(text: string, start: number, position: number, found: Hits): number {
    let hash = 0;
    let stem = -1;
    let at = start;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (!isWord(code) || isUnspaced(code)) break;
      hash = step(hash, code);
      if (this.#stemBloom[slot(hash)] === 1) stem = this.#stems.get(text.slice(start, at + 1)) ?? stem;
    }
    const exact = this.#exactBloom[slot(hash)] === 1 ? this.#exact.get(text.slice(start, at)) : undefined;
    const entry = exact ?? stem;
    if (entry >= 0) keep(found, entry, position, start, at);
    return at;
  }

  /** Scripts without blanks between words: the longest known word at each place. */
  #unspaced(text: string, start: number, position: number, found: Hits): number {
    let at = start;
    while (at < text.length && isUnspaced(text.charCodeAt(at))) {
      let hash = 0;
      let entry = -1;
      let end = at + 1;
      for (let next = at; next < text.length && next < at + 16; next++) {
        const code = text.charCodeAt(next);
        if (!isUnspaced(code)) break;
        hash = step(hash, code);
        if (this.#stemBloom[slot(hash)] !== 1) continue;
        const known = this.#stems.get(text.slice(at, next + 1));
        if (known === undefined) continue;
        entry = known;
        end = next + 1;
      }
      if (entry >= 0) keep(found, entry, position + ((at - start) >> 1), at, end);
      at = end;
    }
    return at;
  }
}

const step = (hash: number, code: number): number => (Math.imul(hash, 0x01000193) ^ code) + 0x9e37;
const slot = (hash: number): number => ((hash >>> 17) ^ hash) & 0x7fff;

function keep(found: Hits, entry: number, position: number, start: number, end: number): void {
  if (found.count === found.entry.length) {
    for (const name of ['entry', 'position', 'start', 'end'] as const) {
      const grown = new Int32Array(found.count * 2);
      grown.set(found[name]);
      found[name] = grown;
    }
  }
  const i = found.count++;
  found.entry[i] = entry;
  found.position[i] = position;
  found.start[i] = start;
  found.end[i] = end;
}

/** Letters, digits, the apostrophe, and everything beyond ASCII but general punctuation. */
const isWord = (code: number): boolean =>
  (code >= 97 && code <= 122) ||
  (code >= 48 && code <= 57) ||
  code === 0x27 ||
  (code > 0xa0 && !(code >= 0x2000 && code <= 0x206f) && !(code >= 0x3000 && code <= 0x303f) && code !== 0x964);

const isUnspaced = (code: number): boolean =>
  code >= 0xe00 &&
  (code <= 0xedf ||
    (code >= 0x1000 && code <= 0x109f) ||
    (code >= 0x1780 && code <= 0x17ff) ||
    (code >= 0x3040 && code <= 0x30ff) ||
    (code >= 0x3400 && code <= 0x9fff));

const isCode = (code: number): boolean =>
  code === 0x28 || code === 0x29 || code === 0x3d || code === 0x7b || code === 0x7c || code === 0x7d;

function isSentenceEnd(text: string, at: number, code: number): boolean {
  if (code === 0x2e || code === 0x21 || code === 0x3f || code === 0x3b) {
    const next = text.charCodeAt(at + 1);
    return Number.isNaN(next) || next <= 0x20 || next === 0x22 || next === 0x29;
  }
  if (code === 0x0a) return text.charCodeAt(at + 1) === 0x0a;
  return code === 0x3002 || code === 0x964;
}
