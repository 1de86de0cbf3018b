import type { Clock } from '@sallyport/core';

/**
 * Under load, messages leave this far apart, in milliseconds, so that many callers share a commit. Each costs a wait for
 * the disk, whatever it holds. Who is alone never waits for it.
 */
const apartMs = 5;
/** For how long what nobody waits for may wait for company, in milliseconds. */
const patienceMs = 20;

/**
 * When the next message leaves for the writer: one is under way at a time, and what is asked meanwhile goes together. The
 * one place where writes gather.
 */
export class Departures {
  /** Answers whether anything left. */
  readonly #leave: () => boolean;
  readonly #clock: Clock;
  #underWay: { readonly since: number; readonly awaited: boolean } | undefined;
  /** What is to leave next: whether there is anything, and whether somebody waits for it. */
  #next: 'nothing' | 'patient' | 'awaited' = 'nothing';
  #cancel: (() => void) | undefined;

  constructor(leave: () => boolean, clock: Clock) {
    this.#leave = leave;
    this.#clock = clock;
  }

  /** It leaves when this turn of the event loop ends; while another is under way, after that. */
  soon(): void {
    if (this.#next === 'awaited') return;
    this.#next = 'awaited';
    if (this.#underWay === undefined) this.#afterTurn();
  }

  /** It leaves with whatever leaves next. */
  patiently(): void {
    if (this.#next !== 'nothing') return;
    this.#next = 'patient';
    if (this.#underWay === undefined) this.#after(patienceMs);
  }

  /** The one under way was answered. */
  arrived(): void {
    const last = this.#underWay;
    this.#underWay = undefined;
    if (this.#next === 'patient') return this.#after(patienceMs);
    if (last === undefined || this.#next === 'nothing') return;
    // Others wait than those who were answered just now, and those will be back: together they make one commit.
    const passedMs = (this.#clock.micros() - last.since) / 1000;
    if (last.awaited && passedMs < apartMs) this.#after(apartMs - passedMs);
    else this.#afterTurn();
  }

  /** The one under way will never be answered. */
  lost(): void {
    this.#underWay = undefined;
    if (this.#next !== 'nothing') this.#afterTurn();
  }

  #afterTurn(): void {
    this.#cancel?.();
    const immediate = setImmediate(() => this.#depart());
    this.#cancel = () => clearImmediate(immediate);
  }

  #after(ms: number): void {
    this.#cancel?.();
    this.#cancel = this.#clock.after(ms, () => this.#depart());
  }

  #depart(): void {
    this.#cancel = undefined;
    this.#underWay = { since: this.#clock.micros(), awaited: this.#next === 'awaited' };
    this.#next = 'nothing';
    if (!this.#leave()) this.lost();
  }
}
