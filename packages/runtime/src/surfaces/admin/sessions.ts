import { RuntimeFault } from '@sallyport/core';
import { given } from './given.ts';
import type { Handlers } from './services.ts';

type SessionRoute = 'sessions.list' | 'sessions.get' | 'sessions.end' | 'sessions.flow';

export const sessionHandlers: Handlers<SessionRoute> = {
  'sessions.list': async ({ query: { limit, ...filter } }, { sessions }) => ({
    sessions: await sessions.list({ ...given(filter), limit }),
  }),
  'sessions.get': async ({ params: { id } }, { sessions }) => {
    const session = await sessions.get(id);
    if (!session) throw new RuntimeFault('not_found', { detail: 'There is no such session.' });
    return sessions.isOpen(session) ? session : { ...session, state: 'ended' };
  },
  'sessions.flow': async ({ params: { id } }, { flows }) => {
    const flow = await flows.describe(id);
    if (!flow) throw new RuntimeFault('not_found', { detail: 'Nothing is kept of what this session read.' });
    return flow;
  },
  'sessions.end': {
    entry: ({ params: { id } }) => ({ subject: id }),
    run: async ({ params: { id } }, { sessions }) => {
      await sessions.end(id);
      return { ok: true };
    },
  },
};
