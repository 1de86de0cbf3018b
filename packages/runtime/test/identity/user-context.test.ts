import { createSecretKey } from 'node:crypto';
import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, importJWK, jwtVerify, SignJWT } from 'jose';
import type { JSONWebKeySet, JWK } from 'jose';
import type { Session, UserRef } from '@sallyport/core';
import type { UserContextOptions } from '../../src/identity/user-context.ts';
import { LocalKeys, openMasterKey } from '../../src/flow/index.ts';
import { UserContextSigner } from '../../src/identity/user-context.ts';
import { codeOf, hour, minute, openHarness } from './harness.ts';
import type { Harness } from './harness.ts';

const url = 'https://sallyport.example';
const api = 'https://orders.example';

let h: Harness;
beforeAll(async () => {
  h = await openHarness();
});
afterAll(() => h.close());

const open = (change: Partial<UserContextOptions> = {}): Promise<UserContextSigner> =>
  UserContextSigner.open({
    settings: h.store.settings,
    clock: h.clock,
    newId: h.newId,
    issuer: () => url,
    minutes: 5,
    ...change,
  });
const kept = async () =>
  JSON.parse((await h.store.settings.get('identity.userContextKeys')) ?? '') as {
    x: string;
    d?: string;
    wrapped?: string;
  }[];

const user: UserRef = { id: 'corp:ann', roles: ['patron'], claims: { customer: ['C-1'] }, issuer: 'corp' };

async function opened(ttlSeconds?: number): Promise<Session> {
  const { agent } = await h.agent();
  const session = await h.sessions.open({
    agent,
    userId: user.id,
    purpose: 'a test',
    ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
  });
  return Object.assign(session, { user });
}

/** As a tool's own API would. */
const verify = (contexts: UserContextSigner, token: string) =>
  jwtVerify(token, createLocalJWKSet(contexts.jwks() as unknown as JSONWebKeySet), {
    issuer: url,
    audience: api,
    typ: 'sallyport-user+jwt',
    algorithms: ['EdDSA'],
    currentDate: new Date(h.clock.now()),
  });

const about = (session: Session) => ({ session, audience: api, tool: 'get_order', callId: 'call-1' });

test('a context says for whom, by which agent, and for which one call; an API verifies it by the published keys', async () => {
  const contexts = await open();
  const session = await opened();
  const { payload } = await verify(contexts, await contexts.sign(about(session)));
  const now = Math.floor(h.clock.now() / 1000);
  expect(payload).toEqual({
    iss: url,
    aud: api,
    sub: 'corp:ann',
    act: { sub: session.agent.id, name: 'support' },
    idp: 'corp',
    sid: session.id,
    tool: 'get_order',
    call: 'call-1',
    roles: ['patron'],
    claims: { customer: ['C-1'] },
    jti: expect.any(String) as string,
    iat: now,
    nbf: now - 30,
    exp: now + 300,
  });
});

test('what is published holds no private part', async () => {
  const contexts = await open();
  for (const key of contexts.jwks().keys) {
    expect(Object.keys(key).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x']);
  }
});

test('it never outlives the session, and an ended session gets none', async () => {
  const contexts = await open();
  const session = await opened(60);
  expect(decodeJwt(await contexts.sign(about(session))).exp).toBeLessThanOrEqual(session.expiresAt / 1000);
  h.clock.advance(minute);
  expect(await codeOf(contexts.sign(about(session)))).toBe('conflict');
  const ended = await opened();
  await h.sessions.end(ended.id);
  expect(await codeOf(contexts.sign(about(ended)))).toBe('conflict');
});

test('a session token passes for no context, and no context for a session token', async () => {
  const contexts = await open();
  const session = await opened();
  const context = await contexts.sign(about(session));
  const { token } = await h.sessions.token(session);
  expect(await codeOf(h.signIn(context))).toBe('unauthenticated');
  await expect(verify(contexts, token)).rejects.toThrow();
  // Nor would it, were both signed by one key.
  const [key] = await kept();
  const { x, d } = { x: '', d: '', ...key };
  const contextKey = await importJWK({ kty: 'OKP', crv: 'Ed25519', x, d }, 'EdDSA');
  const sessionKey = await importJWK(
    JSON.parse((await h.store.settings.get('sessions.signingKey')) ?? '') as JWK & { kty: 'OKP' },
    'EdDSA',
  );
  const resigned = (of: string, by: typeof contextKey) =>
    new SignJWT(decodeJwt(of)).setProtectedHeader(decodeProtectedHeader(of) as { alg: 'EdDSA' }).sign(by);
  await expect(verify(contexts, await resigned(token, contextKey))).rejects.toThrow();
  expect(await codeOf(h.signIn(await resigned(context, sessionKey)))).toBe('unauthenticated');
});

test('after a rotation the new key signs, and the old one is published until what it signed has expired', async () => {
  const contexts = await open();
  const session = await opened();
  const old = await contexts.sign(about(session));
  const kid = await contexts.rotate();
  const fresh = await contexts.sign(about(session));
  expect(decodeProtectedHeader(fresh).kid).toBe(kid);
  expect(decodeProtectedHeader(old).kid).not.toBe(kid);
  await verify(contexts, old);
  await verify(contexts, fresh);
  h.clock.advance(20 * minute);
  expect(contexts.jwks().keys.map((key) => key.kid)).toEqual([kid]);
});

test('a replaced key can sign nothing more: its private part is gone from the store', async () => {
  const contexts = await open();
  await contexts.rotate();
  expect((await kept()).map(({ d, wrapped }) => (d ?? wrapped) !== undefined)).toEqual([true, false]);
});

test('a key is replaced by itself after 90 days, once, however many calls see that it is old', async () => {
  const contexts = await open();
  const session = await opened();
  const kidOf = async (of: Session) => decodeProtectedHeader(await contexts.sign(about(of))).kid;
  const before = await kidOf(session);
  h.clock.advance(91 * 24 * hour);
  const later = await opened();
  await Promise.all(Array.from({ length: 20 }, () => contexts.sign(about(later))));
  await expect.poll(() => kidOf(later)).not.toBe(before);
  expect(contexts.jwks().keys).toHaveLength(2);
  await verify(contexts, await contexts.sign(about(later)));
});

test('a restart signs with the same key, and two that rotate at once leave one that both can verify', async () => {
  const [one, two] = await Promise.all([open(), open()]);
  expect(one.jwks()).toEqual(two.jwks());
  await Promise.all([one.rotate(), two.rotate()]);
  const third = await open();
  const session = await opened();
  await verify(third, await one.sign(about(session)));
  await verify(third, await two.sign(about(session)));
});

test('with a master key the signing key lies wrapped, and one that lay open is replaced at once', async () => {
  const plain = await open();
  const [before] = await kept();
  expect(before?.d).toEqual(expect.any(String));
  const keys = new LocalKeys(openMasterKey(dirname(h.file)));
  const contexts = await open({ keys });
  expect((await kept()).map(({ d }) => d)).toEqual(expect.not.arrayContaining([expect.any(String)]));
  expect((await kept())[0]?.wrapped).toEqual(expect.any(String));
  const session = await opened();
  await verify(contexts, await contexts.sign(about(session)));
  await verify(contexts, await plain.sign(about(session)));
  const again = await open({ keys });
  expect(again.jwks()).toEqual(contexts.jwks());
  await verify(contexts, await again.sign(about(session)));
  const other = new LocalKeys(createSecretKey(Buffer.alloc(32, 7)));
  expect(await codeOf(open({ keys: other }))).toBe('store_unavailable');
});
