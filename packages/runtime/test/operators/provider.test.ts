import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OperatorIssuerConfig } from '@sallyport/core';
import { Secret } from '@sallyport/core';
import type { AdminHarness } from '../admin/harness.ts';
import type { RealProvider } from '../identity/oidc/provider.ts';
import { OperatorProvider } from '../../src/operators/provider.ts';
import { host, openAdmin } from '../admin/harness.ts';
import { clientSecret, people, startProvider } from '../identity/oidc/provider.ts';
import { startScriptedIssuer } from '../identity/oidc/scripted-issuer.ts';
import { minute, openHarness } from '../identity/harness.ts';

const url = `http://${host}`;
const callback = `${url}/admin/oidc/callback`;

const configOf = (issuer: string, change: Partial<OperatorIssuerConfig> = {}): OperatorIssuerConfig => ({
  issuer,
  clientId: 'dashboard',
  secret: new Secret(clientSecret, '${env:SECRET}'),
  scopes: ['openid', 'profile', 'email'],
  nameClaim: 'email',
  roles: { claim: 'groups', map: { ops: 'operator', buyers: 'viewer', vip: 'auditor' } },
  clockSkewSeconds: 60,
  ...change,
});

async function open(
  issuer: string,
  change: Partial<OperatorIssuerConfig> = {},
  timeoutMs = 2_000,
): Promise<AdminHarness> {
  const h = await openHarness();
  const config = configOf(issuer, change);
  const provider = new OperatorProvider({ config, baseUrl: () => url, clock: h.clock, timeoutMs });
  const admin = await openAdmin({ operatorProvider: provider }, h);
  return {
    ...admin,
    async close() {
      await provider.close();
      await admin.close();
    },
  };
}

const get = async (h: AdminHarness, path: string, headers: Readonly<Record<string, string>> = {}) => {
  const answer = await h.app.inject({ method: 'GET', url: path, headers: { host, ...headers } });
  const cookies = [answer.headers['set-cookie'] ?? []].flat();
  const cookie = (name: string) => cookies.find((each) => each.startsWith(`${name}=`) && !each.includes('Max-Age=0'));
  return { status: answer.statusCode, headers: answer.headers, text: answer.body, cookie };
};
const begin = async (h: AdminHarness, to = '/sessions?state=open') => {
  const { status, headers, cookie } = await get(h, `/admin/oidc/sign-in?to=${encodeURIComponent(to)}`);
  return { status, location: String(headers.location), attempt: cookie('sallyport_sign_in') ?? '' };
};
const pair = (cookie: string): string => cookie.split(';')[0] ?? '';
const back = (h: AdminHarness, at: string, attempt: string) => {
  const { pathname, search } = new URL(at);
  return get(h, pathname + search, { cookie: pair(attempt) });
};

