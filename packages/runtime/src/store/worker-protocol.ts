import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import type { UseRow } from '../audit/rows.ts';
import type { SumRows } from '../audit/sums.ts';

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
  /** See `EntryRow`; with a line feed between them. */
  readonly rows: string;
  readonly uses: readonly UseRow[];
}

/** What follows from the entries after `from` up to `to`. Refused where the tables do not end at `from`. */
export interface DeriveJob {
  readonly kind: 'derive';
  readonly from: number;
  readonly to: number;
  readonly rows: SumRows;
}

/** Places sealed pieces of an open session, from a place on: all of them or none. */
export interface PiecesJob {
  readonly kind: 'pieces';
  readonly table: 'flowPieces' | 'vaultPieces';
  readonly sessionId: string;
  readonly from: number;
  readonly pieces: readonly Uint8Array[];
}
export type Job = QueryJob | AppendJob | PiecesJob | DeriveJob | { readonly kind: 'seal' } | { readonly kind: 'close' };

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
  | {
      readonly id: number;
      readonly answer: QueryAnswer | AppendAnswer | boolean | undefined;
      readonly error?: undefined;
    }
  | { readonly id: number; readonly error: WorkerError };
