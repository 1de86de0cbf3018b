import type { AuditLog, Clock, FlowStates, Hold, Holds, NewId } from './ports.ts';
import type { AgentEvent, EventKind } from './events.ts';
import type { ArmedGuard, GuardContext, GuardsByKind, TextStream } from './guard.ts';
import { AnswerStopped, guardsByKind } from './guard.ts';
import type { Decision, Outcome, Reason, Verdict, VerdictRecord } from './decision.ts';
import type { IntentEntry, Result, ResultEntry } from './entries.ts';
import type { Session } from './session.ts';
import type { Trace } from './flow/provenance.ts';
import { RuntimeFault } from './errors.ts';
import { deny, moreSevere, outcomes } from './decision.ts';
import { entryHead } from './entries.ts';
import { isOpen } from './session.ts';
import { owesResult } from './events.ts';
import { reasons } from './reasons.ts';

/** Known to this module alone, so that nobody else can construct a clearance, by type or by `any`. */
const minting = Symbol('minting');
let mint: <E extends AgentEvent>(event: E, session: Session, decision: Decision) => Cleared<E>;

/**
 * An event that the monitor let through and recorded. Effects (providers, upstreams, sandboxes) accept nothing else:
 * only this module can make one, so forgetting the check does not compile, and a forged one fails `Cleared.assert`.
 */
export class Cleared<E extends AgentEvent> {
  // oxlint-disable-next-line no-unused-private-class-members -- `#minted in value` is its use
  readonly #minted = true;
  /** As rewritten by the guards: what runs is this, nothing else. */
  readonly event: E;
  readonly session: Session;
  readonly decision: Decision;

  private constructor(key: symbol, event: E, session: Session, decision: Decision) {
    if (key !== minting) throw new TypeError('Only the monitor clears an event');
    this.event = event;
    this.session = session;
    this.decision = decision;
    Object.freeze(this);
  }

  static {
    mint = (event, session, decision) => new Cleared(minting, event, session, decision);
  }

  /** For effects: throws on anything that did not come from the monitor, casts included. */
  static assert(value: unknown): asserts value is Cleared<AgentEvent> {
    if (typeof value !== 'object' || value === null || !(#minted in value)) {
      throw new TypeError('An effect was called without clearance by the monitor');
    }
  }
}

export type Ruling<E extends AgentEvent> =
  | { readonly cleared: Cleared<E>; readonly decision: Decision }
  | { readonly cleared?: undefined; readonly decision: Decision };

export interface MonitorOptions {
  readonly guards: readonly ArmedGuard[];
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly newId: NewId;
  /** Hash of the policies in force, read for every decision because policies are reloaded while running. */
  readonly policyHash: () => string;
  /** `async` lets model calls go ahead before their entry is durable; tool calls always wait. */
  readonly modelCalls: 'durable' | 'async';
  /** What of an event's content the log may keep. */
  readonly keep: (event: AgentEvent, session: Session) => string | undefined;
  /** Takes out of a decision what nobody may read who reads decisions; persons who are asked see it whole. */
  readonly mask?: (decision: Decision, event: AgentEvent, session: Session) => Decision;
  /** Where the values of each session came from; without it guards judge calls without a trace. */
  readonly flow?: FlowStates;
  /** Who asks a person about a held call; without it a hold is a denial that nobody can lift. */
  readonly holds?: Holds;
}

/** The reference monitor: every event is judged here, recorded here, and cleared here. */
export class Monitor {
  readonly #options: MonitorOptions;
  readonly #guards: GuardsByKind;

  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#guards = guardsByKind(options.guards);
  }

