import type { Reason, Verdict } from './decision.ts';
import type { EventKind, EventOf } from './events.ts';
import type { Session } from './session.ts';
import type { Trace } from './flow/provenance.ts';
import { eventKinds } from './events.ts';

export interface GuardContext {
  readonly session: Session;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Of a tool call, where information flow is tracked. */
  readonly trace?: Trace;
}

/** A text that is rewritten while it comes in. */
export interface TextStream {
  /** What of the text so far may go on. */
  push(text: string): string;
  /** The rest. */
  end(): string;
}

/**
 * Looks at an event and returns a verdict. It may throw, hang or return rubbish: the monitor turns each into a deny,
 * so no guard catches everything itself. Whether it enforces or observes, and for how long it may think, is the operator's.
 */
export interface Guard<K extends EventKind = EventKind> {
  readonly name: string;
  /** One line for the docs and the dashboard. */
  readonly summary: string;
  /** Rewriting guards run first, in order, each on the last one's event; judging guards then run together on the result. */
  readonly stage: 'rewrite' | 'judge';
  readonly on: readonly K[];
  check(event: EventOf<K>, context: GuardContext): Verdict | Promise<Verdict>;
  /**
   * Of a guard that rewrites answers, and so must rewrite them while they stream. However the text is cut into pieces,
   * what comes out is the text that `check` makes of the whole. Where `check` would deny, it throws `AnswerStopped`.
   */
  readonly stream?: (context: GuardContext) => TextStream;
}

/** An answer that must not go on. What was sent is sent; the decision on the whole answer says why. */
export class AnswerStopped extends Error {
  readonly reasons: readonly Reason[];
  constructor(reasons: readonly Reason[]) {
    super('The answer must not go on');
    this.reasons = reasons;
  }
}

/** Keeps the kinds of `on` and the type of `check`'s event in step, then forgets them for the list. */
export const defineGuard = <const K extends EventKind>(guard: Guard<K>): Guard => guard as unknown as Guard;

/** A guard as the operator configured it. */
export interface ArmedGuard {
  readonly guard: Guard;
  readonly mode: 'enforce' | 'observe';
  readonly timeoutMs: number;
}

export type GuardsByKind = Readonly<Record<EventKind, Readonly<Record<Guard['stage'], readonly ArmedGuard[]>>>>;

/** Whom an event of each kind meets, in order. */
export function guardsByKind(guards: readonly ArmedGuard[]): GuardsByKind {
  const of = (kind: EventKind, stage: Guard['stage']) =>
    guards.filter(({ guard }) => guard.on.includes(kind) && guard.stage === stage);
  const met = (kind: EventKind) => ({ rewrite: of(kind, 'rewrite'), judge: of(kind, 'judge') });
  return Object.fromEntries(eventKinds.map((kind) => [kind, met(kind)])) as unknown as GuardsByKind;
}
