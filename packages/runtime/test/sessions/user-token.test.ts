import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { IdentityConfig } from '@sallyport/core';
import type { AdminHarness } from '../admin/harness.ts';
import type { ScriptedIssuer } from '../identity/oidc/scripted-issuer.ts';
import { bodyOf, host, openAdmin } from '../admin/harness.ts';
import { TestClock, codeOf, hour, minute, openHarness } from '../identity/harness.ts';
import { startScriptedIssuer } from '../identity/oidc/scripted-issuer.ts';

const clock = new TestClock();
let issuer: ScriptedIssuer;
let h: AdminHarness;
beforeAll(async () => {
  issuer = await startScriptedIssuer(() => clock.now() / 1000);
  const issuers = {
    corp: {
      issuer: issuer.issuer,
      audience: ['here', 'mine', 'other-client'],
      clockSkewSeconds: 0,
      userClaim: 'sub',
      claims: ['customer'],
      roles: { claim: 'groups', map: { vip: 'patron' } },
      agents: { claim: 'client_id', map: { 'other-client': 'other agent', mine: 'support' } },
      scope: 'mcp',
      accessTokens: 'at+jwt',
    },
  } as unknown as IdentityConfig['issuers'];
  h = await openAdmin({}, await openHarness(undefined, clock, issuers));
});
afterAll(async () => {
  await h.close();
  await issuer.close();
});

const user = (claims: object = {}) => issuer.sign({ customer: 'C-1', groups: ['vip'], ...claims });

async function ask(path: string, key: string, payload: object, method: 'POST' | 'DELETE' = 'POST') {
  const headers = { host, authorization: `Bearer ${key}` };
  const answer = await h.app.inject({ method, url: `/v1/sessions${path}`, headers, payload });
  return { status: answer.statusCode, body: bodyOf(answer.body), text: answer.body };
}
async function opened(body: object = {}) {
  const { key } = await h.agent({ namesUsers: false });
  const token = await user();
  const answer = await ask('', key, { user_token: token, purpose: 'a task', ...body });
  return { key, token, id: String(answer.body['id']), ...answer };
}
const stored = async (id: string) => {
  const session = await h.sessions.get(id);
  if (!session) throw new Error('no session');
  return session;
};

test("a back end that may not name users opens a session by the user's own token, with what the token says", async () => {
  const { status, body, id } = await opened();
  expect([status, body['user'], body['roles'], body['claims']]).toEqual([
    201,
    'ann',
    ['patron'],
    { customer: ['C-1'] },
  ]);
  const session = await h.signIn(String(body['token']));
  expect(session.user).toEqual({ id: 'ann', roles: ['patron'], claims: { customer: ['C-1'] }, issuer: 'corp' });
  expect((await h.store.sessions.get(id))?.user).toEqual(session.user);
});

test('operators see what is claimed of a user, and who says so', async () => {
  const { id } = await opened();
  const viewer = await h.operator('viewer');
  const { body } = await h.ask('GET', `/sessions/${id}`, viewer);
  expect(body['user']).toEqual({ id: 'ann', roles: ['patron'], claims: { customer: ['C-1'] }, issuer: 'corp' });
});

test('beside a token nothing else may be said of the user', async () => {
  const { key } = await h.agent();
  for (const beside of [{ user: 'bob' }, { roles: ['admin'] }, { claims: { customer: ['C-2'] } }]) {
    const { status, body } = await ask('', key, { user_token: await user(), purpose: 'x', ...beside });
    expect([status, body['path']]).toEqual([400, Object.keys(beside)[0]]);
  }
});

test('only a back end that may name users says what is claimed of them', async () => {
  const [trusted, other] = [await h.agent(), await h.agent({ namesUsers: false })];
  const asked = { user: 'bob', roles: ['patron'], claims: { customer: ['C-2', 'C-3'] }, purpose: 'x' };
  expect((await ask('', other.key, asked)).body['code']).toBe('forbidden');
  const { body } = await ask('', trusted.key, asked);
  expect((await h.signIn(String(body['token']))).user).toEqual({
    id: 'bob',
    roles: ['patron'],
    claims: { customer: ['C-2', 'C-3'] },
  });
  expect((await ask('', trusted.key, { claims: { a: ['b'] }, purpose: 'x' })).body['path']).toBe('user');
  expect((await ask('', trusted.key, { user: 'bob', keep_user_token: true, purpose: 'x' })).body['path']).toBe(
    'keep_user_token',
  );
});

