import type { AdminRouteName, PinState, PinView } from '@sallyport/core/admin';
import { pinStates } from '@sallyport/core/admin';
import { type Answer, Refusal, find } from './asked.ts';
import type { World } from './world.ts';

const countsOf = ({ pins }: World, upstream: string): Record<PinState, number> => {
  const counts = Object.fromEntries(pinStates.map((state) => [state, 0])) as Record<PinState, number>;
  for (const pin of pins) if (pin.upstream === upstream) counts[pin.state]++;
  return counts;
};

/** As the runtime answers: only for a definition that is offered, and what is approved takes the place of what was. */
const review =
  (state: 'pinned' | 'rejected'): Answer =>
  ({ who, body: { upstream, tool, hash } }, world) => {
    const pin = world.pins.find((one) => one.upstream === upstream && one.tool === tool && one.hash === hash);
    if (pin === undefined) throw new Refusal(409, 'conflict', 'It is not offered with this definition any more.');
    const { differences: _, ...kept } = pin;
    const after: PinView = { ...kept, state, reviewed: { by: who.id, at: Date.now() } };
    world.pins = world.pins
      .filter((one) => state === 'rejected' || one.tool !== tool || one.upstream !== upstream || one.state !== 'pinned')
      .map((one) => (one === pin ? after : one));
    return after;
  };

const turn =
  (state: 'revoked' | 'unused'): Answer =>
  ({ params }, world) => {
    const credential = find(world.credentials, ({ name }) => name === params['name']);
    world.credentials = world.credentials.map((one) => (one === credential ? { ...one, state } : one));
    return { ok: true };
  };

export const gatewayAnswers: Partial<Record<AdminRouteName, Answer>> = {
  'upstreams.list': (_, world) => ({
    upstreams: world.upstreams.map((one) => ({ ...one, pins: countsOf(world, one.name) })),
  }),
  'pins.list': (_, { pins }) => ({ pins }),
  'pins.approve': review('pinned'),
  'pins.reject': review('rejected'),
  'operators.list': () => ({
    operators: ['owner', 'operator'].map((role) => ({
      id: `op-${role}`,
      name: `Grace the ${role}`,
      role,
      createdAt: Date.now(),
      disabledAt: null,
    })),
  }),
  'credentials.list': (_, { credentials }) => ({ credentials }),
  'credentials.set': ({ params }, world) => {
    const credential = find(world.credentials, ({ name }) => name === params['name']);
    if (credential.source !== 'stored') throw new Refusal(400, 'invalid_request', 'It is kept elsewhere.');
    world.credentials = world.credentials.map((one) => (one === credential ? { ...one, state: 'ok' } : one));
    return { ok: true };
  },
  'credentials.revoke': turn('revoked'),
  'credentials.restore': turn('unused'),
};