describe('with a real provider', () => {
  let provider: RealProvider;
  let h: AdminHarness;
  beforeAll(async () => {
    provider = await startProvider([callback]);
    h = await open(provider.issuer);
  });
  afterAll(async () => {
    await h.close();
    await provider.close();
  });

  async function signIn(login: string) {
    const { location, attempt } = await begin(h);
    return await back(h, await provider.walk(location, login), attempt);
  }
  const entries = async (action: string) =>
    (await h.store.entries.list({ limit: 500 })).filter(
      (entry) => entry.phase === 'operator' && entry.action === action,
    );
  const accountOf = (login: string) =>
    h.operators.list().find(({ account }) => account === `${provider.issuer} ${login}`);

  test('an operator signs in there, and has the role that the provider’s claim maps to', async () => {
    const answer = await signIn('olga');
    expect([answer.status, answer.headers.location]).toEqual([303, '/sessions?state=open']);
    const cookie = answer.cookie('sallyport_session') ?? '';
    expect(cookie.split('; ').slice(1)).toEqual(['Max-Age=43200', 'Path=/admin', 'HttpOnly', 'SameSite=Strict']);
    const me = await h.ask('GET', '/me', { cookie: pair(cookie) });
    expect(me.body).toMatchObject({ name: 'olga@example.com', role: 'operator' });
    const { id, account } = accountOf('olga') ?? {};
    const [created] = await entries('operators.create');
    expect(created).toMatchObject({
      actor: 'runtime',
      subject: id,
      detail: expect.stringContaining('operator') as string,
    });
    expect(await entries('operators.signIn')).toMatchObject([{ actor: id, subject: id, detail: account }]);
  });

  test('the same account is the same operator next time, also after a restart', async () => {
    await signIn('olga');
    expect(h.operators.list().filter(({ account }) => account?.endsWith(' olga'))).toHaveLength(1);
    const stored = await h.store.operators.list();
    expect(stored.filter(({ account }) => account?.endsWith(' olga'))).toHaveLength(1);
  });

  test('of several roles the strongest counts, and an account without one is refused by a page that says so', async () => {
    await signIn('ann');
    expect(accountOf('ann')?.role).toBe('auditor');
    const refused = await signIn('ines');
    expect([refused.status, refused.cookie('sallyport_session')]).toEqual([403, undefined]);
    expect(refused.text).toContain('Your account has no role here');
    expect(refused.headers['content-security-policy']).toContain("default-src 'none'");
    expect(accountOf('ines')).toBeUndefined();
    expect(await entries('operators.refuse')).toMatchObject([{ subject: `${provider.issuer} ines` }]);
  });

  test('a role that changed at the provider counts from the next sign-in, and one that went signs out everywhere', async () => {
    const first = pair((await signIn('bob')).cookie('sallyport_session') ?? '');
    expect(accountOf('bob')?.role).toBe('viewer');
    const bob = people['bob'] as { groups: string[] };
    bob.groups = ['ops'];
    await signIn('bob');
    expect((await h.ask('GET', '/me', { cookie: first })).body).toMatchObject({ role: 'operator' });
    bob.groups = [];
    expect((await signIn('bob')).status).toBe(403);
    expect((await h.ask('GET', '/me', { cookie: first })).status).toBe(401);
    bob.groups = ['buyers'];
  });

  test('an operator who is disabled here is refused, whatever the provider says', async () => {
    const first = pair((await signIn('olga')).cookie('sallyport_session') ?? '');
    const { id = '' } = accountOf('olga') ?? {};
    await h.operators.update(id, { disabled: true });
    const refused = await signIn('olga');
    expect([refused.status, refused.cookie('sallyport_session')]).toEqual([403, undefined]);
    expect((await h.ask('GET', '/me', { cookie: first })).status).toBe(401);
    await h.operators.update(id, { disabled: false });
  });

  test('the local owner signs in by a link as before', async () => {
    const { secret } = await h.operators.createSignInLink(h.operators.owner().id);
    expect((await h.ask('POST', '/sign-in', undefined, { payload: { token: secret } })).status).toBe(200);
    expect(h.operators.owner().account).toBeUndefined();
  });

  test('a callback that is played again is refused, with the same attempt and with another', async () => {
    const { location, attempt } = await begin(h);
    const at = await provider.walk(location, 'olga');
    expect((await back(h, at, attempt)).status).toBe(303);
    const again = await back(h, at, attempt);
    expect([again.status, again.cookie('sallyport_session')]).toEqual([401, undefined]);
    const other = await begin(h);
    expect((await back(h, at, other.attempt)).status).toBe(401);
  });

  test('a code of another browser’s sign-in is worth nothing, even with one’s own state', async () => {
    const [mine, theirs] = [await begin(h), await begin(h)];
    const at = new URL(await provider.walk(theirs.location, 'olga'));
    at.searchParams.set('state', new URL(mine.location).searchParams.get('state') ?? '');
    const answer = await back(h, at.href, mine.attempt);
    expect([answer.status, answer.cookie('sallyport_session')]).toEqual([401, undefined]);
  });

  test('without the cookie, with a forged one, or too late, nobody is let in', async () => {
    const { location, attempt } = await begin(h);
    const at = await provider.walk(location, 'olga');
    for (const cookie of [
      '',
      `${pair(attempt)}x`,
      'sallyport_sign_in=e30.e30.e30',
      `${pair(attempt)}; ${pair(attempt)}`,
    ]) {
      const { pathname, search } = new URL(at);
      expect((await get(h, pathname + search, { cookie })).status).toBe(401);
    }
    h.clock.advance(10 * minute);
    expect((await back(h, at, attempt)).status).toBe(401);
  });

  test('a callback with no code, an error, a foreign issuer, or two codes lets nobody in', async () => {
    for (const change of [
      (at: URL) => at.searchParams.delete('code'),
      (at: URL) => at.searchParams.set('error', 'access_denied'),
      (at: URL) => at.searchParams.set('iss', 'https://elsewhere.example'),
      (at: URL) => at.searchParams.delete('iss'),
      (at: URL) => at.searchParams.append('code', 'another'),
      (at: URL) => at.searchParams.set('state', 'another'),
    ]) {
      const { location, attempt } = await begin(h);
      const at = new URL(await provider.walk(location, 'olga'));
      change(at);
      expect((await back(h, at.href, attempt)).status, at.search).toBe(401);
    }
  });

  test('another site can neither begin a sign-in, nor have the browser sent elsewhere after it', async () => {
    const cross = await get(h, '/admin/oidc/sign-in', { 'sec-fetch-site': 'cross-site' });
    expect([cross.status, cross.cookie('sallyport_sign_in')]).toEqual([403, undefined]);
    for (const to of ['//evil.example', '/\\evil.example', 'https://evil.example', '/a\r\nset-cookie: x=y', 'x']) {
      const { location, attempt } = await begin(h, to);
      const answer = await back(h, await provider.walk(location, 'olga'), attempt);
      expect(answer.headers.location).toBe('/');
    }
    const rebound = await h.app.inject({
      method: 'GET',
      url: '/admin/oidc/sign-in',
      headers: { host: 'evil.example' },
    });
    expect(rebound.statusCode).toBe(403);
  });

  test('the cookie of an attempt stays out of scripts, and tells its holder nothing', async () => {
    const { attempt, location } = await begin(h);
    expect(attempt.split('; ').slice(1)).toEqual(['Max-Age=600', 'Path=/admin/oidc', 'HttpOnly', 'SameSite=Lax']);
    const asked = new URL(location).searchParams;
    expect(asked.get('code_challenge_method')).toBe('S256');
    for (const name of ['state', 'nonce']) expect(attempt).not.toContain(asked.get(name));
  });

  test('the sign-in page is told where one can sign in', async () => {
    const { body } = await h.ask('GET', '/sign-in');
    expect(body).toEqual({ provider: { host: new URL(provider.issuer).host } });
  });

  test('after the provider changed its key, operators sign in on', async () => {
    await provider.rotate();
    h.clock.advance(11 * minute);
    expect((await signIn('olga')).status).toBe(303);
  });

  test('a wrong client secret lets nobody in, and is named as what it is', async () => {
    const wrong = await open(provider.issuer, { secret: new Secret('wrong-secret', '${env:SECRET}') });
    const { location, attempt } = await begin(wrong);
    const answer = await back(wrong, await provider.walk(location, 'olga'), attempt);
    expect([answer.status, answer.text.includes('wrong-secret')]).toEqual([503, false]);
    expect(answer.text).toContain('identity.operators.clientId');
    await wrong.close();
  });
});

