import type { Clock, RecordedEntry } from '@sallyport/core';
import { Sums } from './sums.ts';
import type { SumRows } from './sums.ts';

export interface DerivedOptions {
  /** Up to which `seq` the tables have it. */
  readonly mark: () => Promise<number>;
  /** Entries after this `seq`, oldest first, so many at most. */
  readonly read: (after: number, limit: number) => Promise<readonly RecordedEntry[]>;
  /** In one commit, and only while the tables end at `from`. */
  readonly write: (from: number, to: number, rows: SumRows) => Promise<void>;
  readonly clock: Clock;
}

/** So many entries, or milliseconds, the tables may lag behind. */
const manyEntries = 1000;
const lagMs = 1000;

/**
 * Keeps the tables that follow from the log: its sessions' counters, figures by the minute, open intents, and which
 * entries are whose. The log is the truth and is written alone, so that an entry costs one page and not six; these follow
 * in bulk, before anybody reads them, and after a crash from the log.
 */
export class Derived {
  readonly #options: DerivedOptions;
  /** What the tables lack: the entries after `#from` up to `#to`. */
  #sums = new Sums();
  #from = 0;
  #to = 0;
  /** Whether entries may be in the log that were not heard of, or a write may or may not have been made. */
  #inDoubt = true;
  #doubts = 0;
  /** The newest entry that was heard of. */
  #heard = 0;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #cancel: (() => void) | undefined;

  constructor(options: DerivedOptions) {
    this.#options = options;
  }

  /** These are durable now. */
  note(entries: readonly RecordedEntry[]): void {
    for (const entry of entries) {
      this.#heard = entry.seq;
      if (entry.seq !== this.#to + 1) this.#inDoubt = true;
      if (!this.#inDoubt) this.#add(entry);
    }
    if (this.#to - this.#from >= manyEntries) this.#catchUpUnasked();
    else this.#cancel ??= this.#options.clock.after(lagMs, () => this.#catchUpUnasked());
  }

  /** Something may be in the log of which `note` will not tell. */
  doubt(): void {
    this.#inDoubt = true;
    this.#doubts += 1;
  }

  /** Resolves once the tables have all that was durable when it was asked for. */
  catchUp(): Promise<void> {
    if (this.#running === undefined && !this.#inDoubt && this.#sums.isEmpty) return Promise.resolve();
    // Whoever asks while one is under way may know of entries that it does not take along.
    this.#next ??= (this.#running ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => {
        this.#running = this.#next;
        this.#next = undefined;
        return this.#run();
      })
      .finally(() => (this.#running = undefined));
    return this.#next;
  }

  /** As far as it can be: what could not be written, follows from the log at the next start. */
  async close(): Promise<void> {
    await this.catchUp().catch(() => undefined);
    this.#cancel?.();
  }

  #catchUpUnasked(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    // Who reads is told; and the next entry tries again.
    this.catchUp().catch(() => undefined);
  }

  async #run(): Promise<void> {
    try {
      if (this.#inDoubt) await this.#reread();
      else await this.#write();
    } catch (error) {
      this.#inDoubt = true;
      throw error;
    }
  }

  async #reread(): Promise<void> {
    const { mark, read } = this.#options;
    this.#sums = new Sums();
    this.#from = await mark();
    this.#to = this.#from;
    for (;;) {
      const doubts = this.#doubts;
      const entries = await read(this.#to, manyEntries);
      for (const entry of entries) this.#add(entry);
      if (entries.length > 0) await this.#write();
      else if (this.#heard <= this.#to && doubts === this.#doubts) break;
    }
    // In the same turn in which that was seen.
    this.#inDoubt = false;
  }

  async #write(): Promise<void> {
    const [from, to, sums] = [this.#from, this.#to, this.#sums];
    this.#sums = new Sums();
    this.#from = to;
    if (!sums.isEmpty) await this.#options.write(from, to, sums.rows());
  }

  #add(entry: RecordedEntry): void {
    this.#sums.add(entry);
    this.#to = entry.seq;
  }
}
