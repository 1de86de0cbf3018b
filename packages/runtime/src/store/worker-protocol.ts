import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import type { Batch } from '../audit/rows.ts';

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
  readonly batch: Batch;
}
export type Job = QueryJob | AppendJob | { readonly kind: 'seal' } | { readonly kind: 'close' };

export interface QueryAnswer {
  readonly rows: readonly Record<string, SQLOutputValue>[];
  readonly changes: number;
}
export interface AppendAnswer {
  readonly first: number;
}

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
