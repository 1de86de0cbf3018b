import { createHash } from 'node:crypto';
import { loadPolicySet, zeroCounters, type AgentRef, type Session } from '@sallyport/core';
import { expect, it } from 'vitest';
import { Permitted } from '../../src/gateway/permitted.ts';
import { systemClock } from '../../src/clock.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const policiesOf = (tools: string) =>
  loadPolicySet(
    { permissions: { name: 'permissions.yaml', text: `roles: { support: { tools: { ${tools} } } }` }, cedar: [] },
    { sha256 },
  );

const agent = (roles: readonly string[]): AgentRef => ({ id: 'a-1', name: 'support', roles });
const opened = (id: string, change: Partial<Session> = {}): Session => ({
  id,
  tenant: 'default',
  agent: agent(['support']),
  user: { id: 'ann', roles: [] },
  purpose: 'tests',
  openedAt: 0,
  expiresAt: Date.now() + 600_000,
  state: 'open',
  counters: zeroCounters,
  ...change,
});

it('what policies, the agent and the scope say now is what counts, whatever they said before', () => {
  let policies = policiesOf('read: allow, write: deny');
  const permitted = new Permitted({ clock: systemClock, policies: () => policies });
  const session: { -readonly [K in keyof Session]: Session[K] } = opened('s-1');
  const ask = () => ['read', 'write', 'other'].map((tool) => permitted.may(session, tool));
  expect(ask()).toEqual([true, false, false]);
  expect(ask()).toEqual([true, false, false]);
  policies = policiesOf('read: deny, write: allow');
  expect(ask()).toEqual([false, true, false]);
  session.agent = agent([]);
  expect(ask()).toEqual([false, false, false]);
  session.agent = agent(['support']);
  expect(ask()).toEqual([false, true, false]);
  session.scope = { tools: ['read'], by: 'caller' };
  expect(ask()).toEqual([false, false, false]);
  session.scope = { tools: ['w*'], by: 'caller' };
  expect(ask()).toEqual([false, true, false]);
});

it('what one session may is no answer for another', () => {
  const policies = policiesOf('read: allow');
  const permitted = new Permitted({ clock: systemClock, policies: () => policies });
  expect(permitted.may(opened('s-1'), 'read')).toBe(true);
  expect(permitted.may(opened('s-1', { agent: agent(['guest']) }), 'read')).toBe(false);
});

it('more names than are kept are answered all the same', () => {
  const policies = policiesOf('read: allow');
  const permitted = new Permitted({ clock: systemClock, policies: () => policies });
  const session = opened('s-1');
  for (let n = 0; n < 1_200; n++) expect(permitted.may(session, `other_${n}`)).toBe(false);
  expect(permitted.may(session, 'read')).toBe(true);
  expect(permitted.may(session, 'read')).toBe(true);
});
