import { hash } from 'node:crypto';
import { RuntimeFault, bindingOf } from '@sallyport/core';
import type {
  ApprovalAnswer,
  ApprovalDetail,
  ApprovalFilter,
  ApprovalRecord,
  ApprovalState,
  ApprovalStore,
  AuditLog,
  Clock,
  Decision,
  Hold,
  Holds,
  NewId,
  OperatorRecord,
  Reason,
  RecordedEntry,
  Session,
  ShownApproval,
  ToolCall,
  Trace,
} from '@sallyport/core';
import type { SealedBox } from '../flow/index.ts';
import { Claims } from './claims.ts';
import { Details, detailOf } from './details.ts';
import { askSecondModel, type SecondOpinion } from './opinion.ts';
import { checkVoter, isLive, isOver, notPending, otherCall } from './rules.ts';
import { Turns } from './turns.ts';
import { Waiters } from './waiters.ts';

const sweepMs = 10_000;
const page = 500;

export interface ApprovalServiceOptions {
  readonly store: ApprovalStore;
  readonly box: Pick<SealedBox, 'seal' | 'open'>;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly tenant: string;
  readonly expiresMinutes: number;
  /** Least number of different operators who must say yes. */
  readonly approvers: number;
  /** Calls of one session that may wait at once. */
  readonly maxPending: number;
  /** Whether the session still is open: what waits in another is withdrawn. */
  readonly isOpen: (sessionId: string) => Promise<boolean>;
  /** Explains a held call to the approver; it decides nothing, and nothing waits for it. */
  readonly secondOpinion?: SecondOpinion;
  /** How long it may think. */
  readonly opinionMs?: number;
  readonly onFault: (what: string, error: unknown) => void;
}

export interface Answer {
  readonly answer: ApprovalAnswer;
  /** Of what the approver saw. */
  readonly binding: string;
  readonly note?: string | undefined;
}

/** An approval for lists: without its detail, with the first reason of the hold. */
export interface ListedApproval extends ApprovalRecord {
  readonly reason?: Reason;
}

/** `isNew`: it was asked for just now. */
export type ApprovalListener = (approval: ListedApproval, isNew: boolean) => void;

/**
 * Asks people about held calls, and remembers what they said. An approval is good for exactly the call that it was asked
 * for, once, until it expires. All of it is in the store: a call that waits when the runtime stops is proposed again, and
 * finds its approval.
 */
export class ApprovalService implements Holds {
  readonly #options: ApprovalServiceOptions;
  readonly #details: Details;
  readonly #turns = new Turns();
  readonly #claims: Claims;
  readonly #waiters = new Waiters();
  readonly #listeners = new Set<ApprovalListener>();
  readonly #stopListening: () => void;
  #cancelSweep: () => void = () => undefined;
  #closed = false;

  constructor(options: ApprovalServiceOptions) {
    this.#options = options;
    this.#details = new Details(options.store, options.box);
    this.#claims = new Claims(options.clock);
    this.#stopListening = options.audit.subscribe((entries) => this.#used(entries));
    this.#sweepLater();
  }

