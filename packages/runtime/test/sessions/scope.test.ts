import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Scope } from '@sallyport/core';
import { SessionService } from '../../src/sessions/sessions.ts';
import type { AdminHarness } from '../admin/harness.ts';
import { bodyOf, host, openAdmin } from '../admin/harness.ts';
import { codeOf } from '../identity/harness.ts';

let h: AdminHarness;
beforeAll(async () => {
  h = await openAdmin();
});
afterAll(() => h.close());

async function open(key: string, scope?: unknown) {
  const payload = { user: 'ann', purpose: 'answer a ticket', ...(scope === undefined ? {} : { scope }) };
  const headers = { host, authorization: `Bearer ${key}` };
  const answer = await h.app.inject({ method: 'POST', url: '/v1/sessions', headers, payload });
  return { status: answer.statusCode, body: bodyOf(answer.body) };
}

test('a session is opened with a scope, which survives a restart', async () => {
  const { key } = await h.agent();
  const { status, body } = await open(key, { tools: ['read_*', 'send_email'], labels: [] });
  const scope = { tools: ['read_*', 'send_email'], labels: [], by: 'caller' };
  expect([status, body['scope']]).toEqual([201, scope]);
  expect((await h.signIn(String(body['token']))).scope).toEqual(scope);
  const fresh = new SessionService({ ...h, store: h.store.sessions, idleMinutes: 60, maxHours: 24 });
  expect((await fresh.get(String(body['id'])))?.scope).toEqual(scope);
  fresh.close();
  const shown = await h.ask('GET', `/sessions/${String(body['id'])}`, await h.operator('viewer'));
  expect(shown.body['scope']).toEqual(scope);
});

test('a session without a scope is not narrowed', async () => {
  const { key } = await h.agent();
  for (const scope of [undefined, {}]) expect((await open(key, scope)).body).not.toHaveProperty('scope');
});

test.each([
  [{ tools: 'read_*' }, /^scope\.tools: /],
  [{ tools: [''] }, /^scope\.tools\.0: /],
  [{ tools: ['a\\b'] }, /^scope\.tools\.0: is no pattern/],
  [{ labels: [7] }, /^scope\.labels\.0: /],
  [{ tools: ['a'], by: 'second_model' }, /scope\.by/],
  [{ tool: ['a'] }, /scope\.tool/],
  [[], /^scope: /],
])('a scope that does not fit is refused by name: %j', async (scope, detail) => {
  const { key } = await h.agent();
  const { status, body } = await open(key, scope);
  expect([status, body['detail']]).toEqual([400, expect.stringMatching(detail)]);
});

test('no token widens a scope', async () => {
  const { key } = await h.agent();
  const { body } = await open(key, { tools: ['read_*'] });
  const [id, token] = [String(body['id']), String(body['token'])];
  expect((await open(token, { tools: ['*'] })).status).toBe(401);
  const renew = { method: 'POST', url: `/v1/sessions/${id}/token` } as const;
  for (const secret of [key, token]) {
    const headers = { host, authorization: `Bearer ${secret}` };
    const answer = await h.app.inject({ ...renew, headers, payload: { scope: { tools: ['*'] } } });
    expect(answer.statusCode).toBe(secret === key ? 400 : 401);
  }
  expect((await h.signIn(token)).scope?.tools).toEqual(['read_*']);
});

test('a scope is narrowed for everyone who holds the session, and never widened', async () => {
  const { key } = await h.agent();
  const { body } = await open(key);
  const id = String(body['id']);
  const held = await h.signIn(String(body['token']));
  const scope: Scope = { tools: ['read_*'], labels: ['private'], by: 'second_model' };
  await h.sessions.narrow(id, scope);
  expect(held.scope).toEqual(scope);
  expect((await h.store.sessions.get(id))?.scope).toEqual(scope);
  for (const wider of [
    { by: 'caller' },
    { tools: ['*'], labels: ['private'], by: 'caller' },
    { tools: ['read_*', 'send_email'], labels: ['private'], by: 'caller' },
    { tools: ['read_*'], by: 'caller' },
  ] as const) {
    expect(await codeOf(h.sessions.narrow(id, wider))).toBe('conflict');
  }
  await h.sessions.narrow(id, { tools: ['read_ticket'], labels: [], by: 'caller' });
  expect(held.scope?.tools).toEqual(['read_ticket']);
  expect(await codeOf(h.sessions.narrow('no-such', scope))).toBe('not_found');
});

test('a scope that could not be stored holds all the same', async () => {
  const broken = new SessionService({
    ...h,
    store: { ...h.store.sessions, update: () => Promise.reject(new Error('disk full')) },
    idleMinutes: 60,
    maxHours: 24,
  });
  const session = await broken.open({ agent: (await h.agent()).agent, userId: 'ann', purpose: 'x' });
  await expect(broken.narrow(session.id, { tools: [], by: 'caller' })).rejects.toThrow('disk full');
  expect(session.scope).toEqual({ tools: [], by: 'caller' });
  broken.close();
});