test('where no provider is configured there is no such address, and the page offers none', async () => {
  const h = await openAdmin();
  expect((await h.ask('GET', '/sign-in')).body).toEqual({ provider: null });
  expect((await get(h, '/admin/oidc/callback')).text).toBe('the page');
  await h.close();
});

test.each([
  ['hangs', () => undefined],
  ['points elsewhere for its name', { issuer: 'https://elsewhere.example' }],
  ['signs in over plain http elsewhere', { authorization_endpoint: 'http://elsewhere.example/auth' }],
  ['signs in by a script', { authorization_endpoint: 'javascript:alert(1)' }],
] as const)('a provider that %s is answered for by a page, and hangs nobody', async (_, misbehaves) => {
  const issuer = await startScriptedIssuer();
  const good = {
    issuer: issuer.issuer,
    jwks_uri: `${issuer.issuer}/jwks`,
    authorization_endpoint: `${issuer.issuer}/auth`,
  };
  const route = typeof misbehaves === 'function' ? misbehaves : { ...good, ...misbehaves };
  issuer.routes.set('/.well-known/openid-configuration', route);
  const h = await open(issuer.issuer, {}, 200);
  const { status, text, cookie } = await get(h, '/admin/oidc/sign-in');
  expect([status, cookie('sallyport_sign_in')]).toEqual([503, undefined]);
  expect(text).toContain('Not signed in');
  await h.close();
  await issuer.close();
});

test.each([
  ['another issuer', (claims: object) => ({ ...claims, iss: 'https://elsewhere.example' }), {}],
  ['another client', (claims: object) => ({ ...claims, aud: 'another' }), {}],
  ['another nonce', (claims: object) => ({ ...claims, nonce: 'another' }), {}],
  ['no nonce', (claims: object) => ({ ...claims, nonce: undefined }), {}],
  ['an expiry in the past', (claims: object) => ({ ...claims, exp: 1_700_000_000 }), {}],
  ['a key that is not published', (claims: object) => claims, { kid: 'another' }],
] as const)('an ID token with %s signs nobody in', async (_, change, header) => {
  const issuer = await startScriptedIssuer();
  const metadata = { issuer: issuer.issuer, jwks_uri: `${issuer.issuer}/jwks` };
  const endpoints = { authorization_endpoint: `${issuer.issuer}/auth`, token_endpoint: `${issuer.issuer}/token` };
  issuer.routes.set('/.well-known/openid-configuration', { ...metadata, ...endpoints });
  const h = await open(issuer.issuer);
  const enter = async (changed: (claims: object) => object, head: object) => {
    const { location, attempt } = await begin(h);
    const asked = new URL(location).searchParams;
    const claims = { aud: 'dashboard', sub: 'olga', groups: ['ops'], nonce: asked.get('nonce') };
    const token = await issuer.sign(changed(claims), head);
    issuer.routes.set('/token', { access_token: 'x', token_type: 'Bearer', id_token: token });
    return await back(h, `${callback}?code=x&state=${asked.get('state') ?? ''}`, attempt);
  };
  expect((await enter((claims) => claims, {})).status).toBe(303);
  const answer = await enter(change, header);
  expect([answer.status, answer.cookie('sallyport_session')]).toEqual([401, undefined]);
  await h.close();
  await issuer.close();
});
