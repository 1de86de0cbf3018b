import { RuntimeFault } from '@sallyport/core';
import type { Entry } from '@sallyport/core';

/**
 * An entry as the log stores it: what is filtered on has a column of its own, the whole is JSON text (RFC 8259). The
 * columns `at`, session id, kind, phase, outcome and entry, with a tab between them: as one text they pass between
 * threads at a fifth of the cost of a list. JSON text holds no tab and no line feed, and `toRow` lets no column hold one.
 */
export type EntryRow = string;

/** What is appended in one transaction: all of it or nothing. */
export interface Batch {
  readonly rows: readonly EntryRow[];
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
  if (entry.phase === 'operator') return `${at}\t\t\toperator\t\t${text}`;
  if (entry.phase === 'result') {
    const { tokensIn = 0, tokensOut = 0, costMicros = 0 } = entry.result;
    whole(tokensIn, 'result.tokensIn');
    whole(tokensOut, 'result.tokensOut');
    whole(costMicros, 'result.costMicros');
  }
  string(entry.agentId, 'agentId');
  string(entry.eventId, 'eventId');
  const outcome = column(entry.phase === 'intent' ? entry.decision.outcome : entry.result.outcome, 'outcome');
  const kind = column(entry.kind, 'kind');
  return `${at}\t${column(entry.sessionId, 'sessionId')}\t${kind}\t${entry.phase}\t${outcome}\t${text}`;
}

/** How the entry at this place uses up an approval, if it does. */
export function useRow(entry: Entry, index: number): UseRow | undefined {
  const approval = approvalUsedBy(entry);
  if (approval === undefined || entry.phase === 'operator') return undefined;
  const { eventId, sessionId, subject: tool, at } = entry;
  return { index, approval, eventId, sessionId, tool, at };
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
