import type { AdminAnswer, ApprovalView, EntryView } from '@sallyport/core/admin';
import type { QueryClient } from '@tanstack/react-query';
import type { EntryPages } from '../queries.ts';

/** Summaries are asked for again at most this often, however much happens. */
const refreshMs = 1_500;
/** A timeline that is left open keeps this many entries; earlier ones can be loaded again. */
const keepEntries = 4_000;

/** What of the caches an operator's act touches, by the resource in its action. */
const touchedBy: Readonly<Record<string, readonly string[]>> = {
  policies: ['policies', 'overview'],
  agents: ['agents'],
  operators: ['operators'],
  sessions: ['sessions', 'session', 'overview'],
  tools: ['tools'],
  pins: ['pins', 'upstreams', 'tools'],
  credentials: ['credentials'],
  approvals: ['approvals', 'approval'],
  config: ['settings', 'overview'],
};

/** Turns live entries into changes of the query caches: timelines grow in place, summaries are asked for again. */
export class Patches {
  readonly #client: QueryClient;
  readonly #stale = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #refreshedAt = 0;

  constructor(client: QueryClient) {
    this.#client = client;
  }

  apply(entries: readonly EntryView[]): void {
    const bySession = new Map<string, EntryView[]>();
    for (const entry of entries) {
      if (entry.phase === 'operator') {
        this.#markStale(touchedBy[entry.action.split('.')[0] ?? ''] ?? []);
        continue;
      }
      const known = bySession.get(entry.sessionId);
      if (known) known.push(entry);
      else bySession.set(entry.sessionId, [entry]);
    }
    for (const [sessionId, news] of bySession) {
      this.#client.setQueryData<EntryPages>(['entries', sessionId], (old) => old && appendEntries(old, news));
    }
    if (bySession.size > 0) this.#markStale(['overview', 'held', 'sessions', 'session', 'flow', 'tools']);
  }

  /** The inbox and its count change at once. Details do not travel live, so what is open asks again. */
  applyApprovals(news: readonly ApprovalView[]): void {
    if (news.length === 0) return;
    this.#client.setQueryData<Pending>(['approvals', 'pending'], (old) => old && updatePending(old, news));
    for (const { id } of news) void this.#client.invalidateQueries({ queryKey: ['approval', id] });
    this.#markStale(['approvals']);
  }

  /** Entries went by unseen. */
  missed(): void {
    this.#markStale(['overview', 'held', 'sessions', 'session', 'entries', 'flow', 'tools', 'approvals', 'approval']);
    this.#markStale(['policies', 'agents', 'operators', 'pins', 'upstreams', 'credentials']);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #markStale(keys: readonly string[]): void {
    for (const key of keys) this.#stale.add(key);
    if (this.#stale.size === 0 || this.#timer !== undefined) return;
    const since = Date.now() - this.#refreshedAt;
    this.#timer = setTimeout(() => this.#refresh(), Math.max(0, refreshMs - since));
  }

  #refresh(): void {
    this.#timer = undefined;
    this.#refreshedAt = Date.now();
    for (const key of this.#stale) void this.#client.invalidateQueries({ queryKey: [key] });
    this.#stale.clear();
  }
}

type Pending = AdminAnswer<'approvals.list'>;

/** What waits now: each that changed is replaced, and leaves once it no longer waits. */
export function updatePending(old: Pending, news: readonly ApprovalView[]): Pending {
  const changed = new Map(news.map((approval) => [approval.id, approval]));
  const kept = old.approvals.filter(({ id }) => !changed.has(id));
  const waiting = [...changed.values()].filter(({ state }) => state === 'pending');
  return { approvals: [...waiting, ...kept].toSorted((a, b) => b.requestedAt - a.requestedAt) };
}

/** Adds what is new, in order of `seq`; an entry that is already there (fetched and streamed) is not added twice. */
export function appendEntries(pages: EntryPages, news: readonly EntryView[]): EntryPages {
  const last = pages.entries.at(-1)?.seq ?? -1;
  const later = news.filter(({ seq }) => seq > last).toSorted((a, b) => a.seq - b.seq);
  if (later.length === 0) return pages;
  const entries = [...pages.entries, ...later];
  const over = entries.length - keepEntries;
  return over > 0 ? { entries: entries.slice(over), hasEarlier: true } : { entries, hasEarlier: pages.hasEarlier };
}
