import { countersOf, reasons } from '@sallyport/core';
import type { IntentEntry, RecordedEntry, SessionCounters } from '@sallyport/core';

/** What entries add to the sums of a minute. */
export interface MinuteRow {
  /** Milliseconds since the epoch, rounded down. */
  readonly minute: number;
  events: number;
  denied: number;
  held: number;
  tokensIn: number;
  tokensOut: number;
  costMicros: number;
  /** By reason: one for each denial, so that they add up to all denials. */
  readonly denials: Record<string, number>;
}

/** What entries add to their session. */
export interface SessionSums {
  readonly sessionId: string;
  readonly counters: { -readonly [Name in keyof SessionCounters]: number };
  /** Its entries, oldest first. */
  readonly seqs: number[];
}

/** What follows from a stretch of the log. */
export interface SumRows {
  readonly sessions: readonly SessionSums[];
  readonly minutes: readonly MinuteRow[];
  /** Events that have got their result, of intents before the stretch. */
  readonly ends: readonly string[];
  /** Events that owe a result, with the `seq` of their intent. */
  readonly opens: readonly (readonly [eventId: string, seq: number])[];
}

const minuteMs = 60_000;
/** What a number holds exactly, and so what the tables hold. */
const atMost = (sum: number): number => Math.min(sum, Number.MAX_SAFE_INTEGER);

export class Sums {
  readonly #sessions = new Map<string, SessionSums>();
  readonly #minutes = new Map<number, MinuteRow>();
  readonly #opens = new Map<string, number>();
  readonly #ends: string[] = [];
  isEmpty = true;

  add(entry: RecordedEntry): void {
    this.isEmpty = false;
    if (entry.phase === 'operator') return;
    const session = this.#session(entry.sessionId);
    session.seqs.push(entry.seq);
    const { counters } = session;
    const minute = this.#minute(Math.floor(entry.at / minuteMs) * minuteMs);
    const moved = countersOf(entry);
    for (const name in moved) {
      const counter = name as keyof SessionCounters;
      const by = moved[counter] ?? 0;
      counters[counter] = atMost(counters[counter] + by);
      if (counter !== 'modelCalls' && counter !== 'toolCalls') minute[counter] = atMost(minute[counter] + by);
    }
    if (entry.phase === 'result') {
      // An intent whose result is in the same stretch leaves nothing open.
      if (!this.#opens.delete(entry.eventId)) this.#ends.push(entry.eventId);
      return;
    }
    minute.events += 1;
    if (entry.owesResult) this.#opens.set(entry.eventId, entry.seq);
    if (!moved.denied) return;
    const reason = reasonOf(entry);
    minute.denials[reason] = (minute.denials[reason] ?? 0) + 1;
  }

  rows(): SumRows {
    return {
      sessions: [...this.#sessions.values()],
      minutes: [...this.#minutes.values()],
      ends: this.#ends,
      opens: [...this.#opens],
    };
  }

  #session(sessionId: string): SessionSums {
    let sums = this.#sessions.get(sessionId);
    if (sums === undefined) {
      const counters = { modelCalls: 0, toolCalls: 0, denied: 0, held: 0, tokensIn: 0, tokensOut: 0, costMicros: 0 };
      sums = { sessionId, counters, seqs: [] };
      this.#sessions.set(sessionId, sums);
    }
    return sums;
  }

  #minute(minute: number): MinuteRow {
    let row = this.#minutes.get(minute);
    if (row === undefined) {
      row = { minute, events: 0, denied: 0, held: 0, tokensIn: 0, tokensOut: 0, costMicros: 0, denials: {} };
      this.#minutes.set(minute, row);
    }
    return row;
  }
}

/** One reason for each denial, so that denials by reason add up to all denials: the first that denies by itself. */
function reasonOf({ decision }: IntentEntry): string {
  const denying = decision.reasons.find(({ code }) => reasons[code]?.outcome === 'deny');
  return (denying ?? decision.reasons[0])?.code ?? 'unknown';
}
