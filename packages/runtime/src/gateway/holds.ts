import type { ApprovalRecord, ApprovalState, Clock, Decision, JsonObject, Session } from '@sallyport/core';
import { RuntimeFault, approvalNotice } from '@sallyport/core';
import type { Exchange } from './exchange.ts';

/** Approvals, as the gateway meets them. */
export interface GatewayApprovals {
  /** Resolves to the approval's state once it is answered, after `ms`, or when the signal fires. */
  wait(id: string, ms: number, signal: AbortSignal): Promise<ApprovalState>;
  /** The approval, when it is this agent's and this user's own. */
  stateFor(id: string, session: Session): Promise<ApprovalRecord | undefined>;
}

export interface HoldServices {
  readonly approvals: GatewayApprovals;
  /** Where a person answers it. */
  readonly approvalUrl: (id: string) => string;
  readonly holdOpenMs: number;
  readonly clock: Clock;
}

/** A client that says it has waited is asked so often, each time after so long: it may be a program that always says so. */
const maxRounds = 30;
const leastWaitMs = 10_000;
const progressMs = 10_000;
const leastProgress = 1e-6;

/**
 * Waits for a person, as the client can: by an elicitation that leads to the approval, else with the request held open. It is
 * the approver who decides, signed in elsewhere: whatever the client answers, it only says whether it wants to wait.
 */
export class Holds {
  readonly #services: HoldServices;
  readonly #stopping = new AbortController();

  constructor(services: HoldServices) {
    this.#services = services;
  }

  /**
   * Resolves to whether it was answered: then the call is to be decided again.
   *
   * @throws RuntimeFault `unauthenticated` where whoever asked would not be let in any more
   */
  async answered(exchange: Exchange, { approval: id, approvalExpiresAt }: Decision): Promise<boolean> {
    if (id === undefined || approvalExpiresAt === undefined) return false;
    const { elicitation } = exchange.client.capabilities;
    const wasAnswered =
      elicitation === undefined
        ? await this.#heldOpen(exchange, id)
        : await this.#asked(exchange, id, approvalExpiresAt, elicitation as JsonObject);
    // A person who approves may not know that the key was revoked meanwhile.
    if (wasAnswered && !(await exchange.client.isStill())) throw lockedOut();
    return wasAnswered;
  }

  /** Nobody is waited for any more. */
  stop(): void {
    this.#stopping.abort();
  }

  #until({ signal }: Exchange): AbortSignal {
    return AbortSignal.any([signal, this.#stopping.signal]);
  }

  async #heldOpen(exchange: Exchange, id: string): Promise<boolean> {
    const { holdOpenMs, approvals } = this.#services;
    if (holdOpenMs === 0) return false;
    const stop = this.#waiting(exchange, id);
    try {
      return isAnswered(await approvals.wait(id, holdOpenMs, this.#until(exchange)));
    } finally {
      stop();
    }
  }

  async #asked(exchange: Exchange, id: string, expiresAt: number, elicitation: JsonObject): Promise<boolean> {
    const { approvals, clock } = this.#services;
    const params = this.#question(id, expiresAt, elicitation);
    for (let round = 0; round < maxRounds && clock.now() < expiresAt && !exchange.signal.aborted; round++) {
      const asked = exchange.ask({ approval: { method: 'elicitation/create', params } });
      const stop = new AbortController();
      // Answered while the question still stands on somebody's screen: there is no need to wait for a click. A 2026 client
      // has gone away meanwhile, and must come back first.
      const meanwhile = exchange.client.ask
        ? approvals.wait(id, expiresAt - clock.now(), AbortSignal.any([stop.signal, this.#until(exchange)]))
        : new Promise<ApprovalState>(() => undefined);
      try {
        const first = await Promise.race([asked, meanwhile]);
        if (typeof first === 'string') return isAnswered(first);
        if ((first['approval'] as JsonObject | undefined)?.['action'] !== 'accept') return false;
      } catch {
        // A client that cannot be asked after all.
        return false;
      } finally {
        stop.abort();
        asked.catch(() => undefined);
      }
      if (isAnswered(await this.#wait(exchange, id))) return true;
    }
    return false;
  }

  async #wait(exchange: Exchange, id: string): Promise<ApprovalState> {
    const stop = this.#waiting(exchange, id);
    try {
      const { approvals, holdOpenMs } = this.#services;
      return await approvals.wait(id, Math.max(holdOpenMs, leastWaitMs), this.#until(exchange));
    } finally {
      stop();
    }
  }

  /** Keeps the stream open and, where progress is wanted, says what is waited for: clients put off their time-out for it. */
  #waiting({ client }: Exchange, id: string): () => void {
    const { clock, approvalUrl } = this.#services;
    const stopKeeping = client.keepAlive();
    const { progressToken } = client.meta;
    let cancel = () => undefined as void;
    // Progress may only grow, and the tool's own begins after this.
    const tell = (progress: number): void => {
      const message = `Waiting for a person to approve this at ${approvalUrl(id)}`;
      client.notify('notifications/progress', { progressToken: progressToken ?? id, progress, message });
      cancel = clock.after(progressMs, () => tell(progress + leastProgress));
    };
    if (progressToken !== undefined) tell(leastProgress);
    return () => {
      cancel();
      stopKeeping();
    };
  }

  #question(id: string, expiresAt: number, elicitation: JsonObject): JsonObject {
    const url = this.#services.approvalUrl(id);
    const message = `${approvalNotice(id, new Date(expiresAt).toISOString())} It is answered at ${url}`;
    if (elicitation['url'] !== undefined) return { mode: 'url', url, elicitationId: id, message };
    return { message, requestedSchema: { type: 'object', properties: {} } };
  }
}

const lockedOut = (): RuntimeFault =>
  new RuntimeFault('unauthenticated', {
    detail:
      'The call was not made: while it waited, the credential that asked for it expired or was revoked, or its session ended.',
  });

const isAnswered = (state: ApprovalState): boolean => state !== 'pending';
