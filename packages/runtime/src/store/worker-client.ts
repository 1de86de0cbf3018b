import { Worker } from 'node:worker_threads';
import type { Clock } from '@sallyport/core';
import { RuntimeFault } from '@sallyport/core';
import { storeFault } from './faults.ts';
import type { AppendAnswer, Job, QueryAnswer, QueryJob, Reply, Request, WorkerSetup } from './worker-protocol.ts';
import type { Batch } from '../audit/rows.ts';
import { encodeBatch } from './worker-protocol.ts';

interface Pending {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (fault: RuntimeFault) => void;
  readonly cancel: (() => void) | undefined;
}

/** A query that takes longer than this, in milliseconds, is given up. (An append has the log's own limit.) */
const queryTimeoutMs = 15_000;

/**
 * A SQLite connection in a thread of its own. A thread that dies fails what it was doing; the next job starts a new
 * one, at first after 100 ms and at last after 5 s.
 */
export class SqliteWorker {
  readonly #setup: WorkerSetup;
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  /** Asked in this turn of the event loop. */
  #outbox: Request[] = [];
  #sealed: boolean;
  #worker: Worker | undefined;
  #lastId = 0;
  #deaths = 0;
  /** Why the last thread died, and when (microseconds) the next may start. */
  #down: { readonly fault: RuntimeFault; readonly until: number } | undefined;
  #closed = false;

  constructor(setup: WorkerSetup, clock: Clock) {
    this.#setup = setup;
    this.#sealed = setup.sealed;
    this.#clock = clock;
  }

  query(job: Omit<QueryJob, 'kind'>): Promise<QueryAnswer> {
    // A migration of millions of rows may take its time.
    return this.#ask<QueryAnswer>({ kind: 'query', ...job }, this.#sealed ? queryTimeoutMs : undefined);
  }

  async append(batch: Batch): Promise<number | { readonly refused: readonly number[] }> {
    const answer = await this.#ask<AppendAnswer>({ kind: 'append', batch: encodeBatch(batch) });
    return 'first' in answer ? answer.first : answer;
  }

  async seal(): Promise<void> {
    this.#sealed = true;
    await this.#ask<undefined>({ kind: 'seal' });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    const closing = this.#worker === undefined ? undefined : this.#ask<undefined>({ kind: 'close' }, queryTimeoutMs);
    this.#closed = true;
    const worker = this.#worker;
    await closing?.catch(() => undefined);
    await worker?.terminate();
  }

  #ask<Answer>(job: Job, timeoutMs?: number): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      const worker = this.#start();
      this.#lastId += 1;
      const request: Request = { id: this.#lastId, job };
      this.#post(worker, request);
      const cancel = timeoutMs === undefined ? undefined : this.#clock.after(timeoutMs, () => this.#giveUp(request.id));
      this.#pending.set(request.id, { resolve: resolve as (answer: unknown) => void, reject, cancel });
    });
  }

  /** Writes of one turn of the event loop go together, so that they share a commit. */
  #post(worker: Worker, request: Request): void {
    if (this.#setup.role === 'reader') return worker.postMessage([request]);
    this.#outbox.push(request);
    if (this.#outbox.length > 1) return;
    setImmediate(() => {
      const requests = this.#outbox;
      this.#outbox = [];
      this.#worker?.postMessage(requests);
    });
  }

  #start(): Worker {
    if (this.#closed) throw new RuntimeFault('store_unavailable', { detail: 'The store is closed.' });
    if (this.#worker !== undefined) return this.#worker;
    if (this.#down !== undefined && this.#clock.micros() < this.#down.until) throw this.#down.fault;
    const workerData: WorkerSetup = { ...this.#setup, sealed: this.#sealed };
    const worker = new Worker(new URL('sqlite-worker.ts', import.meta.url), {
      workerData,
      name: `sqlite-${workerData.role}`,
    });
    worker.on('message', (replies: readonly Reply[]) => {
      for (const reply of replies) this.#settle(reply);
    });
    let cause: unknown;
    worker.on('error', (error) => (cause = error));
    worker.on('exit', () => this.#die(worker, cause));
    this.#worker = worker;
    return worker;
  }

  #settle(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    pending?.cancel?.();
    if (reply.error !== undefined) return pending?.reject(storeFault(reply.error, this.#setup.file));
    this.#deaths = 0;
    pending?.resolve(reply.answer);
  }

  #giveUp(id: number): void {
    const detail = `${this.#setup.file}: no answer within ${queryTimeoutMs} ms. Check the load on the data folder's disk.`;
    this.#pending.get(id)?.reject(new RuntimeFault('store_unavailable', { detail }));
    this.#pending.delete(id);
  }

  #die(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const { message, errcode } = (cause ?? new Error('its thread ended')) as Error & { errcode?: number };
    const fault = storeFault({ message, code: errcode }, this.#setup.file);
    this.#down = { fault, until: this.#clock.micros() + Math.min(100 * 2 ** this.#deaths, 5000) * 1000 };
    this.#deaths += 1;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    this.#outbox = [];
    for (const { reject, cancel } of pending) {
      cancel?.();
      reject(fault);
    }
  }
}
