import { mayOperator } from '@sallyport/core/admin';
import type { Handlers } from './services.ts';

const dayMs = 86_400_000;
const mostOpenSessions = 10_000;

export const overviewHandlers: Handlers<'overview.get'> = {
  'overview.get': async ({ operator }, { clock, entries, sessions, policies, settings }) => {
    const until = Math.floor(clock.now());
    const since = until - dayMs;
    // A denial shows what an event carried, which not every role may see.
    const mayRead = mayOperator(operator.role, 'entries.read');
    const [activity, open, recentDenials] = await Promise.all([
      entries.activity(since, until, 24),
      sessions.list({ state: 'open', limit: mostOpenSessions }),
      mayRead ? entries.list({ outcome: 'deny', limit: 10 }) : [],
    ]);
    const { hash, loadedAt, problems } = policies.status();
    return {
      since,
      until,
      activity,
      openSessions: open.length,
      recentDenials,
      providers: settings.providers(),
      policies: { hash, loadedAt, problems },
      baseUrl: settings.baseUrl(),
      models: settings.models(),
    };
  },
};
