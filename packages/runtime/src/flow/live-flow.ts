import type { Flow } from './session-flows.ts';
import type { SessionBox } from './sealed-box.ts';
import { RuntimeFault } from '@sallyport/core';

/** Places a sealed piece in the store. */
type Append = (place: number, piece: Uint8Array) => Promise<void>;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** A session's flow in memory, and what of it is not in the store yet. */
export class LiveFlow<Piece, View> {
  readonly flow: Flow<Piece, View>;
  /** Characters of all pieces. */
  size = 0;
  /** Whether it threw half-way through a change: then only what the store has is true. */
  broken = false;
  /** Whether the last write failed. It is tried again with the next one. */
  failing = false;
  readonly #box: SessionBox;
  readonly #append: Append;
  #saved = 0;
  /** As JSON, at once: whoever owns what was learned may change it later. */
  #unsaved: string[] = [];
  /** On its way, or to be tried again byte for byte. */
  #sealed: Uint8Array | undefined;
  #saving: Promise<void> | undefined;

  constructor(flow: Flow<Piece, View>, box: SessionBox, append: Append) {
    this.flow = flow;
    this.#box = box;
    this.#append = append;
  }

  /** Whether the store has all of it. */
  get durable(): boolean {
    return this.#unsaved.length === 0 && this.#sealed === undefined;
  }

  /** What it learned thereby is durable once `save` has resolved. */
  change(make: (flow: Flow<Piece, View>) => readonly Piece[]): void {
    try {
      for (const piece of make(this.flow)) {
        const text = JSON.stringify(piece);
        this.#unsaved.push(text);
        this.size += text.length;
      }
    } catch (error) {
      this.broken = true;
      throw error;
    }
  }

  /** Resolves once all of it is durable. */
  save(): Promise<void> {
    if (this.durable) return Promise.resolve();
    this.#saving ??= this.#write();
    return this.#saving;
  }

  restore(stored: readonly Uint8Array[]): void {
    for (const [index, sealed] of stored.entries()) {
      const bytes = this.#box.open(placeOf(index), sealed);
      for (const piece of parse(bytes) as readonly Piece[]) this.flow.restore(piece);
      this.size += bytes.length;
    }
    this.#saved = stored.length;
  }

  async #write(): Promise<void> {
    try {
      // Not at once: what else this turn of the event loop learns, and the entries it appends, share the commit.
      await new Promise(setImmediate);
      while (!this.durable) {
        this.#sealed ??= this.#seal();
        await this.#append(this.#saved, this.#sealed);
        this.#saved += 1;
        this.#sealed = undefined;
      }
      this.failing = false;
    } catch (error) {
      this.failing = true;
      throw error;
    } finally {
      // In the same turn in which the last piece was seen: one that comes later must not take this write for its own.
      this.#saving = undefined;
    }
  }

  /** To its place: moved, or in another session, it does not open. */
  #seal(): Uint8Array {
    const bytes = encoder.encode(`[${this.#unsaved.join(',')}]`);
    this.#unsaved = [];
    return this.#box.seal(placeOf(this.#saved), bytes);
  }
}

const placeOf = (index: number): string => `piece ${index}`;

function parse(bytes: Uint8Array): readonly unknown[] {
  const pieces: unknown = JSON.parse(decoder.decode(bytes));
  if (Array.isArray(pieces)) return pieces;
  throw new RuntimeFault('internal', { detail: 'A piece of flow holds something else than a list.' });
}
