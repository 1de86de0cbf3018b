import { afterAll, beforeAll, expect, test } from 'vitest';
import { AgentService } from '../../src/agents/agents.ts';
import type { Harness } from '../identity/harness.ts';
import { codeOf, minute, openHarness } from '../identity/harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

test('a key is known after a restart, and a revoked one stays revoked', async () => {
  const first = await openHarness();
  const { agent, key } = await first.agent();
  const revoked = await first.agents.createKey(agent.id, { name: 'old', expiresInDays: null });
  await first.agents.revokeKey(agent.id, revoked.record.id);
  const second = await first.restart();
  try {
    expect(second.agents.authenticateKey(key)?.agent).toEqual(agent);
    expect(second.agents.authenticateKey(revoked.secret)).toBeUndefined();
  } finally {
    await second.close();
  }
});

test('a key has the form that scanners look for, and only its hash is kept', async () => {
  const { agent } = await h.agent();
  const { record, secret } = await h.agents.createKey(agent.id, { name: 'ci', expiresInDays: 90 });
  expect(secret).toMatch(/^sp_agent_[A-Za-z0-9_-]{43}$/);
  expect(record.hash).toMatch(/^[0-9a-f]{64}$/);
  expect(secret.startsWith(record.hint)).toBe(true);
  expect(record.hint).toHaveLength('sp_agent_'.length + 4);
  expect(JSON.stringify(await h.store.agents.keys(agent.id))).not.toContain(secret.slice(20));
});

test('a change that another service made counts after a reload', async () => {
  const { agent, key } = await h.agent();
  const other = await AgentService.open({ store: h.store.agents, clock: h.clock, newId: h.newId, tenant: 'default' });
  await other.update(agent.id, { disabled: true });
  await h.agents.reload();
  expect(h.agents.authenticateKey(key)).toBeUndefined();
});

test('the last use of a key is kept, at most once a minute', async () => {
  const { agent, key } = await h.agent();
  const [record] = h.agents.keys(agent.id);
  let written = 0;
  const store = {
    ...h.store.agents,
    updateKey: (...change: Parameters<typeof h.store.agents.updateKey>) => {
      written++;
      return h.store.agents.updateKey(...change);
    },
  };
  const service = await AgentService.open({ store, clock: h.clock, newId: h.newId, tenant: 'default' });
  for (let i = 0; i < 100; i++) service.authenticateKey(key);
  expect(written).toBe(1);
  h.clock.advance(minute);
  service.authenticateKey(key);
  expect(written).toBe(2);
  await service.reload();
  expect(service.keys(agent.id).find(({ id }) => id === record?.id)?.lastUsedAt).toBe(h.clock.now());
});

test('a failing note of the last use fails no request', async () => {
  const { key } = await h.agent();
  const store = { ...h.store.agents, updateKey: () => Promise.reject(new Error('disk full')) };
  const service = await AgentService.open({ store, clock: h.clock, newId: h.newId, tenant: 'default' });
  expect(service.authenticateKey(key)).toBeDefined();
  await service.reload();
});

test('changes at once do not undo each other', async () => {
  const { agent } = await h.agent();
  await Promise.all([
    h.agents.update(agent.id, { name: 'renamed' }),
    h.agents.update(agent.id, { roles: ['reader'] }),
    h.agents.update(agent.id, { disabled: true }),
    h.agents.update(agent.id, { namesUsers: false }),
  ]);
  const after = h.agents.get(agent.id);
  expect(after).toMatchObject({ name: 'renamed', roles: ['reader'], namesUsers: false });
  expect(after?.disabledAt).not.toBeNull();
  expect(await h.store.agents.get(agent.id)).toEqual(after);
});

test('a use that comes while the key is being revoked does not bring it back', async () => {
  const { agent, key } = await h.agent();
  const [record] = h.agents.keys(agent.id);
  h.clock.advance(minute);
  const revoking = h.agents.revokeKey(agent.id, record?.id ?? '');
  h.agents.authenticateKey(key);
  await revoking;
  expect(h.agents.authenticateKey(key)).toBeUndefined();
  await h.agents.reload();
  expect(h.agents.authenticateKey(key)).toBeUndefined();
});

test('what is not there is said so', async () => {
  const { agent } = await h.agent();
  const other = await h.agent();
  const [key] = h.agents.keys(other.agent.id);
  expect(await codeOf(h.agents.update('no-such', { name: 'x' }))).toBe('not_found');
  expect(await codeOf(h.agents.createKey('no-such', { name: 'x', expiresInDays: 1 }))).toBe('not_found');
  expect(await codeOf(h.agents.revokeKey(agent.id, key?.id ?? ''))).toBe('not_found');
});
