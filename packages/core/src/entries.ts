import type { AgentEvent, EventKind } from './events.ts';
import type { Decision } from './decision.ts';
import type { Session, SessionCounters } from './session.ts';
import { subjectOf } from './events.ts';

/** What became of an event that was let through. `unknown`: the runtime stopped before it learned. */
export const results = ['ok', 'error', 'aborted', 'unknown'] as const;
export type ResultOutcome = (typeof results)[number];

export interface Result {
  readonly outcome: ResultOutcome;
  readonly latencyMs: number;
  readonly tokensIn?: number;
  readonly tokensOut?: number;
  readonly costMicros?: number;
  /** HTTP status or error code of what failed. */
  readonly error?: string;
}

interface EntryBase {
  readonly id: string;
  readonly at: number;
  readonly tenant: string;
}
interface SessionEntryBase extends EntryBase {
  readonly sessionId: string;
  readonly agentId: string;
  readonly userId: string;
  readonly eventId: string;
  readonly kind: EventKind;
  /** The tool, model or host; see `subjectOf`. */
  readonly subject: string;
}

/** Written durably before the effect. */
export interface IntentEntry extends SessionEntryBase {
  readonly phase: 'intent';
  readonly decision: Decision;
  /** Whether a result will follow: the event was let through and the runtime carries it out. */
  readonly owesResult: boolean;
  /** What the event carried, as far as `audit.content` lets it be kept. */
  readonly content?: string;
}
/** Written after the effect. */
export interface ResultEntry extends SessionEntryBase {
  readonly phase: 'result';
  readonly result: Result;
  readonly content?: string;
}
/** An operator's act, or the runtime's own. */
export interface OperatorEntry extends EntryBase {
  readonly phase: 'operator';
  /** Operator id, or `runtime`. */
  readonly actor: string;
  /** `<resource>.<verb>`, as in the admin contract: `agents.create`. */
  readonly action: string;
  readonly subject: string;
  readonly detail?: string;
}
export type Entry = IntentEntry | ResultEntry | OperatorEntry;

/** One entry with its place in the log. */
export type RecordedEntry = Entry & { readonly seq: number };

/** The part of every entry that says who and what. */
export function entryHead(event: AgentEvent, session: Session, id: string, at: number) {
  return {
    id,
    at,
    tenant: session.tenant,
    sessionId: session.id,
    agentId: session.agent.id,
    userId: session.user.id,
    eventId: event.id,
    kind: event.kind,
    subject: subjectOf(event),
  };
}

/** How an entry moves its session's counters: the only definition, used in memory and in the store alike. */
export function countersOf(entry: Entry): Partial<SessionCounters> {
  if (entry.phase === 'operator') return {};
  if (entry.phase === 'result') {
    const { tokensIn = 0, tokensOut = 0, costMicros = 0 } = entry.result;
    // What a provider says it took takes nothing away.
    return { tokensIn: Math.max(0, tokensIn), tokensOut: Math.max(0, tokensOut), costMicros: Math.max(0, costMicros) };
  }
  const { outcome } = entry.decision;
  return {
    modelCalls: entry.kind === 'model_request' ? 1 : 0,
    toolCalls: entry.kind === 'tool_call' ? 1 : 0,
    denied: outcome === 'deny' ? 1 : 0,
    held: outcome === 'require_approval' ? 1 : 0,
  };
}
