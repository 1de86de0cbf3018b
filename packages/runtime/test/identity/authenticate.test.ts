import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Harness } from './harness.ts';
import { credentialsOf } from '../../src/identity/authenticate.ts';
import { codeOf, hour, openHarness } from './harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

test('an agent key leads to its session for the user it names', async () => {
  const { agent, key } = await h.agent();
  const session = await h.signIn(key, 'ann@example.com');
  expect(session.agent.id).toBe(agent.id);
  expect(session.user).toEqual({ id: 'ann@example.com', roles: [] });
});

test('an agent that names nobody acts for anonymous', async () => {
  const { key } = await h.agent();
  expect((await h.signIn(key)).user.id).toBe('anonymous');
});

test('an agent that may not name users is told so, and acts for nobody else', async () => {
  const { key } = await h.agent({ namesUsers: false });
  await expect(h.signIn(key, 'ann')).rejects.toThrow(/may not name the user/);
  expect(await codeOf(h.signIn(key, 'ann'))).toBe('forbidden');
  expect((await h.signIn(key)).user.id).toBe('anonymous');
});

test('a session token cannot be turned to another user by the header', async () => {
  const { agent } = await h.agent();
  const session = await h.sessions.open({ agent, userId: 'ann', purpose: 'a test' });
  const { token } = await h.sessions.token(session);
  expect(await codeOf(h.signIn(token, 'bob'))).toBe('forbidden');
  expect(await h.signIn(token, 'ann')).toBe(session);
});

test('x-api-key serves in place of Authorization, but never beside it', async () => {
  const [one, two] = [await h.agent(), await h.agent()];
  const { authenticator } = h;
  expect((await authenticator.authenticate({ xApiKey: one.key })).agent.id).toBe(one.agent.id);
  const both = { authorization: `Bearer ${two.key}`, xApiKey: one.key };
  expect(await codeOf(authenticator.authenticate(both))).toBe('unauthenticated');
});

test('of two Authorization headers none counts', async () => {
  const { key } = await h.agent();
  const twice = ['Authorization', `Bearer ${key}`, 'AUTHORIZATION', `Bearer ${key}`];
  expect(await codeOf(h.authenticator.authenticate(credentialsOf({ rawHeaders: twice })))).toBe('unauthenticated');
  const once = credentialsOf({ rawHeaders: twice.slice(0, 2) });
  expect(await codeOf(h.authenticator.authenticate(once))).toBe('resolved');
});

test('of two x-sallyport-user headers none counts', async () => {
  const { key } = await h.agent();
  const rawHeaders = ['authorization', `Bearer ${key}`, 'x-sallyport-user', 'ann', 'X-Sallyport-User', 'bob'];
  expect(await codeOf(h.authenticator.authenticate(credentialsOf({ rawHeaders })))).toBe('invalid_request');
});

test.each(['', ' ', 'ann bob', 'аnn', 'ann\u200b', 'a'.repeat(201), 'ann\n'])(
  'a user id that is not plain visible text is refused: %j',
  async (user) => {
    const { key } = await h.agent();
    expect(await codeOf(h.signIn(key, user))).toBe('invalid_request');
  },
);

