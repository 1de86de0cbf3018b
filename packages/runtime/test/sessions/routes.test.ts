import type { InjectOptions } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problemSchema } from '@sallyport/core/admin';
import type { AdminHarness } from '../admin/harness.ts';
import { bodyOf, host, openAdmin } from '../admin/harness.ts';
import { codeOf, minute } from '../identity/harness.ts';

let h: AdminHarness;
beforeAll(async () => {
  h = await openAdmin();
});
afterAll(() => h.close());

async function ask(method: 'POST' | 'DELETE', path: string, key?: string, payload?: InjectOptions['payload']) {
  const headers = { host, ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) };
  const answer = await h.app.inject({
    method,
    url: `/v1/sessions${path}`,
    headers,
    ...(payload === undefined ? {} : { payload }),
  });
  return { status: answer.statusCode, headers: answer.headers, body: bodyOf(answer.body) };
}
const open = async (key: string) => (await ask('POST', '', key, { user: 'ann', purpose: 'answer a ticket' })).body;

test('an agent opens a session for a user and acts in it by its token', async () => {
  const { agent, key } = await h.agent();
  const { status, body, headers } = await ask('POST', '', key, {
    user: 'ann',
    purpose: 'answer a ticket',
    ttl_seconds: 600,
  });
  expect([status, headers['cache-control']]).toEqual([201, 'no-store']);
  expect(body).toMatchObject({
    agent: { id: agent.id, name: 'support' },
    user: 'ann',
    purpose: 'answer a ticket',
    expires_at: h.clock.now() + 10 * minute,
    token_expires_at: h.clock.now() + 10 * minute,
    token_expires_in: 600,
  });
  const session = await h.signIn(String(body['token']));
  expect([session.id, session.user.id, session.purpose]).toEqual([body['id'], 'ann', 'answer a ticket']);
});

test('a token is renewed by the key, and not by the token itself', async () => {
  const { key } = await h.agent();
  const { id, token } = await open(key);
  h.clock.advance(14 * minute);
  const renewed = await ask('POST', `/${String(id)}/token`, key);
  expect(renewed.status).toBe(200);
  h.clock.advance(2 * minute);
  expect(await codeOf(h.signIn(String(token)))).toBe('unauthenticated');
  expect((await h.signIn(String(renewed.body['token']))).id).toBe(id);
  expect((await ask('POST', `/${String(id)}/token`, String(renewed.body['token']))).status).toBe(401);
  expect((await ask('POST', '', String(renewed.body['token']), { purpose: 'x' })).status).toBe(401);
});

test('an ended session takes its token with it, and gives no new one', async () => {
  const { key } = await h.agent();
  const { id, token } = await open(key);
  await h.signIn(String(token));
  expect((await ask('DELETE', `/${String(id)}`, key)).status).toBe(204);
  expect(await codeOf(h.signIn(String(token)))).toBe('unauthenticated');
  expect((await ask('POST', `/${String(id)}/token`, key)).body['code']).toBe('conflict');
  expect((await ask('DELETE', `/${String(id)}`, key)).status).toBe(204);
});

test("another agent's session is as unknown as one that never was", async () => {
  const [mine, other] = [await h.agent(), await h.agent()];
  const { id, token } = await open(mine.key);
  const answers = await Promise.all([
    ask('DELETE', `/${String(id)}`, other.key),
    ask('POST', `/${String(id)}/token`, other.key),
    ask('DELETE', '/01a1fb67-1801-73d5-8767-84dfa615b3e1', other.key),
    ask('DELETE', `/${'x'.repeat(90)}`, other.key),
  ]);
  for (const { status, body } of answers) {
    expect([status, body['detail']]).toEqual([404, 'No such session.']);
  }
  expect((await h.signIn(String(token))).state).toBe('open');
});

test('an agent that may not name users opens sessions for anonymous only', async () => {
  const { key } = await h.agent({ namesUsers: false });
  expect((await ask('POST', '', key, { user: 'ann', purpose: 'x' })).body['code']).toBe('forbidden');
  expect((await ask('POST', '', key, { purpose: 'x' })).body['user']).toBe('anonymous');
});

test('an agent that may no longer name users gets no new token for one', async () => {
  const { agent, key } = await h.agent();
  const { id } = await open(key);
  const { id: nobodys } = (await ask('POST', '', key, { purpose: 'x' })).body;
  const said = { user: 'anonymous', roles: ['patron'], claims: { customer: ['C-1'] }, purpose: 'x' };
  const { id: nobodyWithClaims } = (await ask('POST', '', key, said)).body;
  await h.agents.update(agent.id, { namesUsers: false });
  expect((await ask('POST', `/${String(nobodyWithClaims)}/token`, key)).body['code']).toBe('forbidden');
  expect((await ask('POST', `/${String(id)}/token`, key)).body['code']).toBe('forbidden');
  expect((await ask('POST', `/${String(nobodys)}/token`, key)).status).toBe(200);
});

test('no key, no session, and the answer is a problem document', async () => {
  const { key } = await h.agent();
  for (const bad of [undefined, 'x', `${key}x`, h.operators.issueToken()]) {
    for (const [method, path] of [
      ['POST', ''],
      ['POST', '/x/token'],
      ['DELETE', '/x'],
    ] as const) {
      const { status, headers, body } = await ask(method, path, bad, method === 'POST' ? { purpose: 'x' } : undefined);
      expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer']);
      expect(problemSchema.parse(body).code).toBe('unauthenticated');
    }
  }
});

test.each([
  [{ purpose: '' }, /^purpose: /],
  [{ user: 'ann' }, /^purpose: /],
  [{ purpose: 'x', user: 'a b' }, /^user: a user id is/],
  [{ purpose: 'x', ttl_seconds: 1 }, /^ttl_seconds: /],
  [{ purpose: 'x', ttl_seconds: '600' }, /^ttl_seconds: /],
  [{ purpose: 'x', userRoles: ['admin'] }, /no key userRoles/],
  [[], /object/],
] as const)('a body that does not fit is refused by name: %j', async (payload, detail) => {
  const { key } = await h.agent();
  const { status, body } = await ask('POST', '', key, payload);
  expect(status).toBe(400);
  expect(body['detail']).toMatch(detail);
});
