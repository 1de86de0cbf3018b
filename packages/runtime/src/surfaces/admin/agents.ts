import { RuntimeFault } from '@sallyport/core';
import { given } from './given.ts';
import type { Handlers } from './services.ts';

type AgentRoute = 'agents.list' | 'agents.create' | 'agents.update' | 'agents.createKey' | 'agents.revokeKey';

export const agentHandlers: Handlers<AgentRoute> = {
  'agents.list': (_, { agents }) => ({
    agents: agents.list().map((agent) => Object.assign({ keys: agents.keys(agent.id) }, agent)),
  }),
  'agents.create': {
    entry: ({ newId, body }) => ({ subject: newId, detail: JSON.stringify(body) }),
    run: ({ newId, body }, { agents }) => agents.create({ id: newId, ...body }),
  },
  'agents.update': {
    entry: ({ params: { id }, body }) => ({ subject: id, detail: JSON.stringify(body) }),
    run: ({ params: { id }, body }, { agents }) => agents.update(id, given(body)),
  },
  'agents.createKey': {
    entry: ({ params: { id }, newId, body }) => ({ subject: id, detail: JSON.stringify({ keyId: newId, ...body }) }),
    run: async ({ params: { id }, newId, body }, { agents }) => {
      const { record, secret } = await agents.createKey(id, { id: newId, ...body });
      return { ...record, key: secret };
    },
  },
  'agents.revokeKey': {
    entry: ({ params: { id, keyId } }) => ({ subject: id, detail: JSON.stringify({ keyId }) }),
    run: async ({ params: { id, keyId } }, { agents }) => {
      if (!agents.get(id)) throw new RuntimeFault('not_found', { detail: 'There is no such agent.' });
      await agents.revokeKey(id, keyId);
      return { ok: true };
    },
  },
};
