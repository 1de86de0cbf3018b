import type { AdminInput, EntryView } from '@sallyport/core/admin';
import { queryOptions } from '@tanstack/react-query';
import { call, getMe } from './api.ts';
import { liveState } from './live/live.ts';

/** Pages ask again by themselves: seldom beside the live stream, often without it (down, or not for this role). */
const refetchInterval = () => (liveState.get() === 'live' ? 30_000 : 8_000);

export type SessionFilters = NonNullable<AdminInput<'sessions.list'>['query']>;

/** How many entries one request brings: the contract's maximum. */
export const entriesPage = 500;

export interface EntryPages {
  /** Oldest first, no gaps. */
  readonly entries: readonly EntryView[];
  readonly hasEarlier: boolean;
}

/** The newest entries of a session, or those before a place in the log. */
export async function fetchEntries(sessionId: string, before = Number.MAX_SAFE_INTEGER): Promise<EntryPages> {
  const { entries } = await call('entries.list', { query: { sessionId, before, limit: entriesPage } });
  const ordered = entries.toSorted((a, b) => a.seq - b.seq);
  return { entries: ordered, hasEarlier: entries.length === entriesPage };
}

export const queries = {
  me: queryOptions({ queryKey: ['me'], queryFn: getMe, staleTime: Number.POSITIVE_INFINITY }),
  overview: queryOptions({
    queryKey: ['overview'],
    queryFn: () => call('overview.get'),
    refetchInterval,
  }),
  sessions: (query: SessionFilters) =>
    queryOptions({
      queryKey: ['sessions', query],
      queryFn: () => call('sessions.list', { query }),
      refetchInterval,
    }),
  session: (id: string) =>
    queryOptions({
      queryKey: ['session', id],
      queryFn: () => call('sessions.get', { params: { id } }),
      refetchInterval,
    }),
  entries: (sessionId: string) =>
    queryOptions({
      queryKey: ['entries', sessionId],
      queryFn: () => fetchEntries(sessionId),
      refetchInterval,
    }),
  /** The newest events that wait, or waited, for a person. */
  held: queryOptions({
    queryKey: ['held'],
    queryFn: () => call('entries.list', { query: { outcome: 'require_approval', limit: 5 } }),
    refetchInterval,
  }),
  // A file that is changed on disk leaves no entry, so this one asks beside the live stream as well.
  policies: queryOptions({ queryKey: ['policies'], queryFn: () => call('policies.get'), refetchInterval }),
  agents: queryOptions({ queryKey: ['agents'], queryFn: () => call('agents.list') }),
  operators: queryOptions({ queryKey: ['operators'], queryFn: () => call('operators.list') }),
  settings: queryOptions({ queryKey: ['settings'], queryFn: () => call('settings.get') }),
  doctor: queryOptions({ queryKey: ['doctor'], queryFn: () => call('settings.doctor') }),
};