test('every bad credential gets the same answer', async () => {
  const { agent, key } = await h.agent();
  const revoked = await h.agents.createKey(agent.id, { name: 'old', expiresInDays: 1 });
  await h.agents.revokeKey(agent.id, revoked.record.id);
  const session = await h.sessions.open({ agent, userId: 'ann', purpose: 'a test' });
  const { token } = await h.sessions.token(session);
  await h.sessions.end(session.id);
  const bad = [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Basic ${key}`,
    key,
    `Bearer ${key} ${key}`,
    `Bearer ${key},`,
    `Bearer ${key.slice(0, -1)}`,
    `Bearer ${key}A`,
    `Bearer ${key.replace('agent', 'cookie')}`,
    `Bearer ${revoked.secret}`,
    `Bearer ${token}`,
    `Bearer ${'a'.repeat(100_000)}`,
    `Bearer ${'='.repeat(4_000)}`,
    [`Bearer ${key}`],
    [],
  ];
  const answers = await Promise.all(
    bad.map((authorization) =>
      h.authenticator.authenticate({ authorization }).then(
        () => 'let in',
        (error: unknown) => String(error),
      ),
    ),
  );
  expect(new Set(answers).size).toBe(1);
  expect(answers[0]).toMatch(/missing, malformed, expired or revoked/);
});

test('no Authorization header lets anyone in by accident, or crashes', async () => {
  const { key } = await h.agent();
  const near = fc
    .tuple(fc.nat(key.length), fc.string({ maxLength: 5 }), fc.nat(3))
    .map(([at, insert, drop]) => key.slice(0, at) + insert + key.slice(at + drop))
    .filter((changed) => changed.trim() !== key);
  const anything = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 5_000 }),
    fc
      .tuple(fc.constantFrom('Bearer ', 'bearer  ', 'BEARER\t', ''), fc.oneof(near, fc.string({ unit: 'grapheme' })))
      .map((parts) => parts.join('')),
    fc.tuple(fc.base64String(), fc.base64String(), fc.base64String()).map((parts) => `Bearer ${parts.join('.')}`),
  );
  await fc.assert(
    fc.asyncProperty(anything, async (authorization) => {
      expect(await codeOf(h.authenticator.authenticate({ authorization }))).toBe('unauthenticated');
    }),
    { numRuns: 2_000 },
  );
});

test('a revoked key is refused at once, although it was just used', async () => {
  const { agent, key } = await h.agent();
  await h.signIn(key);
  const [record] = h.agents.keys(agent.id);
  await h.agents.revokeKey(agent.id, record?.id ?? '');
  expect(await codeOf(h.signIn(key))).toBe('unauthenticated');
});

test('a token is worth nothing once the key that asked for it is revoked', async () => {
  const { agent, key } = await h.agent();
  const other = await h.agents.createKey(agent.id, { name: 'other', expiresInDays: null });
  const keyId = h.authenticator.agent({ authorization: `Bearer ${key}` }).key.id;
  const session = await h.sessions.open({ agent, userId: 'ann', purpose: 'a test' });
  const mine = await h.sessions.token(session, keyId);
  const others = await h.sessions.token(session, other.record.id);
  await h.signIn(mine.token);
  await h.agents.revokeKey(agent.id, keyId);
  expect(await codeOf(h.signIn(mine.token))).toBe('unauthenticated');
  expect(await codeOf(h.signIn(others.token))).toBe('resolved');
});

test('a key is refused from the moment it expires', async () => {
  const { agent } = await h.agent();
  const { secret } = await h.agents.createKey(agent.id, { name: 'short', expiresInDays: 1 });
  h.clock.advance(24 * hour - 1);
  expect(await codeOf(h.signIn(secret))).toBe('resolved');
  h.clock.advance(1);
  expect(await codeOf(h.signIn(secret))).toBe('unauthenticated');
});

test('a disabled agent is refused at once, with key and with token, and its sessions are over', async () => {
  const { agent, key } = await h.agent();
  const direct = await h.signIn(key);
  const session = await h.sessions.open({ agent, userId: 'ann', purpose: 'a test' });
  const { token } = await h.sessions.token(session);
  await h.signIn(token);
  await h.agents.update(agent.id, { disabled: true });
  expect(await codeOf(h.signIn(key))).toBe('unauthenticated');
  expect(await codeOf(h.signIn(token))).toBe('unauthenticated');
  expect([direct.state, session.state]).toEqual(['ended', 'ended']);
  await h.agents.update(agent.id, { disabled: false });
  expect(await codeOf(h.signIn(token))).toBe('unauthenticated');
  expect((await h.signIn(key)).id).not.toBe(direct.id);
});
