import type { AdminInput, EntryView } from '@sallyport/core/admin';
import { queryOptions } from '@tanstack/react-query';
import { call, getMe, isNotFound } from './api.ts';
import { liveState } from './live/live.ts';

/** Pages ask again by themselves: seldom beside the live stream, often without it (down, or not for this role). */
const refetchInterval = () => (liveState.get() === 'live' ? 30_000 : 8_000);

export type ApprovalFilters = NonNullable<AdminInput<'approvals.list'>['query']>;
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

/** What a session has read; nothing once it has ended, since that is destroyed with it. */
async function fetchFlow(id: string) {
  try {
    return await call('sessions.flow', { params: { id } });
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
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
  /** Everything that waits for a person: the inbox, and the count in the navigation. */
  pending: queryOptions({
    queryKey: ['approvals', 'pending'],
    queryFn: () => call('approvals.list', { query: { state: 'pending', limit: 500 } }),
    refetchInterval,
  }),
  approvals: (query: ApprovalFilters) =>
    queryOptions({
      queryKey: ['approvals', query],
      queryFn: () => call('approvals.list', { query }),
      refetchInterval,
    }),
  approval: (id: string) =>
    queryOptions({
      queryKey: ['approval', id],
      queryFn: () => call('approvals.get', { params: { id } }),
      refetchInterval,
    }),
  /** Asked for by hand only: making it takes the policies. */
  draftRule: (id: string) =>
    queryOptions({ queryKey: ['draft', id], queryFn: () => call('approvals.draftRule', { params: { id } }) }),
  flow: (sessionId: string) =>
    queryOptions({
      queryKey: ['flow', sessionId],
      queryFn: () => fetchFlow(sessionId),
      refetchInterval,
    }),
  tools: queryOptions({ queryKey: ['tools'], queryFn: () => call('tools.list'), refetchInterval }),
  upstreams: queryOptions({ queryKey: ['upstreams'], queryFn: () => call('upstreams.list'), refetchInterval }),
  /** Every definition that upstreams offer or offered, with what was said of it. */
  pins: queryOptions({ queryKey: ['pins'], queryFn: () => call('pins.list'), refetchInterval }),
  credentials: queryOptions({ queryKey: ['credentials'], queryFn: () => call('credentials.list'), refetchInterval }),
  // A file that is changed on disk leaves no entry, so this one asks beside the live stream as well.
  policies: queryOptions({ queryKey: ['policies'], queryFn: () => call('policies.get'), refetchInterval }),
  agents: queryOptions({ queryKey: ['agents'], queryFn: () => call('agents.list') }),
  operators: queryOptions({ queryKey: ['operators'], queryFn: () => call('operators.list') }),
  providers: queryOptions({ queryKey: ['providers'], queryFn: () => call('providers.list') }),
  settings: queryOptions({ queryKey: ['settings'], queryFn: () => call('settings.get') }),
  doctor: queryOptions({ queryKey: ['doctor'], queryFn: () => call('settings.doctor') }),
};
