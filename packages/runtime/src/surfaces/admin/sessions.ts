import { RuntimeFault } from '@sallyport/core';
import { given } from './given.ts';
import type { Handlers } from './services.ts';

export const sessionHandlers: Handlers<'sessions.list' | 'sessions.get' | 'sessions.end'> = {
  'sessions.list': async ({ query: { limit, ...filter } }, { sessions }) => ({
    sessions: await sessions.list({ ...given(filter), limit }),
  }),
  'sessions.get': async ({ params: { id } }, { sessions }) => {
    const session = await sessions.get(id);
    if (!session) throw new RuntimeFault('not_found', { detail: 'There is no such session.' });
    return sessions.isOpen(session) ? session : { ...session, state: 'ended' };
  },
  'sessions.end': {
    entry: ({ params: { id } }) => ({ subject: id }),
    run: async ({ params: { id } }, { sessions }) => {
      await sessions.end(id);
      return { ok: true };
    },
  },
};
