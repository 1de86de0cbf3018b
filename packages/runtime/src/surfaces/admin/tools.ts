import type { Handlers } from './services.ts';

export const toolHandlers: Handlers<'tools.list' | 'tools.confirm' | 'tools.forget'> = {
  'tools.list': async (_, { tools }) => ({ tools: await tools.list() }),
  'tools.confirm': {
    entry: ({ params: { name }, body: { manifest } }) => ({ subject: name, detail: JSON.stringify(manifest) }),
    run: ({ params: { name }, body: { manifest, definition }, operator }, { tools }) =>
      tools.confirm(name, manifest, operator.id, definition),
  },
  'tools.forget': {
    entry: ({ params: { name } }) => ({ subject: name }),
    run: async ({ params: { name } }, { tools }) => {
      await tools.forget(name);
      return { ok: true };
    },
  },
};
