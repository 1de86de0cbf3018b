import type {
  Clock,
  Decision,
  FlowStates,
  FlowStore,
  ModelRequest,
  Session,
  ToolCall,
  ToolResult,
  Trace,
  UserMessage,
} from '@sallyport/core';
import { RuntimeFault, isOpen } from '@sallyport/core';
import type { SealedBox, SessionBox } from './sealed-box.ts';
import { LiveFlow } from './live-flow.ts';

/** What one session has read, in memory: core's SessionFlow. Pieces are what JSON can carry. */
export interface Flow<Piece, View> {
  learn(event: UserMessage | ModelRequest | ToolResult): readonly Piece[];
  trace(call: ToolCall, session: Session): Trace;
  settle(call: ToolCall, decision: Decision): readonly Piece[];
  restore(piece: Piece): void;
  describe(): View;
}

export interface SessionFlowsOptions<Piece, View> {
  /** A flow that has read nothing. */
  readonly create: () => Flow<Piece, View>;
  readonly store: FlowStore;
  readonly box: SealedBox;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** How many flows stay in memory, and how many bytes of pieces; the others are read again when they are needed. */
  readonly maxLive?: number;
  readonly maxLiveBytes?: number;
}

/** For how long what was learned may wait for a call to come, in milliseconds. */
const lingerMs = 20;

/**
 * The flow of each session: in memory while it is used, sealed in the store from the moment it matters. Keyed by session
 * and by nothing else. What cannot be kept or read again rejects, so that the monitor denies: a flow that came back empty
 * would take a stranger's words for nobody's.
 */
export class SessionFlows<Piece, View> implements FlowStates {
  readonly #options: Required<SessionFlowsOptions<Piece, View>>;
  /** Used last comes last. */
  readonly #live = new Map<string, LiveFlow<Piece, View>>();
  readonly #loading = new Map<string, Promise<LiveFlow<Piece, View>>>();

  constructor(options: SessionFlowsOptions<Piece, View>) {
    this.#options = { maxLive: 500, maxLiveBytes: 256 * 1024 * 1024, ...options };
  }

  /** Does not wait for what it learned to be durable: `settle` does, without which no call is cleared. */
  learn(event: UserMessage | ModelRequest | ToolResult, session: Session): void | Promise<void> {
    const learn = (live: LiveFlow<Piece, View>): void => {
      live.change((flow) => flow.learn(event));
      this.#evict(live);
      // A call usually follows, whose commit it then shares.
      if (!live.durable) this.#options.clock.after(lingerMs, () => void live.save().catch(() => undefined));
    };
    const live = this.#known(session);
    return live && !live.failing ? learn(live) : this.#with(session, learn);
  }

  trace(call: ToolCall, session: Session): Trace | Promise<Trace> {
    const trace = ({ flow }: LiveFlow<Piece, View>): Trace => flow.trace(call, session);
    const live = this.#known(session);
    // A write that failed is waited for: nothing is judged by what could not be kept.
    return live && !live.failing ? trace(live) : this.#with(session, trace);
  }

  /** Resolves once all that the session has read and done is durable. */
  async settle(call: ToolCall, session: Session, decision: Decision): Promise<void> {
    const settle = (live: LiveFlow<Piece, View>): { readonly saved: Promise<void> } => {
      live.change((flow) => flow.settle(call, decision));
      this.#evict(live);
      // In an object, so that it is not waited for before the next one of this session may come.
      return { saved: live.save() };
    };
    const live = this.#known(session);
    const { saved } = live && !live.failing ? settle(live) : await this.#with(session, settle);
    await saved;
    // It may have ended while we waited, and its pieces with it.
    requireOpen(session, this.#options.clock.now());
  }

  /** What the session has read. @throws RuntimeFault `conflict` once it has ended */
  async describe(session: Session): Promise<View> {
    return await this.#with(session, ({ flow }) => flow.describe());
  }

  /** Forgets the session, and destroys what was kept of it. To be called once the store knows that it has ended. */
  async end(sessionId: string): Promise<void> {
    const live = this.#live.get(sessionId);
    this.#live.delete(sessionId);
    this.#loading.delete(sessionId);
    await live?.save().catch(() => undefined);
    await this.#options.store.delete(sessionId);
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#live.values()].map((live) => live.save()));
  }

  #known(session: Session): LiveFlow<Piece, View> | undefined {
    const live = this.#live.get(session.id);
    if (!live || live.broken) return undefined;
    requireOpen(session, this.#options.clock.now());
    this.#live.delete(session.id);
    this.#live.set(session.id, live);
    return live;
  }

  /** Acts on the session's flow once all of it is durable, in the same turn in which that was seen. */
  async #with<T>(session: Session, act: (live: LiveFlow<Piece, View>) => T): Promise<T> {
    for (;;) {
      const live = this.#live.get(session.id) ?? (await this.#load(session));
      if (!live.durable) await live.save();
      // It may have ended while we waited, and its pieces with it: then there is nothing to judge by.
      requireOpen(session, this.#options.clock.now());
      if (this.#live.get(session.id) !== live || !live.durable) continue;
      if (!live.broken) return act(live);
      this.#live.delete(session.id);
    }
  }

  #load(session: Session): Promise<LiveFlow<Piece, View>> {
    const { id } = session;
    const under = this.#loading.get(id);
    if (under) return under;
    let loading: Promise<LiveFlow<Piece, View>> | undefined;
    const load = async () => {
      const box = await this.#options.box.of(id);
      const live = this.#restored(id, box, await this.#options.store.load(id));
      // `end` takes the entry away: what was read before it must not come to life after it.
      if (this.#loading.get(id) === loading) {
        this.#live.set(id, live);
        this.#evict(live);
      }
      return live;
    };
    loading = load().finally(() => {
      if (this.#loading.get(id) === loading) this.#loading.delete(id);
    });
    this.#loading.set(id, loading);
    return loading;
  }

  #restored(id: string, box: SessionBox, stored: readonly Uint8Array[]): LiveFlow<Piece, View> {
    const { create, store } = this.#options;
    const live = new LiveFlow(create(), box, (place, piece) => store.append(id, place, [piece]));
    live.restore(stored);
    return live;
  }

  /** Only what is durable may go: it is read again when it is needed. */
  #evict(used: LiveFlow<Piece, View>): void {
    const { maxLive, maxLiveBytes } = this.#options;
    let bytes = 0;
    for (const { size } of this.#live.values()) bytes += size;
    for (const [id, live] of this.#live) {
      if (this.#live.size <= maxLive && bytes <= maxLiveBytes) return;
      if (live === used || !live.durable) continue;
      this.#live.delete(id);
      bytes -= live.size;
    }
  }
}

function requireOpen(session: Session, now: number): void {
  if (isOpen(session, now)) return;
  throw new RuntimeFault('conflict', { detail: `Session ${session.id} has ended: what it had read was destroyed.` });
}
