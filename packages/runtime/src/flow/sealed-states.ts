import type { Clock, FlowStore, Session } from '@sallyport/core';
import { RuntimeFault, isOpen } from '@sallyport/core';
import type { SealedBox, SessionBox } from './sealed-box.ts';
import { LiveState, type Restorable } from './live-state.ts';

export interface SealedStatesOptions<State> {
  /** A state that knows nothing yet. */
  readonly create: () => State;
  readonly store: Omit<FlowStore, 'salt'>;
  readonly box: SealedBox;
  readonly clock: Pick<Clock, 'now'>;
  /** What a piece is called. */
  readonly kind: string;
  /** How many stay in memory, and how many bytes of pieces; the others are read again when they are needed. */
  readonly maxLive: number;
  readonly maxLiveBytes: number;
}

/**
 * What is kept of each session: in memory while it is used, sealed in the store from the moment it matters. Keyed by session
 * and by nothing else. What cannot be kept or read again rejects, so that the monitor denies.
 */
export class SealedStates<State extends Restorable<Piece>, Piece> {
  readonly #options: SealedStatesOptions<State>;
  /** Used last comes last. */
  readonly #live = new Map<string, LiveState<State, Piece>>();
  /** The sum of their sizes. */
  #bytes = 0;
  readonly #loading = new Map<string, Promise<LiveState<State, Piece>>>();

  constructor(options: SealedStatesOptions<State>) {
    this.#options = options;
  }

  /** Forgets the session, and destroys what was kept of it. To be called once the store knows that it has ended. */
  async end(sessionId: string): Promise<void> {
    const live = this.#live.get(sessionId);
    this.#drop(sessionId);
    this.#loading.delete(sessionId);
    await live?.save().catch(() => undefined);
    await this.#options.store.delete(sessionId);
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#live.values()].map((live) => live.save()));
  }

  /** What is in memory, whatever became of the session. */
  peek(sessionId: string): LiveState<State, Piece> | undefined {
    return this.#live.get(sessionId);
  }

  /** What is in memory of an open session. @throws RuntimeFault `conflict` once it has ended */
  known(session: Session): LiveState<State, Piece> | undefined {
    const live = this.#live.get(session.id);
    if (!live || live.broken) return undefined;
    requireOpen(session, this.#options.clock.now());
    this.#live.delete(session.id);
    this.#live.set(session.id, live);
    return live;
  }

  /** Acts on the session's state once all of it is durable, in the same turn in which that was seen. */
  async with<T>(session: Session, act: (live: LiveState<State, Piece>) => T): Promise<T> {
    for (;;) {
      const live = this.#live.get(session.id) ?? (await this.#load(session));
      if (!live.durable) await live.save();
      // It may have ended while we waited, and its pieces with it: then there is nothing to judge by.
      requireOpen(session, this.#options.clock.now());
      if (this.#live.get(session.id) !== live || !live.durable) continue;
      if (!live.broken) return act(live);
      this.#drop(session.id);
    }
  }

  #load(session: Session): Promise<LiveState<State, Piece>> {
    const { id } = session;
    const under = this.#loading.get(id);
    if (under) return under;
    let loading: Promise<LiveState<State, Piece>> | undefined;
    const load = async () => {
      const box = await this.#options.box.of(id);
      const live = this.#restored(id, box, await this.#options.store.load(id));
      // `end` takes the entry away: what was read before it must not come to life after it.
      if (this.#loading.get(id) === loading) {
        this.#live.set(id, live);
        this.#bytes += live.size;
        this.evict(live);
      }
      return live;
    };
    loading = load().finally(() => {
      if (this.#loading.get(id) === loading) this.#loading.delete(id);
    });
    this.#loading.set(id, loading);
    return loading;
  }

  #restored(id: string, box: SessionBox, stored: readonly Uint8Array[]): LiveState<State, Piece> {
    const { create, store, kind } = this.#options;
    const pieces = {
      append: (place: number, piece: Uint8Array) => store.append(id, place, [piece]),
      join: store.join,
    };
    const live = new LiveState<State, Piece>(create(), kind, box, pieces, (by) => {
      if (this.#live.get(id) === live) this.#bytes += by;
    });
    live.restore(stored);
    return live;
  }

  /** Only what is durable may go: it is read again when it is needed. */
  evict(used: LiveState<State, Piece>): void {
    const { maxLive, maxLiveBytes } = this.#options;
    if (this.#live.size <= maxLive && this.#bytes <= maxLiveBytes) return;
    for (const [id, live] of this.#live) {
      if (this.#live.size <= maxLive && this.#bytes <= maxLiveBytes) return;
      if (live !== used && live.durable) this.#drop(id);
    }
  }

  #drop(id: string): void {
    this.#bytes -= this.#live.get(id)?.size ?? 0;
    this.#live.delete(id);
  }
}

/** @throws RuntimeFault `conflict` */
export function requireOpen(session: Session, now: number): void {
  if (isOpen(session, now)) return;
  throw new RuntimeFault('conflict', { detail: `Session ${session.id} has ended: what it had read was destroyed.` });
}
