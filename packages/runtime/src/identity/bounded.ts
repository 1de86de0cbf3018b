interface Held<Key, Value> {
  readonly key: Key;
  readonly value: Value;
  older: Held<Key, Value> | undefined;
  newer: Held<Key, Value> | undefined;
}

/** A map that holds at most `capacity` values and drops the one that was used longest ago. */
export class BoundedMap<Key, Value> {
  readonly #held = new Map<Key, Held<Key, Value>>();
  readonly #capacity: number;
  /** Ends of a list in order of use: to take a key out of the map and put it back would cost more than to find it. */
  #newest: Held<Key, Value> | undefined;
  #oldest: Held<Key, Value> | undefined;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: Key): Value | undefined {
    const held = this.#held.get(key);
    if (held && held !== this.#newest) {
      this.#unlink(held);
      this.#append(held);
    }
    return held?.value;
  }

  delete(key: Key): void {
    const held = this.#held.get(key);
    if (!held) return;
    this.#held.delete(key);
    this.#unlink(held);
  }

  set(key: Key, value: Value): void {
    this.delete(key);
    const held = { key, value, older: undefined, newer: undefined };
    this.#held.set(key, held);
    this.#append(held);
    if (this.#held.size > this.#capacity && this.#oldest) this.delete(this.#oldest.key);
  }

  #append(held: Held<Key, Value>): void {
    held.older = this.#newest;
    held.newer = undefined;
    if (this.#newest) this.#newest.newer = held;
    else this.#oldest = held;
    this.#newest = held;
  }

  #unlink({ older, newer }: Held<Key, Value>): void {
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
  }
}
