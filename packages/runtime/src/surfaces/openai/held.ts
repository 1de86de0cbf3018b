import { RuntimeFault, denialOf } from '@sallyport/core';
import type { ApprovalRecord, ApprovalState, Clock, Decision, Denial, JsonObject, Session } from '@sallyport/core';

/** Approvals as agents meet them. */
export interface HeldCalls {
  /** Resolves to the approval's state once it is answered, after `ms`, or when the signal fires. */
  wait(id: string, ms: number, signal: AbortSignal): Promise<ApprovalState>;
  /** The approval, when it is this agent's and this user's own. */
  stateFor(id: string, session: Session): Promise<ApprovalRecord | undefined>;
}

/** A client whose answer is kept open. */
export interface WaitingClient {
  /** Fires when it has gone. */
  readonly signal: AbortSignal;
  /** Called while a person is waited for; returns how to stop. */
  readonly keepAlive: () => () => void;
}

/** Whoever sent the request whose calls are held. */
export interface Asker {
  /** Whether they would still be let in: a person who approves may not know that their key was revoked meanwhile. */
  isStill(): Promise<boolean>;
  /** Fires when the runtime is about to stop: nobody is waited for any more. */
  readonly stopping: AbortSignal;
}

/** What was decided on one call. */
export interface Judgement {
  readonly decision: Decision;
  readonly eventId: string;
  /** What was cleared: the call's arguments, as they are to run. */
  readonly cleared: JsonObject | undefined;
}

/** What became of a call: the arguments it may run with, or its denial. */
export type Settled =
  | { readonly denial: Denial; readonly arguments?: undefined }
  | { readonly denial?: undefined; readonly arguments: JsonObject };

/** Keeps one answer open for people who are asked about its calls, up to `holdOpenMs` in all. */
export class OpenHolds {
  readonly #approvals: HeldCalls | undefined;
  readonly #holdOpenMs: number;
  readonly #clock: Clock;
  readonly #asker: Asker;
  #until: number | undefined;

  constructor(approvals: HeldCalls | undefined, holdOpenMs: number, clock: Clock, asker: Asker) {
    this.#approvals = approvals;
    this.#holdOpenMs = holdOpenMs;
    this.#clock = clock;
    this.#asker = asker;
  }

  /**
   * What becomes of a call.
   *
   * @param decide decides on the call, again where a person has answered: the monitor alone releases it
   * @throws RuntimeFault `unauthenticated` where whoever asked would not be let in any more
   */
  async settle(decide: () => Promise<Judgement>, client: WaitingClient): Promise<Settled> {
    const first = await decide();
    const state = await this.#answer(first, client);
    if (state === undefined || state === 'pending' || client.signal.aborted) return settled(first);
    if (!(await this.#asker.isStill())) throw lockedOut();
    if (state !== 'expired') return settled(await decide());
    const reasons = [{ code: 'approval_expired' as const }, ...first.decision.reasons];
    return { denial: denialOf({ ...first.decision, outcome: 'deny', reasons }, first.eventId) };
  }

  /** Undefined where nobody is waited for. A fault while waiting leaves the call held. */
  async #answer(
    { decision: { outcome, approval }, cleared }: Judgement,
    client: WaitingClient,
  ): Promise<ApprovalState | undefined> {
    if (cleared || !this.#approvals || this.#holdOpenMs === 0) return undefined;
    if (outcome !== 'require_approval' || approval === undefined) return undefined;
    this.#until ??= this.#clock.now() + this.#holdOpenMs;
    const left = this.#until - this.#clock.now();
    if (left <= 0) return undefined;
    const stop = client.keepAlive();
    try {
      return await this.#approvals.wait(approval, left, AbortSignal.any([client.signal, this.#asker.stopping]));
    } catch {
      return undefined;
    } finally {
      stop();
    }
  }
}

const lockedOut = (): RuntimeFault =>
  new RuntimeFault('unauthenticated', {
    detail:
      'The call was not released: while it waited, the credential that asked for it expired or was revoked, or its session ended.',
  });

const settled = ({ cleared, decision, eventId }: Judgement): Settled =>
  cleared ? { arguments: cleared } : { denial: denialOf(decision, eventId) };
