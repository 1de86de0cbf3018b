import { RuntimeFault, ageOf } from '@sallyport/core';
import type { Clock } from '@sallyport/core';
import { SourceProblem, kindOf, unavailable } from './unavailable.ts';
import type { Source } from './sources/source.ts';

/** A failing store is not asked more often than this. */
const retryMs = 1_000;

export interface SecretReaderOptions {
  /** Of the credential. */
  readonly name: string;
  readonly source: Source;
  readonly refreshMs: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** What is wrong with a value, if anything: it continues "The credential x …". */
  readonly check: (value: string) => string | undefined;
  /** Before anything else knows the value. */
  readonly onRead: (value: string) => void;
  readonly onFailure: (fault: RuntimeFault) => void;
}

/**
 * One secret: kept for `refreshMs` and not a moment longer, read by one at a time. What cannot be read again is not had:
 * an old value is never used on.
 */
export class SecretReader {
  readonly #options: SecretReaderOptions;
  #held: { readonly value: string; readonly readAt: number } | undefined;
  #reading: Promise<string> | undefined;
  #failed: { readonly fault: RuntimeFault; readonly at: number } | undefined;
  #epoch = 0;

  constructor(options: SecretReaderOptions) {
    this.#options = options;
  }

  /** @throws RuntimeFault `credential_unavailable` */
  async read(): Promise<string> {
    const { clock, refreshMs, source } = this.#options;
    const held = this.#held;
    if (held && ageOf(held.readAt, clock.now()) < refreshMs && !(await source.changed?.())) return held.value;
    if (this.#failed && ageOf(this.#failed.at, clock.now()) < retryMs) throw this.#failed.fault;
    const reading = (this.#reading ??= this.#read());
    try {
      return await reading;
    } finally {
      if (this.#reading === reading) this.#reading = undefined;
    }
  }

  /** Reads it anew: whether it is another one by now. What was read a moment ago is not, whoever says that it is no good. */
  async reread(): Promise<boolean> {
    const before = this.#held;
    if (before && ageOf(before.readAt, this.#options.clock.now()) < retryMs) return false;
    this.forget();
    return (await this.read()) !== before?.value;
  }

  /** The value is read anew before it is used again; what is being read now is not kept. */
  forget(): void {
    this.#epoch += 1;
    this.#held = undefined;
    this.#reading = undefined;
    this.#failed = undefined;
  }

  async #read(): Promise<string> {
    const { name, source, clock, check, onRead, onFailure, timeoutMs } = this.#options;
    const epoch = this.#epoch;
    const readAt = clock.now();
    try {
      // A file's last line ends in a line break that nobody meant.
      const value = (await withTimeout((signal) => source.read(signal), timeoutMs, clock)).replace(/[\r\n]+$/, '');
      onRead(value);
      const problem = check(value);
      if (problem !== undefined) throw new SourceProblem(problem);
      if (epoch === this.#epoch) this.#held = { value, readAt };
      this.#failed = undefined;
      return value;
    } catch (error) {
      const fault = faultOf(name, error);
      if (epoch === this.#epoch) {
        this.#held = undefined;
        this.#failed = { fault, at: clock.now() };
      }
      onFailure(fault);
      throw fault;
    }
  }
}

/** Every failure as one of the credential, in words that may be shown. */
export function faultOf(name: string, error: unknown): RuntimeFault {
  if (error instanceof SourceProblem) return unavailable(name, error.message);
  if (!(error instanceof RuntimeFault)) return unavailable(name, `failed (${kindOf(error)}).`);
  return error.code === 'credential_unavailable'
    ? error
    : unavailable(name, `failed: ${error.detail ?? error.message}`);
}

/** The signal fires when the time is over; what does not heed it is left alone. */
export async function withTimeout<T>(
  work: (signal: AbortSignal) => Promise<T>,
  ms: number,
  clock: Pick<Clock, 'after'>,
): Promise<T> {
  const abort = new AbortController();
  const late = Promise.withResolvers<never>();
  const stop = clock.after(ms, () => {
    late.reject(new SourceProblem(`did not come in ${ms} ms: its store does not answer.`));
    abort.abort();
  });
  try {
    return await Promise.race([work(abort.signal), late.promise]);
  } finally {
    stop();
  }
}
