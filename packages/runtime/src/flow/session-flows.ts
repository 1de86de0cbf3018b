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
import type { LiveState } from './live-state.ts';
import type { SealedBox } from './sealed-box.ts';
import { SealedStates, requireOpen } from './sealed-states.ts';

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
  readonly clock: Pick<Clock, 'now'>;
  /** How many flows stay in memory, and how many bytes of pieces; the others are read again when they are needed. */
  readonly maxLive?: number;
  readonly maxLiveBytes?: number;
}

type Live<Piece, View> = LiveState<Flow<Piece, View>, Piece>;

/**
 * The flow of each session: in memory while it is used, sealed in the store from the moment it matters. Keyed by session
 * and by nothing else. What cannot be kept or read again rejects, so that the monitor denies: a flow that came back empty
 * would take a stranger's words for nobody's.
 */
export class SessionFlows<Piece, View> implements FlowStates {
  readonly #clock: SessionFlowsOptions<Piece, View>['clock'];
  readonly #states: SealedStates<Flow<Piece, View>, Piece>;

  constructor({ maxLive = 500, maxLiveBytes = 256 * 1024 * 1024, ...options }: SessionFlowsOptions<Piece, View>) {
    this.#clock = options.clock;
    this.#states = new SealedStates({ ...options, kind: 'piece', maxLive, maxLiveBytes });
  }

  /** Does not wait for what it learned to be durable: `settle` does, without which no call is cleared. */
  learn(event: UserMessage | ModelRequest | ToolResult, session: Session): void | Promise<void> {
    const learn = (live: Live<Piece, View>): void => {
      live.change((flow) => flow.learn(event));
      this.#states.evict(live);
      // In the commit of the entry of the decision on it, before which the agent reads nothing: what a crash loses of the
      // one, it loses of the other. Where the operator chose not to wait for that entry, a little later.
      live.savePatiently();
    };
    const live = this.#states.known(session);
    return live && !live.failing ? learn(live) : this.#states.with(session, learn);
  }

  trace(call: ToolCall, session: Session): Trace | Promise<Trace> {
    const trace = ({ state }: Live<Piece, View>): Trace => state.trace(call, session);
    const live = this.#states.known(session);
    // A write that failed is waited for: nothing is judged by what could not be kept.
    return live && !live.failing ? trace(live) : this.#states.with(session, trace);
  }

  /** Resolves once all that the session has read and done is durable. */
  async settle(call: ToolCall, session: Session, decision: Decision): Promise<void> {
    const settle = (live: Live<Piece, View>): { readonly saved: Promise<void> } => {
      live.change((flow) => flow.settle(call, decision));
      this.#states.evict(live);
      // In an object, so that it is not waited for before the next one of this session may come.
      return { saved: live.save() };
    };
    const live = this.#states.known(session);
    const { saved } = live && !live.failing ? settle(live) : await this.#states.with(session, settle);
    await saved;
    // It may have ended while we waited, and its pieces with it.
    requireOpen(session, this.#clock.now());
  }

  /** What the session has read. @throws RuntimeFault `conflict` once it has ended */
  async describe(session: Session): Promise<View> {
    return await this.#states.with(session, ({ state }) => state.describe());
  }

  /** Forgets the session, and destroys what was kept of it. To be called once the store knows that it has ended. */
  async end(sessionId: string): Promise<void> {
    await this.#states.end(sessionId);
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await this.#states.close();
  }
}
