import { RuntimeFault } from '@sallyport/core';
import type { AuditLog, Clock, Entry, FlowStore, RecordedEntry } from '@sallyport/core';
import { approvalUsedBy, toRow, useRow } from './rows.ts';
import type { Batch, EntryRow, UseRow } from './rows.ts';

/**
 * Appends one batch durably and resolves to the `seq` of its first entry; the others follow without a gap. Or appends
 * nothing of it and resolves to the places of the entries whose approval cannot be used.
 */
export type AppendBatch = (batch: Batch) => Promise<number | { readonly refused: readonly number[] }>;

export interface LogOptions {
  readonly append: AppendBatch;
  readonly clock: Clock;
  /** When the next batch leaves; without it, when the turn of the event loop ends. */
  readonly join?: FlowStore['join'];
  /** How long an append may wait, in milliseconds. */
  readonly timeoutMs?: number;
}

/** An AuditLog that can be stopped: `close` waits for what is queued, then every append is refused. */
export interface ClosableAuditLog extends AuditLog {
  close(): Promise<void>;
}

interface Waiting {
  readonly entry: Entry;
  readonly row: EntryRow;
  /** On the monotonic clock, in microseconds. */
  readonly deadline: number;
  /** Absent once told, and from the start where nobody waits (`enqueue`). */
  settle: { readonly resolve: () => void; readonly reject: (fault: RuntimeFault) => void } | undefined;
  /** Nobody was told what became of it, so it is tried again after a failure. */
  readonly keep: boolean;
}

const maxBatch = 256;
const maxBatchLength = 8 * 1024 * 1024;
const maxWaiting = 10_000;
const maxWaitingLength = 128 * 1024 * 1024;
const retryMs = 1000;
/** The same while the log is being closed. */
const againMs = 50;
/** For how long entries that nobody waits for gather, in milliseconds. */
const unawaitedMs = 5;

/**
 * The log with group commit. Entries queue in memory and at most one batch is under way; what came meanwhile makes the
 * next batch.
 *
 * An append that took longer than `timeoutMs` rejects. If its batch was already on its way to the disk it may still be
 * committed: then the log holds an intent whose effect never happened, which `recoverOpenIntents` marks `unknown`. The
 * other way about, an effect without an intent, cannot happen.
 */
export function openAuditLog(options: LogOptions): ClosableAuditLog {
  return new GroupCommitLog(options);
}

class GroupCommitLog implements ClosableAuditLog {
  readonly #append: AppendBatch;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #join: FlowStore['join'];
  readonly #listeners = new Set<(entries: readonly RecordedEntry[]) => void>();
  #queue: Waiting[] = [];
  #length = 0;
  #inFlight: readonly Waiting[] = [];
  #flushing: Promise<void> | undefined;
  #leaving: { readonly awaited: boolean; readonly cancel: () => void } | undefined;
  /** Whether somebody waits for an entry of the queue. */
  #awaited = false;
  /** Why the log is known to be broken, and until when (microseconds) `enqueue` is refused for it. */
  #broken: { readonly fault: RuntimeFault; readonly until: number } | undefined;
  #cancelDeadline: (() => void) | undefined;
  #cancelRetry: (() => void) | undefined;
  #closed = false;
  /** What is not written by now never is. */
  #ended = false;

  constructor({ append, clock, join = endOfTurn(clock), timeoutMs = 5000 }: LogOptions) {
    this.#append = append;
    this.#clock = clock;
    this.#join = join;
    this.#timeoutMs = timeoutMs;
  }

