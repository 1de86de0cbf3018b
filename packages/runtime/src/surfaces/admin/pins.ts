import { pinStates } from '@sallyport/core/admin';
import type { PinState } from '@sallyport/core/admin';
import { given } from './given.ts';
import type { Handlers } from './services.ts';

const none = Object.fromEntries(pinStates.map((state) => [state, 0])) as Record<PinState, number>;

export const pinHandlers: Handlers<'upstreams.list' | 'pins.list' | 'pins.approve' | 'pins.reject'> = {
  'upstreams.list': async (_, { upstreams, pins }) => {
    const [listed, counts] = await Promise.all([upstreams.list(), pins.counts()]);
    return { upstreams: listed.map((each) => ({ ...each, pins: counts.get(each.name) ?? none })) };
  },
  'pins.list': async ({ query }, { pins }) => ({ pins: await pins.list(given(query)) }),
  'pins.approve': {
    entry: ({ body: { upstream, tool, hash } }) => ({ subject: `${upstream}/${tool}`, detail: `sha256 ${hash}` }),
    run: ({ body: { upstream, tool, hash }, operator }, { pins }) => pins.approve(upstream, tool, hash, operator.id),
  },
  'pins.reject': {
    entry: ({ body: { upstream, tool, hash } }) => ({ subject: `${upstream}/${tool}`, detail: `sha256 ${hash}` }),
    run: ({ body: { upstream, tool, hash }, operator }, { pins }) => pins.reject(upstream, tool, hash, operator.id),
  },
};
