import { countersOf, reasons, RuntimeFault } from '@sallyport/core';
import type { Entry, IntentEntry, SessionCounters } from '@sallyport/core';

/**
 * An entry as the log stores it: what is filtered on or summed up has a column of its own, the whole is JSON text
 * (RFC 8259). A tuple, because it is cheaper to pass between threads than an object.
 */
export type EntryRow = readonly [
  at: number,
  sessionId: string | null,
  kind: string | null,
  phase: Entry['phase'],
  outcome: string | null,
  entry: string,
];

export type CounterRow = readonly [counters: SessionCounters, sessionId: string];

/** What a batch adds to the sums of a minute. */
export interface MinuteRow {
  /** Milliseconds since the epoch, rounded down. */
  readonly minute: number;
  events: number;
  denied: number;
  held: number;
  tokensIn: number;
  tokensOut: number;
  costMicros: number;
  /** By reason: one for each denial, so that they add up to all denials. */
  readonly denials: Record<string, number>;
}

/** What is appended in one transaction: all of it or nothing. */
export interface Batch {
  readonly rows: readonly EntryRow[];
  readonly counters: readonly CounterRow[];
  readonly minutes: readonly MinuteRow[];
  /** Events that owe a result, with the place in `rows` of their intent. */
  readonly opens: readonly (readonly [eventId: string, index: number])[];
  /** Events that have got their result. */
  readonly ends: readonly string[];
  /** Approvals that entries of the batch use up. */
  readonly uses: readonly UseRow[];
}

/** That the entry at this place in `rows` may stand only if it turns this approval from `approved` into `used`. */
export interface UseRow {
  readonly index: number;
  readonly approval: string;
  readonly eventId: string;
  readonly sessionId: string;
  readonly tool: string;
  readonly at: number;
}

/** The approval that lets the entry's event pass, if one does. */
export function approvalUsedBy(entry: Entry): string | undefined {
  if (entry.phase !== 'intent') return undefined;
  const { outcome, approval } = entry.decision;
  return outcome === 'allow' || outcome === 'transform' ? approval : undefined;
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
  string(entry.subject, 'subject');
  if (entry.phase === 'operator') return [at, null, null, 'operator', null, text];
  const { tokensIn = 0, tokensOut = 0, costMicros = 0 } = countersOf(entry);
  whole(tokensIn, 'result.tokensIn');
  whole(tokensOut, 'result.tokensOut');
  whole(costMicros, 'result.costMicros');
  string(entry.agentId, 'agentId');
  string(entry.eventId, 'eventId');
  return [
    at,
    column(entry.sessionId, 'sessionId'),
    column(entry.kind, 'kind'),
    entry.phase,
    column(entry.phase === 'intent' ? entry.decision.outcome : entry.result.outcome, 'outcome'),
    text,
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

const minuteMs = 60_000;

/** The entries' effect on the figures of their minutes. */
export function minuteRows(entries: readonly Entry[]): MinuteRow[] {
  const rows = new Map<number, MinuteRow>();
  for (const entry of entries) {
    if (entry.phase === 'operator') continue;
    const minute = Math.floor(entry.at / minuteMs) * minuteMs;
    let row = rows.get(minute);
    if (row === undefined) {
      row = { minute, events: 0, denied: 0, held: 0, tokensIn: 0, tokensOut: 0, costMicros: 0, denials: {} };
      rows.set(minute, row);
    }
    const { denied = 0, held = 0, tokensIn = 0, tokensOut = 0, costMicros = 0 } = countersOf(entry);
    row.events += entry.phase === 'intent' ? 1 : 0;
    row.denied += denied;
    row.held += held;
    row.tokensIn += tokensIn;
    row.tokensOut += tokensOut;
    row.costMicros += costMicros;
    if (entry.phase !== 'intent' || denied === 0) continue;
    const reason = reasonOf(entry);
    row.denials[reason] = (row.denials[reason] ?? 0) + 1;
  }
  return [...rows.values()];
}

/** One reason for each denial, so that denials by reason add up to all denials: the first that denies by itself. */
function reasonOf({ decision }: IntentEntry): string {
  const denying = decision.reasons.find(({ code }) => reasons[code]?.outcome === 'deny');
  return (denying ?? decision.reasons[0])?.code ?? 'unknown';
}

/** What the batch leaves open, by place in it, and what it ends. An intent whose result is in the same batch is neither. */
export function openRows(entries: readonly Entry[]): Pick<Batch, 'opens' | 'ends'> {
  const opens = new Map<string, number>();
  const ends: string[] = [];
  for (const [index, entry] of entries.entries()) {
    if (entry.phase === 'intent' && entry.owesResult) opens.set(entry.eventId, index);
    else if (entry.phase === 'result' && !opens.delete(entry.eventId)) ends.push(entry.eventId);
  }
  return { opens: [...opens], ends };
}

export function useRows(entries: readonly Entry[]): UseRow[] {
  return entries.flatMap((entry, index) => {
    const approval = approvalUsedBy(entry);
    if (approval === undefined || entry.phase === 'operator') return [];
    const { eventId, sessionId, subject: tool, at } = entry;
    return [{ index, approval, eventId, sessionId, tool, at }];
  });
}

function whole(value: number, path: string): number {
  if (!Number.isSafeInteger(value)) throw unfit(path, 'is not a whole number');
  return value;
}

/** A text that stands in a column of its own. */
function column(value: string, path: string): string {
  if (/[\t\n]/.test(string(value, path))) throw unfit(path, 'holds a tab or a line feed');
  return value;
}

function string(value: string, path: string): string {
  if (typeof value !== 'string') throw unfit(path, 'is not a text');
  return value;
}

const unfit = (path: string, what: string) =>
  new RuntimeFault('internal', { path, detail: `The entry cannot be recorded: its ${path} ${what}.` });