  append(entry: Entry): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#wait(entry, { resolve, reject });
    });
  }

  enqueue(entry: Entry): void {
    // Whoever does not wait acts before he knows whether another has used it.
    if (approvalUsedBy(entry) !== undefined) throw new RuntimeFault('internal', { detail: unawaitedUse });
    if (this.#broken !== undefined && this.#clock.micros() < this.#broken.until) throw this.#broken.fault;
    this.#wait(entry, undefined);
  }

  subscribe(listener: (entries: readonly RecordedEntry[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#leaving?.cancel();
    this.#leaving = undefined;
    let cancel: (() => void) | undefined;
    const tooLong = new Promise<void>((resolve) => (cancel = this.#clock.after(this.#timeoutMs, resolve)));
    await Promise.race([this.#finish(), tooLong]);
    this.#ended = true;
    cancel?.();
    this.#unwatch();
    this.#cancelRetry?.();
    this.#rejectAll(this.#inFlight, closed());
    this.#rejectAll(this.#queue.splice(0), closed());
  }

  async #finish(): Promise<void> {
    await this.#flushing;
    while (this.#queue.length > 0 && !this.#ended) {
      const before = this.#queue.length;
      await this.#flush();
      // A thread that died is back in a moment.
      if (this.#queue.length >= before) await new Promise<void>((resolve) => this.#clock.after(againMs, resolve));
    }
  }

  #wait(entry: Entry, settle: Waiting['settle']): void {
    if (this.#closed) throw closed();
    if (this.#queue.length >= maxWaiting || this.#length >= maxWaitingLength) throw full(this.#queue.length);
    const deadline = this.#clock.micros() + this.#timeoutMs * 1000;
    const row = toRow(entry);
    this.#queue.push({ entry, row, deadline, settle, keep: settle === undefined });
    this.#length += row.length;
    this.#awaited ||= settle !== undefined;
    if (settle !== undefined && this.#cancelDeadline === undefined) this.#watch(this.#timeoutMs);
    this.#schedule();
  }

  /** Also while a batch is under way: it is known then that others wait. */
  #schedule(): void {
    if (this.#closed) return;
    const awaited = this.#awaited || this.#queue.length >= maxBatch;
    if (this.#leaving?.awaited || (this.#leaving !== undefined && !awaited)) return;
    this.#leaving?.cancel();
    const leave = () => {
      this.#leaving = undefined;
      void this.#flush();
    };
    this.#leaving = { awaited, cancel: this.#join(leave, awaited) };
  }

  #flush(): Promise<void> {
    this.#flushing ??= this.#appendBatch(this.#take()).finally(() => {
      this.#flushing = undefined;
      if (this.#hasWork()) this.#schedule();
      else this.#unwatch();
    });
    return this.#flushing;
  }

  /** While the log is broken, entries for which nobody waits are left to the retry timer. */
  #hasWork(): boolean {
    if (this.#broken === undefined) return this.#queue.length > 0;
    return this.#queue.some(({ keep }) => !keep);
  }

  async #appendBatch(batch: readonly Waiting[]): Promise<void> {
    if (batch.length === 0) return;
    this.#inFlight = batch;
    try {
      while (this.#inFlight.length > 0) {
        const answer = await this.#append(toBatch(this.#inFlight));
        if (typeof answer === 'number') return this.#succeed(this.#inFlight, answer);
        this.#refuse(new Set(answer.refused));
      }
    } catch (error) {
      this.#fail(this.#inFlight, unavailable(error));
    } finally {
      this.#inFlight = [];
    }
  }

  /** An entry whose approval was used before, or is over, goes alone: the others of its batch are tried again. */
  #refuse(refused: ReadonlySet<number>): void {
    for (const index of refused) {
      const waiting = this.#inFlight[index];
      if (waiting) this.#rejectAll([waiting], unusable(approvalUsedBy(waiting.entry) ?? ''));
    }
    this.#inFlight = this.#inFlight.filter((_, index) => !refused.has(index));
  }

  #take(): Waiting[] {
    let count = 0;
    let length = 0;
    while (count < maxBatch && count < this.#queue.length) {
      length += (this.#queue[count] as Waiting).row.length;
      if (count > 0 && length > maxBatchLength) break;
      this.#length -= (this.#queue[count] as Waiting).row.length;
      count += 1;
    }
    const taken = this.#queue.splice(0, count);
    this.#awaited = this.#queue.some(({ settle }) => settle !== undefined);
    return taken;
  }

  #succeed(batch: readonly Waiting[], first: number): void {
    this.#broken = undefined;
    for (const waiting of batch) {
      waiting.settle?.resolve();
      waiting.settle = undefined;
    }
    if (this.#listeners.size === 0) return;
    const recorded = batch.map(({ entry }, index): RecordedEntry => ({ ...entry, seq: first + index }));
    for (const listener of this.#listeners) {
      try {
        listener(recorded);
      } catch (error) {
        // A view that fails must not fail the log, nor the views after it.
        process.emitWarning(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }

  #fail(batch: readonly Waiting[], fault: RuntimeFault): void {
    this.#rejectAll(batch, fault);
    const kept = batch.filter(({ keep }) => keep);
    this.#queue.unshift(...kept);
    for (const { row } of kept) this.#length += row.length;
    this.#broken = { fault, until: this.#clock.micros() + retryMs * 1000 };
    this.#cancelRetry?.();
    this.#cancelRetry = this.#closed ? undefined : this.#clock.after(retryMs, () => this.#schedule());
  }

  /** One timer for all: it watches the oldest. */
  #watch(ms: number): void {
    this.#cancelDeadline = this.#clock.after(ms, () => {
      this.#cancelDeadline = undefined;
      const now = this.#clock.micros();
      const late = ({ deadline }: Waiting) => deadline <= now;
      const fault = tooSlow(this.#timeoutMs);
      if (this.#inFlight.some(late)) this.#broken = { fault, until: Number.POSITIVE_INFINITY };
      this.#rejectAll(this.#inFlight.filter(late), fault);
      // What has not left yet is withdrawn; what has, may still be committed.
      this.#rejectAll(this.#withdraw(late), fault);
      const next = [...this.#inFlight, ...this.#queue].find(({ settle }) => settle !== undefined);
      if (next !== undefined) this.#watch(Math.max(1, (next.deadline - now) / 1000));
    });
  }

  #unwatch(): void {
    this.#cancelDeadline?.();
    this.#cancelDeadline = undefined;
  }

  #withdraw(late: (waiting: Waiting) => boolean): Waiting[] {
    const withdrawn = this.#queue.filter((waiting) => !waiting.keep && late(waiting));
    if (withdrawn.length === 0) return withdrawn;
    this.#queue = this.#queue.filter((waiting) => waiting.keep || !late(waiting));
    for (const { row } of withdrawn) this.#length -= row.length;
    return withdrawn;
  }

  #rejectAll(list: readonly Waiting[], fault: RuntimeFault): void {
    for (const waiting of list) {
      waiting.settle?.reject(fault);
      waiting.settle = undefined;
    }
  }
}

/** Not at once: whatever else this turn of the event loop appends shall share the commit. */
const endOfTurn =
  (clock: Clock): FlowStore['join'] =>
  (then, awaited) => {
    if (!awaited) return clock.after(unawaitedMs, then);
    const immediate = setImmediate(then);
    return () => clearImmediate(immediate);
  };

function toBatch(waiting: readonly Waiting[]): Batch {
  const rows: EntryRow[] = [];
  const uses: UseRow[] = [];
  for (const { entry, row } of waiting) {
    const use = useRow(entry, rows.length);
    if (use !== undefined) uses.push(use);
    rows.push(row);
  }
  return { rows, uses };
}

const unawaitedUse = 'An approval is used up only by an entry that is waited for.';

const unusable = (approval: string) =>
  new RuntimeFault('conflict', {
    detail: `Approval ${approval.slice(0, 40)} cannot be used: it was used before, has expired, was withdrawn, or is another call's.`,
  });

const closed = () => new RuntimeFault('store_unavailable', { detail: 'The audit log is closed.' });

const full = (waiting: number) =>
  new RuntimeFault('store_unavailable', {
    detail: `The audit log does not keep up: ${waiting} entries wait already. Check the load on the data folder's disk.`,
  });

const tooSlow = (ms: number) =>
  new RuntimeFault('store_unavailable', {
    detail: `The audit log did not confirm the entry within ${ms} ms. Check the load on the data folder's disk.`,
  });

const unavailable = (error: unknown) =>
  error instanceof RuntimeFault && error.code === 'store_unavailable'
    ? error
    : new RuntimeFault('store_unavailable', { cause: error });