  /**
   * Decides, records durably, and only then clears. A fault anywhere is a deny. `broken`: what the surface already knows
   * makes the event impossible to judge, such as arguments that are no JSON; it is denied and recorded like any other.
   */
  async decide<E extends AgentEvent>(event: E, session: Session, broken?: Reason): Promise<Ruling<E>> {
    const judging = broken ? this.#refuse(event, broken) : this.#judge(event, session);
    const first = judging instanceof Promise ? await judging : judging;
    const held = first.decision.outcome === 'require_approval';
    const asked = !held ? first : comesBack(event) ? deferred(first) : await this.#askPerson(first, session);
    const judged = this.#masked(asked, session);
    const { decision } = judged;
    // At once, so that both share a commit. What an approval vouches for must not outlive the approval's own refusal.
    const early = decision.approval === undefined ? this.#settle(judged, session) : undefined;
    try {
      const recording = this.#record(judged.event, session, decision);
      if (recording) await recording;
    } catch (error) {
      return { decision: await this.#unrecorded(judged, session, error) };
    }
    const unsettled = await (early ?? this.#settle(judged, session));
    if (unsettled) return { decision: unsettled };
    if (decision.outcome === 'deny' || decision.outcome === 'require_approval') return { decision };
    return { cleared: mint(judged.event as E, session, decision), decision };
  }

  #masked(judged: Judged, session: Session): Judged {
    const { mask } = this.#options;
    try {
      return mask ? { ...judged, decision: mask(judged.decision, judged.event, session) } : judged;
    } catch {
      // Neither the decision nor the fault may be shown: both may carry what could not be masked.
      return this.#refuse(judged.event, { code: 'guard_failed', detail: 'the decision could not be masked' });
    }
  }

  /** Why an event that could not be recorded is denied. That an approval was gone by then is an answer, and put on record. */
  async #unrecorded({ event, decision }: Judged, session: Session, error: unknown): Promise<Decision> {
    const detail = error instanceof Error ? error.message : 'the audit log failed';
    const unavailable = { ...decision, outcome: 'deny', reasons: [{ code: 'audit_unavailable', detail }] } as const;
    if (decision.approval === undefined || !(error instanceof RuntimeFault) || error.code !== 'conflict')
      return unavailable;
    const gone = denied(decision, { code: 'approval_gone', detail });
    try {
      await this.#record(event, session, gone);
      return gone;
    } catch {
      return unavailable;
    }
  }