  /** Is told of every new approval and of every change of one. */
  onChange(listener: ApprovalListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** One call of a session after another, so that two of them never share what was approved once. */
  async resolve(call: ToolCall, session: Session, decision: Decision, trace: Trace | undefined): Promise<Hold> {
    const binding = bindingOf(call, session, decision.policy, (text) => hash('sha256', text, 'hex'));
    return await this.#turns.run(session.id, async () => {
      const known = await this.#known(binding);
      if (known) return this.#hold(known);
      const pending = await this.#pendingOf(session.id);
      if (pending >= this.#options.maxPending) {
        const detail = `${pending} calls of this session wait already; approvals.maxPending is ${this.#options.maxPending}`;
        return { state: 'refused', reason: { code: 'too_many_approvals', detail } };
      }
      return this.#hold(await this.#ask(binding, call, session, decision, trace));
    });
  }

  /**
   * Counts an operator's answer. Whoever calls has put it on record before.
   *
   * @throws RuntimeFault `not_found`; `conflict` when it is about another call than the approver saw, is not pending, or
   * was answered by this operator before; `forbidden` when the operator is the user for whom the call would run
   */
  async answer(
    id: string,
    operator: Pick<OperatorRecord, 'id' | 'name'>,
    { answer, binding, note }: Answer,
  ): Promise<ShownApproval> {
    const { store, clock } = this.#options;
    const approval = await this.#require(id);
    if (binding !== approval.binding) throw otherCall();
    if (approval.state !== 'pending') throw notPending(approval);
    checkVoter(approval, operator);
    const said = note === undefined ? {} : { note };
    const at = clock.now();
    if (!(await store.vote(id, { operatorId: operator.id, operator: operator.name, answer, at, ...said }))) {
      throw notPending(await this.#require(id));
    }
    const after = await this.#require(id);
    await this.#tell(after);
    return await this.#shown(after);
  }

  /** With its detail. @throws RuntimeFault `not_found` */
  async get(id: string): Promise<ShownApproval> {
    return await this.#shown(await this.#require(id));
  }

  /** Newest first. */
  async list(filter: ApprovalFilter): Promise<ListedApproval[]> {
    const listed = await this.#stored(filter);
    return await Promise.all(listed.map((approval) => this.#listed(approval)));
  }

  /** What the agent may know of its own approval, and nothing when it is not its own. */
  async stateFor(id: string, { tenant, agent, user }: Session): Promise<ApprovalRecord | undefined> {
    const approval = await this.#current(id);
    const own = approval?.tenant === tenant && approval.agentId === agent.id && approval.userId === user.id;
    return own ? approval : undefined;
  }

  /** Resolves once the approval is no longer pending, after `ms` milliseconds, or when the signal fires: to its state. */
  async wait(id: string, ms: number, signal: AbortSignal): Promise<ApprovalState> {
    const { clock } = this.#options;
    const until = clock.now() + ms;
    for (;;) {
      // Before the state is read: a change after that is then not missed.
      const waiter = this.#waiters.add(id);
      try {
        const approval = await this.#current(id);
        if (!approval) return 'withdrawn';
        const left = Math.min(until, approval.expiresAt) - clock.now();
        if (approval.state !== 'pending' || left <= 0 || signal.aborted || this.#closed) return approval.state;
        await waiter.changed(left, clock, signal);
      } finally {
        waiter.remove();
      }
    }
  }

  /** Ends what is open of a session, and destroys the details. */
  async withdraw(sessionId: string): Promise<void> {
    for (const approval of await this.#options.store.withdraw(sessionId)) {
      await this.#record('approvals.withdraw', approval, 'its session has ended');
      await this.#tell(approval);
    }
  }

  /** Expires what nobody answered or used in time, and withdraws what waits in a session that has ended. */
  async sweep(): Promise<void> {
    const { store, clock, isOpen } = this.#options;
    for (const approval of await store.expire(clock.now())) {
      await this.#record('approvals.expire', approval, 'nobody answered or used it in time');
      await this.#tell(approval);
    }
    const open = await Promise.all([
      store.list({ state: 'pending', limit: page }),
      store.list({ state: 'approved', limit: page }),
    ]);
    for (const sessionId of new Set(open.flat().map((approval) => approval.sessionId))) {
      if (!(await isOpen(sessionId))) await this.withdraw(sessionId);
    }
  }

  /** Nobody waits any longer; what is pending stays so in the store. */
  close(): void {
    this.#closed = true;
    this.#cancelSweep();
    this.#stopListening();
    this.#claims.close();
    this.#waiters.wakeAll();
  }

  /** What was said of this very call, as long as it counts. */
  async #known(binding: string): Promise<ApprovalRecord | undefined> {
    const { store, clock } = this.#options;
    const found = await store.byBinding(binding);
    if (found?.state === 'approved') {
      await this.#claims.settled(found.id);
      const again = await store.byBinding(binding);
      return again && isLive(again, clock.now()) ? again : undefined;
    }
    return found && isLive(found, clock.now()) ? found : undefined;
  }

  #hold({ id, state, votes, expiresAt }: ApprovalRecord): Hold {
    if (state === 'rejected') return { state, id };
    if (state !== 'approved') return { state: 'pending', id, expiresAt };
    this.#claims.claim(id);
    return { state, id, endorses: votes.every(({ answer }) => answer === 'value') };
  }

  async #pendingOf(sessionId: string): Promise<number> {
    const { maxPending: limit } = this.#options;
    return (await this.#stored({ state: 'pending', sessionId, limit })).length;
  }

  async #stored(filter: ApprovalFilter): Promise<ApprovalRecord[]> {
    const { store, clock } = this.#options;
    const listed = await store.list(filter);
    if (!listed.some((approval) => isOver(approval, clock.now()))) return listed;
    await this.sweep();
    return await store.list(filter);
  }

  async #ask(
    binding: string,
    call: ToolCall,
    session: Session,
    decision: Decision,
    trace: Trace | undefined,
  ): Promise<ApprovalRecord> {
    const { store, clock, newId, expiresMinutes, approvers } = this.#options;
    const requestedAt = clock.now();
    const asked: ApprovalRecord = {
      id: newId(),
      tenant: session.tenant,
      sessionId: session.id,
      agentId: session.agent.id,
      agent: session.agent.name,
      userId: session.user.id,
      eventId: call.id,
      tool: call.tool,
      binding,
      state: 'pending',
      requestedAt,
      expiresAt: requestedAt + expiresMinutes * 60_000,
      votesNeeded: Math.max(approvers, ...decision.reasons.map((reason) => reason.approvers ?? 1)),
      votes: [],
      usedBy: null,
    };
    const detail = detailOf(call, decision, trace);
    const inserted = await store.insert(asked, await this.#details.seal(asked, detail));
    if (inserted.id !== asked.id) return inserted;
    this.#announce({ ...asked, ...firstReason(detail) }, true);
    void this.#explain(asked, detail, call, session, trace);
    return asked;
  }

  async #explain(asked: ApprovalRecord, detail: ApprovalDetail, ...about: Parameters<SecondOpinion>): Promise<void> {
    const { secondOpinion, opinionMs = 30_000, clock, onFault } = this.#options;
    if (!secondOpinion) return;
    try {
      const opinion = await askSecondModel(() => secondOpinion(...about), opinionMs, clock);
      if (!(await this.#details.replace(asked, { ...detail, opinion }))) return;
      const now = await this.#current(asked.id);
      if (now) await this.#tell(now);
    } catch (error) {
      onFault('the second model’s opinion of a held call is lost', error);
    }
  }

  #used(entries: readonly RecordedEntry[]): void {
    for (const entry of entries) {
      if (entry.phase !== 'intent' || entry.decision.approval === undefined) continue;
      const { approval, outcome } = entry.decision;
      if (outcome !== 'allow' && outcome !== 'transform') continue;
      this.#claims.settle(approval);
      void this.#tellById(approval);
    }
  }

  async #tellById(id: string): Promise<void> {
    try {
      const approval = await this.#options.store.get(id);
      if (approval) await this.#tell(approval);
    } catch (error) {
      this.#options.onFault('a change of an approval was not shown', error);
    }
  }

  async #current(id: string): Promise<ApprovalRecord | undefined> {
    const { store, clock } = this.#options;
    const found = await store.get(id);
    if (!found || !isOver(found, clock.now())) return found;
    await this.sweep();
    return await store.get(id);
  }

  async #require(id: string): Promise<ApprovalRecord> {
    const approval = await this.#current(id);
    if (!approval) throw new RuntimeFault('not_found', { detail: `There is no approval ${id.slice(0, 40)}.` });
    return approval;
  }

  async #shown(approval: ApprovalRecord): Promise<ShownApproval & ListedApproval> {
    const detail = await this.#details.of(approval);
    return { ...approval, ...(detail ? { detail, ...firstReason(detail) } : {}) };
  }

  async #listed(approval: ApprovalRecord): Promise<ListedApproval> {
    // A list must show the others even if one was damaged.
    const detail = await this.#details.of(approval).catch(() => undefined);
    return { ...approval, ...(detail ? firstReason(detail) : {}) };
  }

  async #tell(approval: ApprovalRecord): Promise<void> {
    this.#waiters.wake(approval.id);
    if (this.#listeners.size > 0) this.#announce(await this.#listed(approval), false);
  }

  #announce(approval: ListedApproval, isNew: boolean): void {
    for (const listener of this.#listeners) {
      try {
        listener(approval, isNew);
      } catch (error) {
        this.#options.onFault('a change of an approval was not shown', error);
      }
    }
  }

  /** Of what takes away, and gives nothing: it is done already, so a log that fails does not undo it. */
  async #record(action: string, { id }: ApprovalRecord, detail: string): Promise<void> {
    const { audit, clock, newId, tenant, onFault } = this.#options;
    const entry = { phase: 'operator', id: newId(), at: clock.now(), tenant, actor: 'runtime' } as const;
    await audit.append({ ...entry, action, subject: id, detail }).catch((error: unknown) => {
      onFault(`${action} is not on record`, error);
    });
  }

  #sweepLater(): void {
    this.#cancelSweep = this.#options.clock.after(sweepMs, () => {
      void this.sweep()
        .catch((error: unknown) => this.#options.onFault('approvals could not be expired', error))
        .finally(() => {
          if (!this.#closed) this.#sweepLater();
        });
    });
  }
}

const firstReason = ({ reasons: [reason] }: ApprovalDetail): { readonly reason?: Reason } => (reason ? { reason } : {});
