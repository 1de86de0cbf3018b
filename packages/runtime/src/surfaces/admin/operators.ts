import { given } from './given.ts';
import type { Handlers } from './services.ts';

type OperatorRoute = 'operators.list' | 'operators.create' | 'operators.update' | 'operators.createSignInLink';

export const operatorHandlers: Handlers<OperatorRoute> = {
  'operators.list': (_, { operators }) => ({ operators: operators.list() }),
  'operators.create': {
    entry: ({ newId, body }) => ({ subject: newId, detail: JSON.stringify(body) }),
    run: ({ newId, body }, { operators }) => operators.create({ id: newId, ...body }),
  },
  'operators.update': {
    entry: ({ params: { id }, body }) => ({ subject: id, detail: JSON.stringify(body) }),
    run: ({ params: { id }, body }, { operators }) => operators.update(id, given(body)),
  },
  'operators.createSignInLink': {
    entry: ({ params: { id } }) => ({ subject: id }),
    run: async ({ params: { id } }, { operators, settings }) => {
      const { secret, expiresAt } = await operators.createSignInLink(id);
      return { url: signInUrl(settings.baseUrl(), secret), expiresAt };
    },
  },
};

/** The secret stands behind `#`, which no browser sends: it reaches no server's log and no Referer. */
export const signInUrl = (baseUrl: string, secret: string): string => `${baseUrl}/sign-in#${secret}`;