  /** Records what became of a cleared event. Rejects when the result could not be made durable. */
  async complete(cleared: Cleared<AgentEvent>, result: Result, content?: string): Promise<void> {
    const { event, session } = cleared;
    const head = entryHead(event, session, this.#options.newId(), this.#options.clock.now());
    await this.#append({ ...head, phase: 'result', result, ...(content === undefined ? {} : { content }) });
  }

  /**
   * What was read is learned as it came, before anything is judged by it. Then rewriting guards run, in order, each on
   * the last one's event; a call is traced as it would run; judging guards come last, together. Without a promise where
   * every part answers at once: most do, and every event passes here.
   */
  #judge(event: AgentEvent, session: Session): Judged | Promise<Judged> {
    const { clock, policyHash } = this.#options;
    const now = clock.now();
    if (!isOpen(session, now)) return this.#refuse(event, { code: 'session_ended' });
    const policy = policyHash();
    const context = { session, now };
    const { rewrite, judge } = this.#guards[event.kind];
    const lost = (error: unknown): Judged => this.#refuse(event, untraceable(error));
    try {
      const judged = after(this.#learn(event, session), () =>
        after(this.#rewrite(event, rewrite, context), ({ current, verdicts }) =>
          after(this.#trace(current, session), (trace) =>
            this.#ask(judge, current, trace ? { ...context, trace } : context, (answers) => {
              const all = [...verdicts, ...answers.map(({ record }) => record)];
              const provenance = trace ? { provenance: trace.provenance } : {};
              const decision = { ...merge(all), verdicts: all, policy, ...provenance };
              return { event: current, decision, ...(trace ? { trace } : {}) };
            }),
          ),
        ),
      );
      return judged instanceof Promise ? judged.catch(lost) : judged;
    } catch (error) {
      return lost(error);
    }
  }

  #learn(event: AgentEvent, session: Session): void | Promise<void> {
    if (event.kind !== 'user_message' && event.kind !== 'model_request' && event.kind !== 'tool_result') return;
    return this.#options.flow?.learn(event, session);
  }

  #trace(event: AgentEvent, session: Session): Trace | undefined | Promise<Trace> {
    return event.kind === 'tool_call' ? this.#options.flow?.trace(event, session) : undefined;
  }

  /**
   * For an answer that streams: what guards that rewrite answers let through of it, piece by piece. The decision on the
   * whole answer is still to be made. A guard that throws ends the answer.
   *
   * @throws AnswerStopped from `push` and `end`
   */
  openAnswer(session: Session): TextStream {
    const context = { session, now: this.#options.clock.now() };
    const streams = this.#options.guards.flatMap(({ guard, mode }) => {
      if (!guard.stream || mode === 'observe') return [];
      const { name } = guard;
      return [guarded(name, guard.stream(context))];
    });
    return {
      push: (text) => streams.reduce((rest, stream) => stream.push(rest), text),
      end: () => streams.reduce((rest, stream) => stream.push(rest) + stream.end(), ''),
    };
  }

  /** A held call waits for a person; one that was approved passes, its approval used up by its entry. */
  async #askPerson(judged: Judged, session: Session): Promise<Judged> {
    const { event, decision, trace } = judged;
    const { holds } = this.#options;
    if (!holds || event.kind !== 'tool_call') return judged;
    try {
      const hold = await holds.resolve(event, session, decision, trace);
      return { ...judged, decision: withHold(decision, hold) };
    } catch (error) {
      const detail = `approvals: ${error instanceof Error ? error.message : 'failed'}`;
      return { ...judged, decision: denied(decision, { code: 'guard_failed', detail }) };
    }
  }

  /** What a call leaves behind must be known before it runs: what it writes may come back looking trusted. */
  async #settle({ event, decision }: Judged, session: Session): Promise<Decision | undefined> {
    // Nothing follows from a proposal that is decided once more where it is run.
    if (!this.#options.flow || event.kind !== 'tool_call' || comesBack(event)) return undefined;
    try {
      await this.#options.flow.settle(event, session, decision);
      return undefined;
    } catch (error) {
      return { ...decision, outcome: 'deny', reasons: [untraceable(error)] };
    }
  }

  #ask<T>(
    judging: readonly ArmedGuard[],
    event: AgentEvent,
    context: GuardContext,
    made: (answers: readonly Answer[]) => T,
  ): T | Promise<T> {
    const asked = judging.map((armed) => this.#askOne(armed, event, context));
    const waits = asked.some((answer) => answer instanceof Promise);
    return waits ? Promise.all(asked.map(async (answer) => answer)).then(made) : made(asked as Answer[]);
  }

  #rewrite(event: AgentEvent, rewriting: readonly ArmedGuard[], context: GuardContext): Rewritten | Promise<Rewritten> {
    return rewriting.reduce<Rewritten | Promise<Rewritten>>(
      (before, armed) =>
        after(before, ({ current, verdicts }) =>
          after(this.#askOne(armed, current, context), ({ verdict, record }) => ({
            current: verdict.outcome === 'transform' && armed.mode === 'enforce' ? verdict.event : current,
            verdicts: [...verdicts, record],
          })),
        ),
      { current: event, verdicts: [] },
    );
  }

  #refuse(event: AgentEvent, reason: Reason): Judged {
    return {
      event,
      decision: { outcome: 'deny', reasons: [reason], verdicts: [], policy: this.#options.policyHash() },
    };
  }

  /** The one place where a guard's failure becomes a deny. A guard that blocks the thread cannot be timed out. */
  #askOne(armed: ArmedGuard, event: AgentEvent, context: GuardContext): Answer | Promise<Answer> {
    const started = this.#options.clock.micros();
    const answered = (verdict: Verdict): Answer => this.#answer(armed, checkVerdict(verdict, armed, event), started);
    const failed = (error: unknown): Answer => this.#answer(armed, failure(error, armed), started);
    try {
      const verdict = armed.guard.check(event, context);
      return verdict instanceof Promise ? this.#inTime(verdict, armed).then(answered).catch(failed) : answered(verdict);
    } catch (error) {
      return failed(error);
    }
  }

  #answer({ guard, mode }: ArmedGuard, verdict: Verdict, started: number): Answer {
    const given = verdict.outcome === 'allow' ? [] : verdict.reasons;
    const micros = Math.round(this.#options.clock.micros() - started);
    return { verdict, record: { guard: guard.name, mode, outcome: verdict.outcome, reasons: given, micros } };
  }

  #inTime(answer: Promise<Verdict>, { timeoutMs }: ArmedGuard): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      const cancel = this.#options.clock.after(timeoutMs, () => {
        reject(new Error(`no verdict within ${timeoutMs} ms`));
      });
      answer.then(resolve, reject).finally(cancel);
    });
  }

  #record(event: AgentEvent, session: Session, decision: Decision): Promise<void> | undefined {
    const content = this.#options.keep(event, session);
    const passes = decision.outcome === 'allow' || decision.outcome === 'transform';
    return this.#append({
      // Of one event there is one intent, so the event's id serves for both.
      ...entryHead(event, session, event.id, event.at),
      phase: 'intent',
      decision,
      owesResult: passes && owesResult(event),
      ...(content === undefined ? {} : { content }),
    });
  }

  /** Nothing to wait for where the operator chose so. */
  #append(entry: IntentEntry | ResultEntry): Promise<void> | undefined {
    const { audit, modelCalls } = this.#options;
    if (modelCalls !== 'async' || !asyncKinds.has(entry.kind)) return audit.append(entry);
    audit.enqueue(entry);
    return undefined;
  }
}

