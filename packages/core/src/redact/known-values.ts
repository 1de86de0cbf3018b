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
  /** Of values that begin alike, how long they are, longest first: few lengths, however many values. */
  readonly #lengths = new Map<string, number[]>();
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
    for (const length of this.#lengths.get(text.slice(at, at + head)) ?? []) {
      const type = this.#types.get(text.slice(at, at + length));
      if (type !== undefined && standsAlone(text, at, at + length)) return { start: at, end: at + length, type };
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
    this.#types.set(value, type);
    const key = value.slice(0, head);
    const lengths = this.#lengths.get(key) ?? [];
    const all = new Set([...lengths, value.length]);
    this.#lengths.set(
      key,
      [...all].toSorted((a, b) => b - a),
    );
    this.#heads[slotOf(value, 0)] = 1;
  }
}

/** Digits or signs in it, or two words: no single plain word. */
export const isDistinctive = (value: string): boolean =>
  value.length >= shortest && (/[\d@]/.test(value) || /\S\s+\S/.test(value) || value.length >= 20);

function standsAlone(text: string, start: number, end: number): boolean {
  const inside = (at: number): boolean => wordChar.test(text.charAt(at));
  return !(inside(start) && start > 0 && inside(start - 1)) && !(inside(end - 1) && inside(end));
}

const slotOf = (text: string, at: number): number =>
  (((text.charCodeAt(at) * 31 + text.charCodeAt(at + 1)) * 31 + text.charCodeAt(at + 2)) * 31 +
    text.charCodeAt(at + 3)) &
  0xffff;
