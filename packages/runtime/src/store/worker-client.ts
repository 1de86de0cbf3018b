import { Worker } from 'node:worker_threads';
import type { Clock } from '@sallyport/core';
import { RuntimeFault } from '@sallyport/core';
import { storeFault } from './faults.ts';
import type {
  AppendAnswer,
  DeriveJob,
  Job,
  PiecesJob,
  QueryAnswer,
  QueryJob,
  Reply,
  Request,
  WorkerSetup,
} from './worker-protocol.ts';
import type { Batch } from '../audit/rows.ts';
import { Departures } from './departures.ts';

interface Pending {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (fault: RuntimeFault) => void;
  /** On the monotonic clock, in microseconds. */
  readonly deadline: number;
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
  readonly #departures: Departures;
  /** Leaves with the next message. */
  #outbox: Request[] = [];
  #joining = new Set<() => void>();
  #leaving = false;
  #cancelDeadline: (() => void) | undefined;
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
    this.#departures = new Departures(() => this.#leave(), clock);
  }

  /** `then` adds to the next message right before it leaves; see FlowStore. Only the writer gathers. */
  join(then: () => void, awaited: boolean): () => void {
    const join = () => then();
    this.#joining.add(join);
    if (awaited) this.#departures.soon();
    else this.#departures.patiently();
    return () => this.#joining.delete(join);
  }

  query(job: Omit<QueryJob, 'kind'>): Promise<QueryAnswer> {
    // A migration of millions of rows may take its time.
    return this.#ask<QueryAnswer>({ kind: 'query', ...job }, this.#sealed ? queryTimeoutMs : undefined);
  }

  async append({ rows, uses }: Batch): Promise<number | { readonly refused: readonly number[] }> {
    const answer = await this.#ask<AppendAnswer>({ kind: 'append', rows: rows.join('\n'), uses });
    return 'first' in answer ? answer.first : answer;
  }

  async derive(job: Omit<DeriveJob, 'kind'>): Promise<void> {
    await this.#ask<undefined>({ kind: 'derive', ...job }, queryTimeoutMs);
  }

  /** Resolves to false where the session is not open. */
  place(job: Omit<PiecesJob, 'kind'>): Promise<boolean> {
    return this.#ask<boolean>({ kind: 'pieces', ...job }, queryTimeoutMs);
  }

  async seal(): Promise<void> {
    this.#sealed = true;
    await this.#ask<undefined>({ kind: 'seal' });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#runJoining();
    const closing = this.#worker === undefined ? undefined : this.#ask<undefined>({ kind: 'close' }, queryTimeoutMs);
    this.#closed = true;
    const worker = this.#worker;
    await closing?.catch(() => undefined);
    await worker?.terminate();
    this.#departures.lost();
    this.#cancelDeadline?.();
  }

  #ask<Answer>(job: Job, timeoutMs = Number.POSITIVE_INFINITY): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      const worker = this.#start();
      this.#lastId += 1;
      this.#pending.set(this.#lastId, {
        resolve: resolve as (answer: unknown) => void,
        reject,
        deadline: this.#clock.micros() + timeoutMs * 1000,
      });
      if (timeoutMs !== Number.POSITIVE_INFINITY && this.#cancelDeadline === undefined) this.#watch(timeoutMs);
      const request: Request = { id: this.#lastId, job };
      if (this.#setup.role === 'reader') return worker.postMessage([request]);
      this.#outbox.push(request);
      if (!this.#leaving) this.#departures.soon();
    });
  }

  #leave(): boolean {
    this.#leaving = true;
    try {
      this.#runJoining();
    } finally {
      this.#leaving = false;
    }
    const requests = this.#outbox;
    this.#outbox = [];
    if (requests.length === 0 || this.#worker === undefined) return false;
    this.#worker.postMessage(requests);
    return true;
  }

  #runJoining(): void {
    const joining = this.#joining;
    this.#joining = new Set();
    for (const join of joining) join();
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
      this.#departures.arrived();
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
    if (reply.error !== undefined) return pending?.reject(storeFault(reply.error, this.#setup.file));
    this.#deaths = 0;
    pending?.resolve(reply.answer);
  }

  /** One timer for all: it watches the oldest. */
  #watch(ms: number): void {
    this.#cancelDeadline = this.#clock.after(ms, () => {
      this.#cancelDeadline = undefined;
      const now = this.#clock.micros();
      for (const [id, { deadline, reject }] of this.#pending) {
        if (deadline === Number.POSITIVE_INFINITY) continue;
        if (deadline > now) {
          this.#watch(Math.max(1, (deadline - now) / 1000));
          break;
        }
        const detail = `${this.#setup.file}: no answer within ${queryTimeoutMs} ms. Check the load on the data folder's disk.`;
        reject(new RuntimeFault('store_unavailable', { detail }));
        this.#pending.delete(id);
      }
      // Whoever was told that it failed must not find it done later; nor may they pile up while the disk hangs.
      this.#outbox = this.#outbox.filter(({ id }) => this.#pending.has(id));
    });
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
    for (const { reject } of pending) reject(fault);
    this.#departures.lost();
  }
}
