import { SignJWT, UnsecuredJWT, base64url, exportJWK, generateKeyPair, importJWK } from 'jose';
import type { JWK } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSecretKey } from 'node:crypto';
import { LocalKeys } from '../../src/flow/index.ts';
import type { Harness } from './harness.ts';
import { SessionTokens } from '../../src/identity/tokens.ts';
import { codeOf, minute, openHarness } from './harness.ts';

let h: Harness;
let signingKey: JWK;
beforeAll(async () => {
  h = await openHarness();
  signingKey = JSON.parse((await h.store.settings.get('sessions.signingKey')) ?? '') as JWK;
});
afterAll(() => h.close());

async function openSession() {
  const { agent, key } = await h.agent();
  const session = await h.sessions.open({ agent, userId: 'ann', purpose: 'a test' });
  return { agent, key, session, ...(await h.sessions.token(session)) };
}

/** A token as the runtime would sign it, but for what a test changes. */
async function forge(
  session: Awaited<ReturnType<typeof openSession>>['session'],
  change: { key?: Parameters<SignJWT['sign']>[0]; header?: object; claims?: object } = {},
) {
  const now = Math.floor(h.clock.now() / 1000);
  const claims = {
    iss: 'http://127.0.0.1:7411',
    aud: 'sallyport',
    sub: session.user.id,
    sid: session.id,
    act: { sub: session.agent.id },
    iat: now,
    exp: now + 600,
    jti: 'x',
    ...change.claims,
  };
  const key = change.key ?? (await importJWK(signingKey, 'EdDSA'));
  return await new SignJWT(claims)
    .setProtectedHeader({ alg: 'EdDSA', typ: 'sallyport-session+jwt', ...change.header })
    .sign(key);
}

test('a session token leads to its session, first by signature and then from memory', async () => {
  const { session, token } = await openSession();
  expect(h.tokens.known(token)).toBeUndefined();
  expect(await h.signIn(token)).toBe(session);
  expect(h.tokens.known(token)?.sessionId).toBe(session.id);
  expect(await h.signIn(token)).toBe(session);
});

test('the forgeries below differ from a good token only in what their test names', async () => {
  const { session } = await openSession();
  expect(await h.signIn(await forge(session))).toBe(session);
});

test('a token signed by another key is refused', async () => {
  const { session } = await openSession();
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  expect(await codeOf(h.signIn(await forge(session, { key: privateKey })))).toBe('unauthenticated');
});

test('a token that says alg none is refused', async () => {
  const { session } = await openSession();
  const good = await forge(session);
  const [, body = ''] = good.split('.');
  const header = base64url.encode(JSON.stringify({ alg: 'none', typ: 'sallyport-session+jwt' }));
  const unsecured = new UnsecuredJWT({ sid: session.id, sub: 'ann', act: { sub: session.agent.id } }).encode();
  for (const token of [`${header}.${body}.`, `${header}.${body}`, unsecured, good.replace(/[^.]+$/, '')]) {
    expect(await codeOf(h.signIn(token))).toBe('unauthenticated');
  }
});

test('a token signed with the public key as an HMAC secret is refused', async () => {
  const { session } = await openSession();
  const { d: _, ...publicKey } = signingKey;
  const texts = [publicKey.x ?? '', JSON.stringify(publicKey)].map((text) => new TextEncoder().encode(text));
  const secrets = [...texts, base64url.decode(publicKey.x ?? '')];
  for (const key of secrets) {
    expect(await codeOf(h.signIn(await forge(session, { key, header: { alg: 'HS256' } })))).toBe('unauthenticated');
  }
});

test('a token that brings its own key is refused', async () => {
  const { session } = await openSession();
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  const token = await forge(session, { key: privateKey, header: { jwk: await exportJWK(publicKey) } });
  expect(await codeOf(h.signIn(token))).toBe('unauthenticated');
});