test.each([
  ['too many names', Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`c${i}`, ['x']]))],
  ['too many values', { a: Array.from({ length: 101 }, () => 'x') }],
  ['a value that is too long', { a: ['x'.repeat(257)] }],
  ['a value that is no text', { a: [1] }],
  ['a value that is no list', { a: 'x' }],
  ['a name that is none', { 'a b': ['x'] }],
])('claims with %s are refused', async (_, claims) => {
  const { key } = await h.agent();
  const { status } = await ask('', key, { user: 'bob', claims, purpose: 'x' });
  expect(status).toBe(400);
});

test('a claim cannot be named so that it becomes the prototype of the others', async () => {
  const { key } = await h.agent();
  const payload = '{"user":"bob","purpose":"x","claims":{"__proto__":["x"]}}';
  const headers = { host, authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const answer = bodyOf((await h.app.inject({ method: 'POST', url: '/v1/sessions', headers, payload })).body);
  const { claims } = (await h.signIn(String(answer['token']))).user;
  expect([Object.keys(claims ?? {}), Object.getPrototypeOf(claims)]).toEqual([[], Object.prototype]);
});

test('a token of nobody known, an expired one and one for elsewhere open no session', async () => {
  const { key } = await h.agent();
  const expired = await user({ exp: clock.now() / 1000 });
  for (const bad of [
    expired,
    await user({ aud: 'elsewhere' }),
    await user({ iss: 'https://elsewhere.example' }),
    'x',
    key,
  ]) {
    const { status, body } = await ask('', key, { user_token: bad, purpose: 'x' });
    expect([status, body['code']]).toEqual([401, 'unauthenticated']);
  }
});

test("a token that was issued to another agent's client, or names another actor, is refused", async () => {
  const { agent, key } = await h.agent();
  const token = async (claims: object) => {
    const { body } = await ask('', key, { user_token: await user(claims), purpose: 'x' });
    return body['code'] ?? 'opened';
  };
  expect(await token({ azp: 'other-client' })).toBe('forbidden');
  expect(await token({ azp: 'mine' })).toBe('opened');
  expect(await token({ azp: 'a-web-page' })).toBe('opened');
  // An ID token says by its audience for which client it is; `azp` is there only where that is another.
  expect(await token({ aud: 'other-client' })).toBe('forbidden');
  expect(await token({ aud: ['here', 'other-client'] })).toBe('forbidden');
  expect(await token({ aud: ['here', 'mine'] })).toBe('opened');
  expect(await token({ aud: 'other-client', azp: 'mine' })).toBe('opened');
  expect(await token({ may_act: { sub: 'another' } })).toBe('forbidden');
  expect(await token({ may_act: {} })).toBe('forbidden');
  expect(await token({ may_act: 'x' })).toBe('forbidden');
  expect(await token({ may_act: { sub: agent.id } })).toBe('opened');
  expect(await token({ may_act: { sub: 'mine' } })).toBe('opened');
});

test('the session never outlives the configured maximum, however long the token lives or is asked for', async () => {
  const { body } = await opened({ ttl_seconds: 604_800 });
  expect(body['expires_at']).toBe(clock.now() + 24 * hour);
});

test('its token is renewed without trust to name users: the provider vouches for the user', async () => {
  const { key, id } = await opened();
  expect((await ask(`/${id}/token`, key, {})).status).toBe(200);
});

test('a kept token can be had for exchange until it expires, and is sealed in the store', async () => {
  const { id, token } = await opened({ keep_user_token: true });
  const session = await stored(id);
  expect(await h.userTokens.of(session)).toEqual({ token, kind: 'id' });
  const sealed = Buffer.from((await h.store.userTokens.get(id)) ?? []);
  expect(sealed.length).toBeGreaterThan(token.length);
  const parts = token.split('.');
  const kept = [h.file, `${h.file}-wal`].map((file) => readFileSync(file));
  for (const bytes of [sealed, ...kept]) {
    for (const part of [token, ...parts]) expect(bytes.includes(part)).toBe(false);
  }
  clock.advance(10 * minute);
  expect(await h.userTokens.of(session)).toBeUndefined();
});

test('without being asked to, no token is kept', async () => {
  const { id } = await opened();
  expect(await h.store.userTokens.get(id)).toBeUndefined();
  expect(await h.userTokens.of(await stored(id))).toBeUndefined();
});

test('the end of the session destroys the kept token, and nothing brings it back', async () => {
  const { id, key, token } = await opened({ keep_user_token: true });
  const session = await stored(id);
  await ask(`/${id}`, key, {}, 'DELETE');
  expect(await h.store.userTokens.get(id)).toBeUndefined();
  expect(await h.userTokens.of(session)).toBeUndefined();
  expect(await codeOf(h.userTokens.keep(session, { token, kind: 'id', expiresAt: clock.now() + minute }))).toBe(
    'conflict',
  );
  expect((await ask(`/${id}/user-token`, key, { user_token: await user() })).status).toBe(409);
  expect(await h.store.userTokens.get(id)).toBeUndefined();
});

test('a fresh token of the same user takes the place of the kept one, and its claims count at once', async () => {
  const { id, key } = await opened({ keep_user_token: true });
  const session = await stored(id);
  clock.advance(minute);
  const fresh = await user({ groups: [], customer: ['C-1', 'C-7'] });
  const { status, body } = await ask(`/${id}/user-token`, key, { user_token: fresh });
  expect([status, body['roles'], body['claims']]).toEqual([200, [], { customer: ['C-1', 'C-7'] }]);
  expect(session.user.claims).toEqual({ customer: ['C-1', 'C-7'] });
  expect((await h.store.sessions.get(id))?.user).toEqual(session.user);
  expect(await h.userTokens.of(session)).toEqual({ token: fresh, kind: 'id' });
});

test('a fresh token is not kept where nobody asked to keep the first', async () => {
  const { id, key } = await opened();
  const { status, body } = await ask(`/${id}/user-token`, key, { user_token: await user({ customer: 'C-7' }) });
  expect([status, body['claims']]).toEqual([200, { customer: ['C-7'] }]);
  expect(await h.store.userTokens.get(id)).toBeUndefined();
});

test("another user's token, another agent, and a session that a back end named are refused", async () => {
  const { id, key, token } = await opened({ keep_user_token: true });
  expect((await ask(`/${id}/user-token`, key, { user_token: await user({ sub: 'bob' }) })).body['code']).toBe(
    'forbidden',
  );
  const other = await h.agent();
  expect((await ask(`/${id}/user-token`, other.key, { user_token: await user() })).status).toBe(404);
  const named = await ask('', other.key, { user: 'ann', purpose: 'x' });
  expect((await ask(`/${String(named.body['id'])}/user-token`, other.key, { user_token: token })).body['code']).toBe(
    'forbidden',
  );
  expect((await h.userTokens.of(await stored(id)))?.token).toBe(token);
});

test("one session's sealed token is worthless as another's", async () => {
  const [one, two] = [await opened({ keep_user_token: true }), await opened({ keep_user_token: true })];
  await h.store.userTokens.set(two.id, (await h.store.userTokens.get(one.id)) ?? new Uint8Array());
  expect(await codeOf(h.userTokens.of(await stored(two.id)))).toBe('internal');
});

test('where no provider is configured, the answer says so', async () => {
  const plain = await openAdmin();
  const { key } = await plain.agent();
  const answer = await plain.app.inject({
    method: 'POST',
    url: '/v1/sessions',
    headers: { host, authorization: `Bearer ${key}` },
    payload: { user_token: 'x', purpose: 'x' },
  });
  expect([answer.statusCode, bodyOf(answer.body)['detail']]).toEqual([
    400,
    expect.stringContaining('identity.issuers'),
  ]);
  await plain.close();
});

test('a session that an access token opened is not to be had by the key of its agent', async () => {
  const { agent, key } = await h.agent({ name: 'support' });
  const said = await h.oidc.verifyUser(await user());
  const session = await h.sessions.forUser(agent, said);
  expect((await ask(`/${session.id}/token`, key, {})).body['code']).toBe('forbidden');
  for (const purpose of [session.purpose, 'direct use of the agent key']) {
    expect((await ask('', key, { purpose })).body['path']).toBe('purpose');
  }
});
