import { RuntimeFault } from '@sallyport/core';
import type { AdminServices, Handlers } from './services.ts';

type Names = 'credentials.list' | 'credentials.set' | 'credentials.revoke' | 'credentials.restore';

export const credentialHandlers: Handlers<Names> = {
  'credentials.list': (_, services) => ({ credentials: services.credentials?.list() ?? [] }),
  'credentials.set': {
    // Without detail: the body is the secret.
    entry: ({ params: { name } }) => ({ subject: name }),
    run: async ({ params: { name }, body: { value } }, services) => {
      await keeper(services).set(name, value);
      return { ok: true };
    },
  },
  'credentials.revoke': {
    entry: ({ params: { name } }) => ({ subject: name }),
    run: async ({ params: { name } }, services) => {
      await keeper(services).revoke(name);
      return { ok: true };
    },
  },
  'credentials.restore': {
    entry: ({ params: { name } }) => ({ subject: name }),
    run: async ({ params: { name } }, services) => {
      await keeper(services).restore(name);
      return { ok: true };
    },
  },
};

function keeper({ credentials }: AdminServices) {
  if (credentials) return credentials;
  throw new RuntimeFault('not_found', { detail: 'No credentials are configured.' });
}