test.each([
  ['another audience', { aud: 'elsewhere' }],
  ['another issuer', { iss: 'https://elsewhere.example' }],
  ['no expiry', { exp: undefined }],
  ['an expiry in the past', { exp: 1_700_000_000 }],
  ['no session', { sid: undefined }],
  ['a session that is no text', { sid: { $ne: '' } }],
  ['another agent', { act: { sub: 'another' } }],
  ['no agent', { act: null }],
  ['another user', { sub: 'bob' }],
  ['a key that does not exist', { key: 'no-such-key' }],
])('a well-signed token with %s is refused', async (_, claims) => {
  const { session } = await openSession();
  expect(await codeOf(h.signIn(await forge(session, { claims })))).toBe('unauthenticated');
});

test('a well-signed token of another type is refused', async () => {
  const { session } = await openSession();
  expect(await codeOf(h.signIn(await forge(session, { header: { typ: 'JWT' } })))).toBe('unauthenticated');
});

test('a token of another algorithm is refused, even by the same key', async () => {
  const { session } = await openSession();
  const key = await importJWK({ ...signingKey, alg: 'Ed25519' }, 'Ed25519');
  expect(await codeOf(h.signIn(await forge(session, { key, header: { alg: 'Ed25519' } })))).toBe('unauthenticated');
});

test('one changed character makes a token worthless, also when the good one is known', async () => {
  const { session, token } = await openSession();
  expect(await h.signIn(token)).toBe(session);
  for (const at of [5, token.indexOf('.') + 5, token.length - 20]) {
    const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
    expect(await codeOf(h.signIn(changed))).toBe('unauthenticated');
  }
});

test('a token expires although it was verified before', async () => {
  const { token, expiresAt } = await openSession();
  await h.signIn(token);
  h.clock.advance(expiresAt - h.clock.now() - 1);
  expect(await codeOf(h.signIn(token))).toBe('resolved');
  h.clock.advance(1);
  expect(await codeOf(h.signIn(token))).toBe('unauthenticated');
});

test('a token never outlives its session', async () => {
  const { agent } = await h.agent();
  const session = await h.sessions.open({ agent, userId: 'ann', purpose: 'short', ttlSeconds: 60 });
  const { expiresAt } = await h.sessions.token(session);
  expect(expiresAt).toBeLessThanOrEqual(h.clock.now() + minute);
});

test('two runtimes that start on one store at once sign with one key', async () => {
  const values = new Map<string, string>();
  const settings = {
    get: (key: string) => Promise.resolve(values.get(key)),
    setOnce: (key: string, value: string) => {
      if (!values.has(key)) values.set(key, value);
      return Promise.resolve(values.get(key) ?? '');
    },
    replace: () => Promise.resolve(false),
  };
  const options = { settings, clock: h.clock, newId: h.newId, issuer: 'a', tokenMinutes: 5 };
  const [one, two] = await Promise.all([SessionTokens.open(options), SessionTokens.open(options)]);
  const { session } = await openSession();
  const { token } = await one.sign(session);
  expect((await two.verify(token))?.sessionId).toBe(session.id);
});

test('with a master key the signing key lies wrapped; one that lay open is replaced, and what it signed is worth nothing', async () => {
  const { settings } = h.store;
  const options = { settings, clock: h.clock, newId: h.newId, issuer: 'a', tokenMinutes: 5 };
  const { session } = await openSession();
  const before = await (await SessionTokens.open(options)).sign(session);
  const keys = new LocalKeys(createSecretKey(Buffer.alloc(32, 5)));
  const [one, two] = await Promise.all([
    SessionTokens.open({ ...options, keys }),
    SessionTokens.open({ ...options, keys }),
  ]);
  const kept = JSON.parse((await settings.get('sessions.signingKey')) ?? '') as JWK & { wrapped?: string };
  expect(kept.d).toBeUndefined();
  expect(kept.wrapped).toEqual(expect.any(String));
  const after = await one.sign(session);
  expect((await two.verify(after.token))?.sessionId).toBe(session.id);
  expect(await one.verify(before.token)).toBeUndefined();
  const restarted = await SessionTokens.open({ ...options, keys });
  expect((await restarted.verify(after.token))?.sessionId).toBe(session.id);
  const other = new LocalKeys(createSecretKey(Buffer.alloc(32, 7)));
  await expect(SessionTokens.open({ ...options, keys: other })).rejects.toMatchObject({ code: 'store_unavailable' });
  await expect(SessionTokens.open(options)).rejects.toThrow('sessions.signingKey');
});
