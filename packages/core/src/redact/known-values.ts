import type { Vault } from '../ports.ts';

/** A value that has a token already, where it stands again. */
export interface KnownValue {
  readonly start: number;
  readonly end: number;
  readonly type: string;
}

/** Looked up by so many characters. */
const head = 4;
const shortest = 5;
/** `password: ann@shop.example` in a stranger's text must not withhold the address from every call. */
const isAddress = /@|:\/\//;
const wordChar = /^[\p{L}\p{N}]$/u;

/**
 * Finds values that have a token wherever they stand again, with or without the words by which they were told the first
 * time: a restored argument comes back in the history, a number that was labelled once is repeated bare. Only values that
 * no other text is likely to hold: who wrote `password: invoice` must not take the word from everybody.
 */
export class KnownValues {
  readonly #vault: Vault;
  readonly #types = new Map<string, string>();
  readonly #alike = new Map<string, Alike>();
  readonly #heads = new Uint8Array(65_536);
  #taken = 0;

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  find(text: string): KnownValue[] {
    this.#take();
    const found: KnownValue[] = [];
    if (this.#types.size === 0) return found;
    for (let at = 0; at + shortest <= text.length; at++) {
      if (this.#heads[slotOf(text, at)] === 0) continue;
      const match = this.#matchAt(text, at);
      if (!match) continue;
      found.push(match);
      at = match.end - 1;
    }
    return found;
  }

  #matchAt(text: string, at: number): KnownValue | undefined {
    const alike = this.#alike.get(text.slice(at, at + head));
    if (!alike || isWithinWord(text, at)) return undefined;
    for (const value of alike.prefixesOf(text, at)) {
      const end = at + value.length;
      if (!isWithinWord(text, end)) return { start: at, end, type: this.#types.get(value) as string };
    }
    return undefined;
  }

  #take(): void {
    for (const { type, value } of this.#vault.given(this.#taken)) {
      if (!isDistinctive(value) || (type === 'PASSWORD' && isAddress.test(value))) continue;
      // As it stands in JSON too.
      for (const form of new Set([value, JSON.stringify(value).slice(1, -1)])) this.#add(form, type);
    }
    this.#taken = this.#vault.size;
  }

  #add(value: string, type: string): void {
    const isNew = !this.#types.has(value);
    this.#types.set(value, type);
    const key = value.slice(0, head);
    const alike = this.#alike.get(key) ?? new Alike();
    this.#alike.set(key, alike);
    if (isNew) alike.add(value);
    this.#heads[slotOf(value, 0)] = 1;
  }
}

/**
 * Values that begin alike, in order: who has many of them written, each a little longer, must not have every place of a
 * text compared with all of them.
 */
class Alike {
  #values: string[] = [];
  /** Of each, the place of the longest other that it begins with; -1 where there is none. */
  #within: number[] = [];
  #longest = 0;
  #isOrdered = true;

  add(value: string): void {
    this.#values.push(value);
    this.#longest = Math.max(this.#longest, value.length);
    this.#isOrdered = false;
  }

  /** Those that stand at a place, longest first: the last that is no greater than the text there, or what it begins with. */
  *prefixesOf(text: string, at: number): Generator<string> {
    if (!this.#isOrdered) this.#order();
    const rest = text.slice(at, at + this.#longest);
    let low = 0;
    let high = this.#values.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#values[middle] as string) <= rest) low = middle + 1;
      else high = middle;
    }
    for (let index = low - 1; index >= 0; index = this.#within[index] as number) {
      const value = this.#values[index] as string;
      if (rest.startsWith(value)) yield value;
    }
  }

  #order(): void {
    this.#values.sort();
    const open: number[] = [];
    this.#within = this.#values.map((value, index) => {
      while (open.length > 0 && !value.startsWith(this.#values[open.at(-1) as number] as string)) open.pop();
      const within = open.at(-1) ?? -1;
      open.push(index);
      return within;
    });
    this.#isOrdered = true;
  }
}

/** Digits or signs in it, or two words: no single plain word. */
export const isDistinctive = (value: string): boolean =>
  value.length >= shortest && (/[\d@]/.test(value) || /\S\s+\S/.test(value) || value.length >= 20);

const isWithinWord = (text: string, at: number): boolean =>
  at > 0 && wordChar.test(text.charAt(at - 1)) && wordChar.test(text.charAt(at));

const slotOf = (text: string, at: number): number =>
  (((text.charCodeAt(at) * 31 + text.charCodeAt(at + 1)) * 31 + text.charCodeAt(at + 2)) * 31 +
    text.charCodeAt(at + 3)) &
  0xffff;
