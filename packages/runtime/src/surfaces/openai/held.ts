import { denialOf } from '@sallyport/core';
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
  #until: number | undefined;

  constructor(approvals: HeldCalls | undefined, holdOpenMs: number, clock: Clock) {
    this.#approvals = approvals;
    this.#holdOpenMs = holdOpenMs;
    this.#clock = clock;
  }

  /**
   * What becomes of a call.
   *
   * @param decide decides on the call, again where a person has answered: the monitor alone releases it
   */
  async settle(decide: () => Promise<Judgement>, client: WaitingClient): Promise<Settled> {
    const first = await decide();
    const state = await this.#answer(first, client);
    if (state === undefined || state === 'pending' || client.signal.aborted) return settled(first);
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
      return await this.#approvals.wait(approval, left, client.signal);
    } catch {
      return undefined;
    } finally {
      stop();
    }
  }
}

const settled = ({ cleared, decision, eventId }: Judgement): Settled =>
  cleared ? { arguments: cleared } : { denial: denialOf(decision, eventId) };
