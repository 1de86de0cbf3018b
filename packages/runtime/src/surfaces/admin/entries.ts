import { given } from './given.ts';
import type { Handlers } from './services.ts';

export const entryHandlers: Handlers<'entries.list'> = {
  'entries.list': async ({ query: { limit, ...filter } }, { entries }) => ({
    entries: await entries.list({ ...given(filter), limit }),
  }),
};