/** What `audit.modelCalls: async` covers: the conversation with the model. An effect on the world always waits. */
const asyncKinds: ReadonlySet<EventKind> = new Set(['user_message', 'model_request', 'model_response', 'tool_result']);

/** Now where the value is there, later where it is to come. */
const after = <A, B>(value: A | Promise<A>, make: (value: A) => B | Promise<B>): B | Promise<B> =>
  value instanceof Promise ? value.then((made) => make(made)) : make(value);

/** What fails in it stops the answer. */
function guarded(name: string, stream: TextStream): TextStream {
  const run = (step: () => string): string => {
    try {
      return step();
    } catch (error) {
      if (error instanceof AnswerStopped) throw error;
      const why = error instanceof Error ? error.message : 'it threw something that is no Error';
      throw new AnswerStopped([{ code: 'guard_failed', rule: name, detail: `${name}: ${why}` }]);
    }
  };
  return { push: (text) => run(() => stream.push(text)), end: () => run(() => stream.end()) };
}

interface Rewritten {
  readonly current: AgentEvent;
  readonly verdicts: readonly VerdictRecord[];
}

interface Judged {
  readonly event: AgentEvent;
  readonly decision: Decision;
  readonly trace?: Trace;
}

/** A call that was proposed on one surface and can be run on another one alone: a person is asked there, once. */
const comesBack = (event: AgentEvent): boolean =>
  event.kind === 'tool_call' && event.runs === 'agent' && event.target !== undefined;

const deferred = (judged: Judged): Judged => {
  const { decision } = judged;
  return {
    ...judged,
    decision: { ...decision, outcome: 'allow', reasons: [{ code: 'asked_when_run' }, ...decision.reasons] },
  };
};

const denied = (held: Decision, why: Reason): Decision => ({
  ...held,
  outcome: 'deny',
  reasons: [why, ...held.reasons],
});

function withHold(decision: Decision, hold: Hold): Decision {
  switch (hold.state) {
    case 'approved':
      return { ...decision, outcome: 'allow', approval: hold.id, endorses: hold.endorses };
    case 'pending':
      return { ...decision, approval: hold.id, approvalExpiresAt: hold.expiresAt };
    case 'rejected':
      return { ...denied(decision, { code: 'approval_rejected' }), approval: hold.id };
    case 'refused':
      return denied(decision, hold.reason);
  }
}

const untraceable = (error: unknown): Reason => ({
  code: 'guard_failed',
  detail: `information flow: ${error instanceof Error ? error.message : 'it threw something that is no Error'}`,
});

interface Answer {
  readonly verdict: Verdict;
  readonly record: VerdictRecord;
}

function failure(error: unknown, { guard }: ArmedGuard): Verdict {
  const why = error instanceof Error ? error.message : 'it threw something that is no Error';
  return deny({ code: 'guard_failed', rule: guard.name, detail: `${guard.name}: ${why}` });
}

function merge(verdicts: readonly VerdictRecord[]): { outcome: Outcome; reasons: readonly Reason[] } {
  let outcome: Outcome = 'allow';
  const collected: Reason[] = [];
  for (const verdict of verdicts) {
    if (verdict.mode === 'observe') continue;
    outcome = moreSevere(outcome, verdict.outcome);
    collected.push(...verdict.reasons);
  }
  return { outcome, reasons: collected };
}

/** A guard may be a plug-in: nothing about its answer is taken on trust. */
function checkVerdict(verdict: Verdict, { guard }: ArmedGuard, event: AgentEvent): Verdict {
  if (typeof verdict !== 'object' || verdict === null || !outcomes.includes(verdict.outcome)) {
    throw new Error('returned something that is no verdict');
  }
  if (verdict.outcome === 'allow') return verdict;
  const wellFormed =
    Array.isArray(verdict.reasons) && verdict.reasons.every((reason) => Object.hasOwn(reasons, reason.code));
  if (!wellFormed || (verdict.reasons.length === 0 && verdict.outcome !== 'transform')) {
    throw new Error('returned a verdict without a known reason');
  }
  if (verdict.outcome === 'transform') {
    if (guard.stage !== 'rewrite') throw new Error('rewrote an event in the judging stage');
    const { kind, id, at } = verdict.event;
    if (kind !== event.kind || id !== event.id || at !== event.at) throw new Error('changed what the event is');
  }
  return verdict;
}
