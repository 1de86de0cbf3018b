import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Entry, Session, SessionStore } from '@sallyport/core';
import { RuntimeFault, isOpen, zeroCounters } from '@sallyport/core';
import type { Harness } from '../identity/harness.ts';
import { LiveSessions } from '../../src/sessions/live.ts';
import { SessionService } from '../../src/sessions/sessions.ts';
import { codeOf, hour, minute, openHarness } from '../identity/harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

const intent = (session: Session, kind: 'model_request' | 'tool_call', outcome: 'allow' | 'deny'): Entry => ({
  phase: 'intent',
  id: h.newId(),
  at: h.clock.now(),
  tenant: session.tenant,
  sessionId: session.id,
  agentId: session.agent.id,
  userId: session.user.id,
  eventId: h.newId(),
  kind,
  subject: 'x',
  owesResult: false,
  decision: { outcome, reasons: [], verdicts: [], policy: '' },
});

test('a session that is held sees its counters move, as the store does', async () => {
  const { agent } = await h.agent();
  const session = await h.sessions.open({ agent, userId: 'ann', purpose: 'a test' });
  await h.audit.append(intent(session, 'tool_call', 'deny'));
  await Promise.all(Array.from({ length: 30 }, () => h.audit.append(intent(session, 'model_request', 'allow'))));
  expect(session.counters).toEqual({ ...zeroCounters, toolCalls: 1, denied: 1, modelCalls: 30 });
  expect((await h.store.sessions.get(session.id))?.counters).toEqual(session.counters);
});

test('after a restart a session has the counters it had', async () => {
  const first = await openHarness();
  const { agent, key } = await first.agent();
  const before = await first.signIn(key, 'ann');
  await first.audit.append({ ...intent(before, 'tool_call', 'deny') });
  const second = await first.restart();
  try {
    const after = await second.signIn(key, 'ann');
    expect(after.id).toBe(before.id);
    expect(after.agent.id).toBe(agent.id);
    expect(after.counters).toMatchObject({ toolCalls: 1, denied: 1 });
    await second.audit.append(intent(after, 'tool_call', 'deny'));
    expect(after.counters).toMatchObject({ toolCalls: 2, denied: 2 });
  } finally {
    await second.close();
  }
});

test('two first requests at once share one session; other users and agents do not', async () => {
  const [one, two] = [await h.agent(), await h.agent()];
  const asked = Array.from({ length: 50 }, () => h.signIn(one.key, 'ann'));
  const same = await Promise.all(asked);
  expect(new Set(same.map(({ id }) => id)).size).toBe(1);
  const others = await Promise.all([h.signIn(one.key, 'bob'), h.signIn(one.key), h.signIn(two.key, 'ann')]);
  expect(new Set([...same, ...others].map(({ id }) => id)).size).toBe(4);
  const stored = await h.store.sessions.list({ agentId: one.agent.id, userId: 'ann', limit: 10 });
  expect(stored).toHaveLength(1);
});

test('a known key answers without asking the store', async () => {
  const { agent, key } = await h.agent();
  await h.signIn(key);
  expect(h.agents.authenticateKey(key)?.agent.id).toBe(agent.id);
  expect(h.sessions.forKey(agent)).not.toBeInstanceOf(Promise);
});

test('a direct session lives while it is used, ends when idle, and ends in any case after maxHours', async () => {
  const { key } = await h.agent();
  const first = await h.signIn(key);
  for (let passed = 0; passed < 10; passed++) {
    h.clock.advance(59 * minute);
    expect((await h.signIn(key)).id).toBe(first.id);
  }
  h.clock.advance(60 * minute);
  expect(isOpen(first, h.clock.now())).toBe(false);
  const second = await h.signIn(key);
  expect(second.id).not.toBe(first.id);
  for (let passed = 0; passed < 24; passed++) {
    h.clock.advance(59 * minute);
    await h.signIn(key);
  }
  h.clock.advance(59 * minute);
  expect((await h.signIn(key)).id).not.toBe(second.id);
});

test('no session is longer than maxHours', async () => {
  const { agent } = await h.agent();
  const asked = { agent, userId: 'ann', purpose: 'a test' };
  const spans = await Promise.all([
    h.sessions.open(asked),
    h.sessions.open({ ...asked, ttlSeconds: 1e9 }),
    h.sessions.open({ ...asked, ttlSeconds: 60 }),
  ]);
  expect(spans.map(({ openedAt, expiresAt }) => expiresAt - openedAt)).toEqual([24 * hour, 24 * hour, minute]);
});

test('ending takes effect at once for whoever holds the session', async () => {
  const { agent, key } = await h.agent();
  const held = await h.signIn(key);
  const opened = await h.sessions.open({ agent, userId: 'ann', purpose: 'a test' });
  const { token } = await h.sessions.token(opened);
  await h.signIn(token);
  await Promise.all([h.sessions.end(held.id), h.sessions.end(opened.id)]);
  expect([held.state, opened.state]).toEqual(['ended', 'ended']);
  expect(await codeOf(h.signIn(token))).toBe('unauthenticated');
  expect((await h.signIn(key)).id).not.toBe(held.id);
  expect(await codeOf(h.sessions.token(opened))).toBe('conflict');
});

