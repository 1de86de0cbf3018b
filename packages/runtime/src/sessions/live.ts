import type { AgentRef, RecordedEntry, Session, SessionCounters } from '@sallyport/core';
import { countersOf, zeroCounters } from '@sallyport/core';
import { BoundedMap } from '../identity/bounded.ts';

const counterNames = Object.keys(zeroCounters) as (keyof SessionCounters)[];

/** The service's own hold on a session: what everyone else sees of the same object is read-only. */
export type LiveSession = { -readonly [Key in keyof Session]: Session[Key] };

/**
 * Sessions in memory: one object for each, for as long as anyone holds it. Whoever was handed a session (a stream that
 * runs for minutes, say) therefore sees at once that it was ended, and its current counters.
 */
export class LiveSessions {
  /** Keeps what was used last from being collected; what only a request still holds is found by its weak reference. */
  readonly #recent: BoundedMap<string, LiveSession>;
  readonly #held = new Map<string, WeakRef<LiveSession>>();
  readonly #collected = new FinalizationRegistry<string>((id) => {
    if (this.#held.get(id)?.deref() === undefined) this.#held.delete(id);
  });

  constructor(capacity: number) {
    this.#recent = new BoundedMap(capacity);
  }

  get(id: string): LiveSession | undefined {
    const recent = this.#recent.get(id);
    if (recent) return recent;
    const held = this.#held.get(id)?.deref();
    if (held) this.#recent.set(id, held);
    return held;
  }

  add(session: Session): LiveSession {
    const live = { ...session };
    this.#held.set(session.id, new WeakRef(live));
    this.#collected.register(live, session.id);
    this.#recent.set(session.id, live);
    return live;
  }

  *all(): Generator<LiveSession> {
    for (const reference of this.#held.values()) {
      const live = reference.deref();
      if (live) yield live;
    }
  }

  ofAgent(agentId: string): LiveSession[] {
    return [...this.all()].filter(({ agent }) => agent.id === agentId);
  }

  /** Moves the counters of the sessions that these entries belong to. */
  count(entries: readonly RecordedEntry[], missed: (sessionId: string) => void): void {
    for (const entry of entries) {
      if (entry.phase === 'operator') continue;
      const live = this.get(entry.sessionId);
      if (live) live.counters = sum(live.counters, countersOf(entry));
      else missed(entry.sessionId);
    }
  }

  refreshAgent(agent: AgentRef): void {
    for (const live of this.ofAgent(agent.id)) live.agent = agent;
  }
}

function sum(counters: SessionCounters, change: Partial<SessionCounters>): SessionCounters {
  if (counterNames.every((name) => (change[name] ?? 0) === 0)) return counters;
  const moved: { -readonly [Name in keyof SessionCounters]: number } = { ...counters };
  // As the store adds them.
  for (const name of counterNames) moved[name] = Math.min(moved[name] + (change[name] ?? 0), Number.MAX_SAFE_INTEGER);
  return moved;
}
