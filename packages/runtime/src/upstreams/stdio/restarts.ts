import type { Clock } from '@sallyport/core';

const firstMs = 500;
const lastMs = 60_000;
/** A program that ran for so long is taken to be well again. */
const wellMs = 60_000;
const maxKept = 1_000;

interface Failures {
  count: number;
  until: number;
  at: number;
}

/**
 * When a program that broke down may be started again: later each time. Kept apart by session, so that a call that makes
 * it break down in one session does not keep the others waiting.
 */
export class Restarts {
  readonly #clock: Clock;
  readonly #failures = new Map<string, Failures>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param random between 0 and 1 */
  failed(who: string, random: number): void {
    const now = this.#nowMs();
    const before = this.#failures.get(who);
    const count = before && now - before.at < wellMs + lastMs ? before.count + 1 : 1;
    const pause = Math.min(firstMs * 2 ** (count - 1), lastMs);
    this.#failures.delete(who);
    this.#failures.set(who, { count, at: now, until: now + pause * (0.5 + random / 2) });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > maxKept && oldest !== undefined) this.#failures.delete(oldest);
  }

  /** Milliseconds until it may be started. */
  waitMs(who: string): number {
    return Math.max(0, (this.#failures.get(who)?.until ?? 0) - this.#nowMs());
  }

  /** Not the time of day: somebody may set that back by a year. */
  #nowMs(): number {
    return this.#clock.micros() / 1_000;
  }
}
