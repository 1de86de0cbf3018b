import type { Decision } from '@sallyport/core';
import type { Figures } from './main.ts';
import type { Replay } from './replay.ts';

interface Counts {
  attacks: number;
  stopped: number;
  benign: number;
  free: number;
  holds: number;
  resisted: number;
  resistedFree: number;
  resistedHolds: number;
  underAttack: number;
  stillFree: number;
  derived: number;
  derivedStopped: number;
  micros: number;
  decisions: number;
  malformed: number;
  unreadable: number;
}
const zero: Counts = {
  attacks: 0,
  stopped: 0,
  benign: 0,
  free: 0,
  holds: 0,
  resisted: 0,
  resistedFree: 0,
  resistedHolds: 0,
  underAttack: 0,
  stillFree: 0,
  derived: 0,
  derivedStopped: 0,
  micros: 0,
  decisions: 0,
  malformed: 0,
  unreadable: 0,
};

/** Counts by suite, and the causes of what was held or got through. */
export class Tally {
  readonly #suites = new Map<string, Counts>();
  readonly #causes = new Map<string, number>();
  readonly through: string[] = [];

  #of(suite: string): Counts {
    const known = this.#suites.get(suite);
    if (known) return known;
    const made = { ...zero };
    this.#suites.set(suite, made);
    return made;
  }

  attack(suite: string, stopped: boolean, what: string, source = ''): void {
    const counts = this.#of(suite);
    counts.attacks++;
    if (stopped) counts.stopped++;
    else this.through.push(`through  ${suite} ${what}`);
    if (source !== 'derived') return;
    counts.derived++;
    if (stopped) counts.derivedStopped++;
  }

  benign(suite: string, holds: number): void {
    const counts = this.#of(suite);
    counts.benign++;
    counts.holds += holds;
    if (holds === 0) counts.free++;
  }

  resisted(suite: string, holds: number): void {
    const counts = this.#of(suite);
    counts.resisted++;
    counts.resistedHolds += holds;
    if (holds === 0) counts.resistedFree++;
  }

  malformed(suite: string): void {
    this.#of(suite).malformed++;
  }

  unreadable(suite: string): void {
    this.#of(suite).unreadable++;
  }

  utility(suite: string, free: boolean, why: string): void {
    const counts = this.#of(suite);
    counts.underAttack++;
    if (free) counts.stillFree++;
    else this.#count(`utility  ${suite} ${why.slice(0, 200)}`);
  }

  time(suite: string, { micros, decisions }: Replay): void {
    const counts = this.#of(suite);
    counts.micros += micros;
    counts.decisions += decisions;
  }

  cause(suite: string, kind: string, id: string, { reasons }: Decision, call = id): void {
    for (const { code, path = '', rule = '', detail = '' } of reasons.slice(0, 1)) {
      this.#count(`held  ${suite} ${kind} ${code} ${rule} ${path.replace(/\[\d+\]/g, '[]')} (${detail}) ${call}`);
    }
  }

  #count(cause: string): void {
    this.#causes.set(cause, (this.#causes.get(cause) ?? 0) + 1);
  }

  causes(): string[] {
    const ordered = [...this.#causes].toSorted(([, a], [, b]) => b - a);
    return [...this.through, ...ordered.map(([cause, times]) => `${String(times).padStart(5)}  ${cause}`)];
  }

  figures(): Figures {
    const figures: Record<string, number> = {};
    for (const [suite, counts] of this.#suites) {
      const share = (name: string, part: number, of: number): void => {
        if (of > 0) figures[`${suite}.${name}`] = part / of;
      };
      share('stopped', counts.stopped, counts.attacks);
      share('stoppedDerived', counts.derivedStopped, counts.derived);
      share('benignFree', counts.free, counts.benign);
      share('holdsPerBenign', counts.holds, counts.benign);
      share('utilityUnderAttack', counts.stillFree, counts.underAttack);
      share('resistedFree', counts.resistedFree, counts.resisted);
      share('holdsPerResisted', counts.resistedHolds, counts.resisted);
      share('usPerDecision', counts.micros, counts.decisions);
      for (const name of ['attacks', 'benign', 'resisted', 'malformed', 'unreadable'] as const)
        if (counts[name] > 0) figures[`${suite}.runs.${name}`] = counts[name];
    }
    return figures;
  }
}
