import type { SessionBox } from './sealed-box.ts';
import { RuntimeFault } from '@sallyport/core';
import type { FlowStore } from '@sallyport/core';

/** Where sealed pieces of one session go. */
export interface Pieces {
  append(place: number, piece: Uint8Array): Promise<void>;
  readonly join: FlowStore['join'];
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** What can be made again from its pieces, in order. Pieces are what JSON can carry. */
export interface Restorable<Piece> {
  restore(piece: Piece): void;
}

/** What is kept of one session, in memory, and what of it is not in the store yet. */
export class LiveState<State extends Restorable<Piece>, Piece> {
  readonly state: State;
  /** Characters of all pieces. */
  #size = 0;
  /** Whether it threw half-way through a change: then only what the store has is true. */
  broken = false;
  /** Whether the last write failed. It is tried again with the next one. */
  failing = false;
  /** What a piece is called: of another kind, it does not open. */
  readonly #kind: string;
  readonly #box: SessionBox;
  readonly #pieces: Pieces;
  readonly #grew: (by: number) => void;
  #saved = 0;
  /** As JSON, at once: whoever owns what was learned may change it later. */
  #unsaved: string[] = [];
  /** On its way, or to be tried again byte for byte. */
  #sealed: Uint8Array | undefined;
  #saving: Promise<void> | undefined;
  #patient = false;

  /** @param grew Told of what is added to `size` */
  constructor(state: State, kind: string, box: SessionBox, pieces: Pieces, grew: (by: number) => void) {
    this.state = state;
    this.#kind = kind;
    this.#box = box;
    this.#pieces = pieces;
    this.#grew = grew;
  }

  get size(): number {
    return this.#size;
  }

  /** Whether the store has all of it. */
  get durable(): boolean {
    return this.#unsaved.length === 0 && this.#sealed === undefined;
  }

  /** What it learned thereby is durable once `save` has resolved. */
  change(make: (state: State) => readonly Piece[]): void {
    try {
      for (const piece of make(this.state)) {
        const text = JSON.stringify(piece);
        this.#unsaved.push(text);
        this.#grow(text.length);
      }
    } catch (error) {
      this.broken = true;
      throw error;
    }
  }

  /** Resolves once all of it is durable. */
  save(): Promise<void> {
    if (this.durable) return Promise.resolve();
    // What else is learned until then, and the entries that are appended, share the commit.
    return this.#saving ?? this.#save((write) => this.#pieces.join(write, true));
  }

  /** It becomes durable with what somebody waits for next. */
  savePatiently(): void {
    if (this.durable || this.#saving !== undefined || this.#patient) return;
    this.#patient = true;
    this.#pieces.join(() => {
      this.#patient = false;
      if (this.durable || this.#saving !== undefined) return;
      // Whoever waits for it later is told.
      this.#save((write) => write()).catch(() => undefined);
    }, false);
  }

  restore(stored: readonly Uint8Array[]): void {
    for (const [index, sealed] of stored.entries()) {
      const bytes = this.#box.open(`${this.#kind} ${index}`, sealed);
      for (const piece of parse(bytes) as readonly Piece[]) this.state.restore(piece);
      this.#grow(bytes.length);
    }
    this.#saved = stored.length;
  }

  #save(whenever: (write: () => void) => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#saving = promise;
    whenever(() => void this.#write().then(resolve, reject));
    return promise;
  }

  async #write(): Promise<void> {
    try {
      while (!this.durable) {
        this.#sealed ??= this.#seal();
        await this.#pieces.append(this.#saved, this.#sealed);
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

  #grow(by: number): void {
    this.#size += by;
    this.#grew(by);
  }

  /** To its place: moved, or in another session, it does not open. */
  #seal(): Uint8Array {
    const text = `[${this.#unsaved.join(',')}]`;
    this.#unsaved = [];
    return this.#box.seal(`${this.#kind} ${this.#saved}`, text);
  }
}

function parse(bytes: Uint8Array): readonly unknown[] {
  const pieces: unknown = JSON.parse(decoder.decode(bytes));
  if (Array.isArray(pieces)) return pieces;
  throw new RuntimeFault('internal', { detail: 'A sealed piece holds something else than a list.' });
}
