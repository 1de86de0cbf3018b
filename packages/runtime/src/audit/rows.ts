import { countersOf, reasons, RuntimeFault } from '@sallyport/core';
import type { Entry, IntentEntry, SessionCounters } from '@sallyport/core';

/**
 * An entry as the log stores it: what is filtered on or summed up has a column of its own, the whole is JSON text
 * (RFC 8259). A tuple, because it is cheaper to pass between threads than an object.
 */
export type EntryRow = readonly [
  at: number,
  sessionId: string | null,
  agentId: string | null,
  kind: string | null,
  phase: Entry['phase'],
  outcome: string | null,
  reason: string | null,
  eventId: string | null,
  subject: string,
  tokensIn: number,
  tokensOut: number,
  costMicros: number,
  entry: string,
  /** Whether this entry owes a result, or is one. */
  mark: 'opens' | 'ends' | null,
];

export type CounterRow = readonly [counters: SessionCounters, sessionId: string];

/** What is appended in one transaction: all of it or nothing. */
export interface Batch {
  readonly rows: readonly EntryRow[];
  readonly counters: readonly CounterRow[];
}

/** JSON text longer than this (in UTF-16 code units) is no log entry but an attack on the disk. */
export const maxEntryLength = 4 * 1024 * 1024;

/**
 * Throws RuntimeFault `internal` on an entry that no store could take, so that one bad entry fails alone and never
 * the batch it would have shared with others.
 */
export function toRow(entry: Entry): EntryRow {
  const text = JSON.stringify(entry);
  if (text.length > maxEntryLength) throw unfit('entry', `is ${text.length} characters long, over ${maxEntryLength}`);
  const at = whole(entry.at, 'at');
  const subject = string(entry.subject, 'subject');
  if (entry.phase === 'operator') {
    return [at, null, null, null, 'operator', null, null, null, subject, 0, 0, 0, text, null];
  }
  const { tokensIn = 0, tokensOut = 0, costMicros = 0 } = countersOf(entry);
  const isIntent = entry.phase === 'intent';
  return [
    at,
    string(entry.sessionId, 'sessionId'),
    string(entry.agentId, 'agentId'),
    string(entry.kind, 'kind'),
    entry.phase,
    string(isIntent ? entry.decision.outcome : entry.result.outcome, 'outcome'),
    isIntent ? reasonOf(entry) : null,
    string(entry.eventId, 'eventId'),
    subject,
    whole(tokensIn, 'result.tokensIn'),
    whole(tokensOut, 'result.tokensOut'),
    whole(costMicros, 'result.costMicros'),
    text,
    markOf(entry),
  ];
}

/** The entries' effect on the counters of their sessions, one row for each session. */
export function counterRows(entries: readonly Entry[]): CounterRow[] {
  const sums = new Map<string, Record<keyof SessionCounters, number>>();
  for (const entry of entries) {
    if (entry.phase === 'operator') continue;
    let sum = sums.get(entry.sessionId);
    if (sum === undefined) {
      sum = { modelCalls: 0, toolCalls: 0, denied: 0, held: 0, tokensIn: 0, tokensOut: 0, costMicros: 0 };
      sums.set(entry.sessionId, sum);
    }
    const counters = countersOf(entry);
    for (const name in counters) sum[name as keyof SessionCounters] += counters[name as keyof SessionCounters] ?? 0;
  }
  return Array.from(sums, ([sessionId, counters]) => [counters, sessionId]);
}

/** One reason for each denial, so that denials by reason add up to all denials: the first that denies by itself. */
function reasonOf({ decision }: IntentEntry): string | null {
  const denying = decision.reasons.find(({ code }) => reasons[code]?.outcome === 'deny');
  return (denying ?? decision.reasons[0])?.code ?? null;
}

function markOf(entry: Exclude<Entry, { phase: 'operator' }>): 'opens' | 'ends' | null {
  if (entry.phase === 'result') return 'ends';
  return entry.owesResult ? 'opens' : null;
}

function whole(value: number, path: string): number {
  if (!Number.isSafeInteger(value)) throw unfit(path, 'is not a whole number');
  return value;
}

function string(value: string, path: string): string {
  if (typeof value !== 'string') throw unfit(path, 'is not a text');
  return value;
}

const unfit = (path: string, what: string) =>
  new RuntimeFault('internal', { path, detail: `The entry cannot be recorded: its ${path} ${what}.` });
