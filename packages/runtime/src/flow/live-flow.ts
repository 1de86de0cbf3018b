import type { Flow } from './session-flows.ts';
import type { SessionBox } from './sealed-box.ts';
import { RuntimeFault } from '@sallyport/core';

/** Places sealed pieces in the store, from the place `from` on. */
type Append = (from: number, pieces: readonly Uint8Array[]) => Promise<void>;

const maxPerWrite = 100;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** A session's flow in memory, and what of it is not in the store yet. */
export class LiveFlow<Piece, View> {
  readonly flow: Flow<Piece, View>;
  /** Bytes of all pieces. */
  size = 0;
  /** Whether it threw half-way through a change: then only what the store has is true. */
  broken = false;
  /** Whether the last write failed. It is tried again with the next one. */
  failing = false;
  readonly #box: SessionBox;
  readonly #append: Append;
  #saved = 0;
  #unsaved: Uint8Array[] = [];
  #saving: Promise<void> | undefined;

  constructor(flow: Flow<Piece, View>, box: SessionBox, append: Append) {
    this.flow = flow;
    this.#box = box;
    this.#append = append;
  }

  /** Whether the store has all of it. */
  get durable(): boolean {
    return this.#unsaved.length === 0;
  }

  change(make: (flow: Flow<Piece, View>) => readonly Piece[]): readonly Piece[] {
    try {
      return make(this.flow);
    } catch (error) {
      this.broken = true;
      throw error;
    }
  }

  /** Starts to write what is new, sealed at once to its place: moved, or in another session, it does not open. */
  keep(pieces: readonly Piece[]): void {
    if (pieces.length === 0) return;
    const bytes = encoder.encode(JSON.stringify(pieces));
    this.#unsaved.push(this.#box.seal(placeOf(this.#saved + this.#unsaved.length), bytes));
    this.size += bytes.length;
    // Whoever needs it durable asks again, and gets the fault then.
    this.save().catch(() => undefined);
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
      while (this.#unsaved.length > 0) {
        const batch = this.#unsaved.slice(0, maxPerWrite);
        await this.#append(this.#saved, batch);
        this.#saved += batch.length;
        this.#unsaved = this.#unsaved.slice(batch.length);
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
}

const placeOf = (index: number): string => `piece ${index}`;

function parse(bytes: Uint8Array): readonly unknown[] {
  const pieces: unknown = JSON.parse(decoder.decode(bytes));
  if (Array.isArray(pieces)) return pieces;
  throw new RuntimeFault('internal', { detail: 'A piece of flow holds something else than a list.' });
}
