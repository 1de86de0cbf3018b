import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import type { Batch, EntryRow } from '../audit/rows.ts';

/** What the worker is started with. */
export interface WorkerSetup {
  readonly file: string;
  /** One worker writes, and appends to the log; another only reads, so that a long list never delays an append. */
  readonly role: 'writer' | 'reader';
  /** From then on the log's tables can be appended to and nothing else. Off while migrating. */
  readonly sealed: boolean;
}

export interface QueryJob {
  readonly kind: 'query';
  readonly sql: string;
  readonly parameters: readonly SQLInputValue[];
}
export interface AppendJob {
  readonly kind: 'append';
  readonly batch: EncodedBatch;
}
/** Rows as one text, which passes between threads at a fifth of the cost of a list of lists. */
export type EncodedBatch = Omit<Batch, 'rows'> & { readonly rows: string };

/** A tab between columns and a line feed between rows: JSON text holds neither, and `toRow` lets no other column hold one. */
export function encodeBatch({ rows, ...rest }: Batch): EncodedBatch {
  return { ...rest, rows: rows.map(encodeRow).join('\n') };
}

const encodeRow = ([at, sessionId, kind, phase, outcome, entry]: EntryRow): string =>
  `${at}\t${sessionId ?? ''}\t${kind ?? ''}\t${phase}\t${outcome ?? ''}\t${entry}`;

export function decodeRows(rows: string): EntryRow[] {
  return rows.split('\n').map((row) => {
    const [at, sessionId, kind, phase, outcome, entry] = row.split('\t') as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    return [Number(at), sessionId || null, kind || null, phase as EntryRow[3], outcome || null, entry];
  });
}
export type Job = QueryJob | AppendJob | { readonly kind: 'seal' } | { readonly kind: 'close' };

export interface QueryAnswer {
  readonly rows: readonly Record<string, SQLOutputValue>[];
  readonly changes: number;
}
/** The `seq` of the first entry; or the places of those that may not stand, and then nothing was appended. */
export type AppendAnswer = { readonly first: number } | { readonly refused: readonly number[] };

export interface WorkerError {
  readonly message: string;
  /** SQLite's extended result code, https://www.sqlite.org/rescode.html; absent where the error is not SQLite's. */
  readonly code: number | undefined;
}

export interface Request {
  readonly id: number;
  readonly job: Job;
}
export type Reply =
  | { readonly id: number; readonly answer: QueryAnswer | AppendAnswer | undefined; readonly error?: undefined }
  | { readonly id: number; readonly error: WorkerError };