test('a session stays ended when it is read while being ended', async () => {
  const { agent } = await h.agent();
  const { id } = await h.sessions.open({ agent, userId: 'ann', purpose: 'a test' });
  const fresh = newService(h.store.sessions);
  const [read] = await Promise.all([fresh.get(id), fresh.end(id), fresh.get(id)]);
  expect(read?.state).toBe('ended');
  expect((await fresh.get(id))?.state).toBe('ended');
  fresh.close();
});

test('a session is ended for us although the store could not be told', async () => {
  const { agent } = await h.agent();
  const session = await h.sessions.open({ agent, userId: 'ann', purpose: 'a test' });
  const broken = newService({
    ...h.store.sessions,
    update: () => Promise.reject(new RuntimeFault('store_unavailable')),
  });
  expect(await codeOf(broken.end(session.id))).toBe('store_unavailable');
  expect((await broken.get(session.id))?.state).toBe('ended');
  broken.close();
});

test('the store is told of such an end later, also where nobody has used the session since the start', async () => {
  const { agent } = await h.agent();
  const { id } = await h.sessions.open({ agent, userId: 'ann', purpose: 'a test' });
  let full = true;
  const update: SessionStore['update'] = async (...change) => {
    if (full) throw new RuntimeFault('store_unavailable');
    return await h.store.sessions.update(...change);
  };
  const fresh = newService({ ...h.store.sessions, update });
  expect(await codeOf(fresh.end(id))).toBe('store_unavailable');
  full = false;
  await fresh.sweep();
  expect((await h.store.sessions.get(id))?.state).toBe('ended');
  fresh.close();
});

test('an expired session shows as ended, and is swept up', async () => {
  const { agent } = await h.agent();
  const session = await h.sessions.open({ agent, userId: 'zoe', purpose: 'a test', ttlSeconds: 60 });
  h.clock.advance(minute);
  const list = (state?: 'open') =>
    h.sessions.list({ agentId: agent.id, limit: 10, ...(state === undefined ? {} : { state }) });
  expect((await list()).map(({ state }) => state)).toEqual(['ended']);
  expect(await list('open')).toEqual([]);
  await h.sessions.sweep();
  expect((await h.store.sessions.get(session.id))?.state).toBe('ended');
});

test('a changed role of an agent counts in its open sessions at once', async () => {
  const { agent, key } = await h.agent();
  const session = await h.signIn(key);
  await h.agents.update(agent.id, { roles: ['reader'] });
  expect(session.agent.roles).toEqual(['reader']);
});

test('an agent disabled while its first session was being opened gets none', async () => {
  const { agent } = await h.agent();
  const opening = h.sessions.open({ agent, userId: 'ann', purpose: 'a test' });
  const disabled = h.agents.update(agent.id, { disabled: true });
  const [opened] = await Promise.allSettled([opening, disabled]);
  const stored = await h.store.sessions.list({ agentId: agent.id, limit: 10 });
  expect(opened.status === 'rejected' || opened.value.state === 'ended').toBe(true);
  expect(stored.filter(({ state }) => state === 'open')).toEqual([]);
});

test('what a request still holds is the one object, also when many others came since', () => {
  const live = new LiveSessions(2);
  const { clock } = h;
  const make = (id: string): Session => ({
    id,
    tenant: 't',
    agent: { id: 'a', name: 'a', roles: [] },
    user: { id: 'u', roles: [] },
    purpose: '',
    openedAt: clock.now(),
    expiresAt: clock.now() + 1,
    state: 'open',
    counters: zeroCounters,
  });
  const held = live.add(make('held'));
  for (let i = 0; i < 10; i++) live.add(make(`other ${i}`));
  expect(live.get('held')).toBe(held);
});

const newService = (store: SessionStore) => new SessionService({ ...h, store, idleMinutes: 60, maxHours: 24 });

test('a session that reaches the store after its agent was disabled is no session', async () => {
  const { agent } = await h.agent();
  const service = newService({
    ...h.store.sessions,
    insert: async (session) => {
      await h.agents.update(agent.id, { disabled: true });
      await h.store.sessions.insert(session);
    },
  });
  expect(await codeOf(service.open({ agent, userId: 'ann', purpose: 'a test' }))).toBe('forbidden');
  expect(await h.store.sessions.list({ agentId: agent.id, state: 'open', limit: 10 })).toEqual([]);
  service.close();
});

test('disabling an agent ends what is held of it, also when the store cannot list it', async () => {
  const { agent } = await h.agent();
  const service = newService({
    ...h.store.sessions,
    list: () => Promise.reject(new RuntimeFault('store_unavailable')),
  });
  const held = await service.open({ agent, userId: 'ann', purpose: 'a test' });
  expect(await codeOf(h.agents.update(agent.id, { disabled: true }))).toBe('store_unavailable');
  expect(held.state).toBe('ended');
  expect(h.agents.live(agent.id)).toBeUndefined();
  service.close();
});
