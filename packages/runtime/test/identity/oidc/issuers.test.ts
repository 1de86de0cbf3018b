import * as fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CompactSign, SignJWT, UnsecuredJWT, exportSPKI, importJWK } from 'jose';
import type { JWK } from 'jose';
import type { IdentityConfig, RuntimeFault } from '@sallyport/core';
import { OidcIssuers } from '../../../src/identity/oidc/index.ts';
import { codeOf } from '../harness.ts';
import { api, clientId, newKey, startProvider } from './provider.ts';
import type { RealProvider } from './provider.ts';
import { publicOf, startScriptedIssuer } from './scripted-issuer.ts';
import type { ScriptedIssuer } from './scripted-issuer.ts';

type IssuerConfig = IdentityConfig['issuers'][string];

/** Stands still within a test, so that no cool-down ends because the machine is slow. */
const clock = { started: Date.now(), ahead: 0, now: () => clock.started + clock.ahead };
const opened: OidcIssuers[] = [];
const scripted: ScriptedIssuer[] = [];
beforeEach(() => {
  clock.started = Date.now();
});
afterEach(async () => {
  clock.ahead = 0;
  await Promise.all(opened.splice(0).map((each) => each.close()));
  await Promise.all(scripted.splice(0).map((each) => each.close()));
});

const configOf = (issuer: string, change: Partial<IssuerConfig> = {}): IssuerConfig => ({
  issuer,
  audience: ['here', clientId, api],
  clockSkewSeconds: 60,
  userClaim: 'sub',
  claims: ['customer', 'groups'],
  roles: { claim: 'groups', map: { vip: 'patron', ops: 'operations' } },
  scope: 'mcp',
  accessTokens: 'at+jwt',
  ...change,
});

function open(issuers: IdentityConfig['issuers'], timeoutMs = 10_000): OidcIssuers {
  const oidc = new OidcIssuers({ issuers, clock, timeoutMs });
  opened.push(oidc);
  return oidc;
}

async function script(kid?: string): Promise<ScriptedIssuer> {
  const issuer = await startScriptedIssuer(() => clock.now() / 1000, kid);
  scripted.push(issuer);
  return issuer;
}

async function one(change: Partial<IssuerConfig> = {}) {
  const issuer = await script();
  const oidc = open({ corp: configOf(issuer.issuer, change) });
  return { issuer, oidc, ask: (token: string) => codeOf(oidc.verifyUser(token)) };
}

describe('with a real provider', () => {
  let provider: RealProvider;
  beforeAll(async () => {
    provider = await startProvider();
  });
  afterAll(() => provider.close());

  test('both tokens of a sign-in say who the user is, their roles and their claims, and are told apart', async () => {
    const oidc = open({ corp: configOf(provider.issuer) });
    const tokens = await provider.signIn('ann');
    const who = {
      issuer: 'corp',
      userId: 'ann',
      roles: ['patron'],
      claims: { customer: ['C-1'], groups: ['buyers', 'vip'] },
    };
    expect(await oidc.verifyUser(tokens.id_token, 'id')).toMatchObject({ ...who, kind: 'id', scopes: [] });
    expect(await oidc.verifyUser(tokens.access_token, 'access')).toMatchObject({
      ...who,
      kind: 'access',
      clientId,
      scopes: ['profile', 'email', 'mcp'],
    });
    expect(await codeOf(oidc.verifyUser(tokens.id_token, 'access'))).toBe('unauthenticated');
    expect(await codeOf(oidc.verifyUser(tokens.access_token, 'id'))).toBe('unauthenticated');
  });

  test('an access token for another resource, or an ID token for another client, is refused', async () => {
    const oidc = open({ corp: configOf(provider.issuer) });
    const elsewhere = await provider.signIn('ann', { resource: 'https://elsewhere.example/api' });
    expect(await codeOf(oidc.verifyUser(elsewhere.access_token))).toBe('unauthenticated');
    const other = await provider.signIn('ann', { client_id: 'other-front' });
    expect(await codeOf(oidc.verifyUser(other.id_token))).toBe('unauthenticated');
    expect(await codeOf(oidc.verifyUser(elsewhere.id_token))).toBe('resolved');
  });

  test('a new key is taken up when a token shows it, and tokens of the one that went are refused', async () => {
    const oidc = open({ corp: configOf(provider.issuer) });
    const old = await provider.signIn('ann');
    await oidc.verifyUser(old.id_token);
    await provider.rotate();
    const fresh = await provider.signIn('ann');
    // Within the cool-down nothing is fetched, whatever tokens say.
    expect(await codeOf(oidc.verifyUser(fresh.id_token))).toBe('unauthenticated');
    clock.ahead = 31_000;
    expect(await codeOf(oidc.verifyUser(fresh.id_token))).toBe('resolved');
    expect(await codeOf(oidc.verifyUser(old.id_token))).toBe('unauthenticated');
    expect(oidc.known(old.id_token)).toBeUndefined();
  });

  test('while both keys are published, tokens of both are good', async () => {
    const oidc = open({ corp: configOf(provider.issuer) });
    const old = await provider.signIn('ann');
    await provider.rotate(true);
    const fresh = await provider.signIn('bob');
    expect(await codeOf(oidc.verifyUser(old.id_token))).toBe('resolved');
    expect(await codeOf(oidc.verifyUser(fresh.id_token))).toBe('resolved');
  });

  test('a token is refused from its expiry on, but for the configured skew, although it was verified before', async () => {
    const oidc = open({ corp: configOf(provider.issuer, { clockSkewSeconds: 60 }) });
    const { id_token: token } = await provider.signIn('ann');
    const { expiresAt } = await oidc.verifyUser(token);
    clock.ahead = expiresAt - clock.started + 55_000;
    expect(await codeOf(oidc.verifyUser(token))).toBe('resolved');
    clock.ahead += 10_000;
    expect(oidc.known(token)).toBeUndefined();
    expect(await codeOf(oidc.verifyUser(token))).toBe('unauthenticated');
  });

  test('a changed signature, alg none, and the public key as an HMAC secret let nobody in', async () => {
    const oidc = open({ corp: configOf(provider.issuer) });
    const { id_token: token } = await provider.signIn('ann');
    await oidc.verifyUser(token);
    const [head = '', body = ''] = token.split('.');
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
    const [key] = provider.keys;
    const pem = await exportSPKI(
      await importJWK(publicOf(key ?? {}) as JWK & { kty: 'RSA' }, 'RS256', { extractable: true }),
    );
    const secrets = [pem, JSON.stringify(publicOf(key ?? {})), key?.n ?? ''];
    const hmacs = await Promise.all(
      secrets.map((text) =>
        new SignJWT(claims)
          .setProtectedHeader({ alg: 'HS256', kid: key?.kid ?? '' })
          .sign(new TextEncoder().encode(text)),
      ),
    );
    const none = Buffer.from(JSON.stringify({ alg: 'none', kid: key?.kid })).toString('base64url');
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: 'bob' })).toString('base64url');
    const bad = [
      ...hmacs,
      new UnsecuredJWT(claims).encode(),
      `${none}.${body}.`,
      `${none}.${body}`,
      token.replace(/[^.]+$/, ''),
      `${head}.${forged}.${token.split('.')[2]}`,
      `${token}A`,
      '',
      'a.b.c',
      'x'.repeat(20_000),
    ];
    for (const each of bad) expect(await codeOf(oidc.verifyUser(each)), each.slice(0, 40)).toBe('unauthenticated');
  });
});

test.each([
  ['another audience', { aud: 'elsewhere' }],
  ['no audience', { aud: undefined }],
  ['another issuer', { iss: 'https://elsewhere.example' }],
  ['an issuer with a slash at the end', { iss: 'slash' }],
  ['no issuer', { iss: undefined }],
  ['no subject', { sub: undefined }],
  ['an empty subject', { sub: '' }],
  ['a subject that is no text', { sub: { $ne: '' } }],
  ['a subject with a space', { sub: 'ann bob' }],
  ['the subject of nobody', { sub: 'anonymous' }],
  ['no expiry', { exp: undefined }],
  ['an expiry that is text', { exp: '9999999999' }],
  ['no time of issue', { iat: undefined }],
  ['a time of issue to come', { iat: Math.floor(Date.now() / 1000) + 3_600 }],
  ['a time before which it is not good', { nbf: Math.floor(Date.now() / 1000) + 3_600 }],
  ['events, as a logout token has', { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }],
  ['a key that its bearer must prove to have', { cnf: { jkt: 'x' } }],
  ['a scope, but no type that says access token', { scope: 'openid mcp' }],
])('a well-signed token with %s is refused', async (_, claims) => {
  const { issuer, ask } = await one();
  expect(await ask(await issuer.sign())).toBe('resolved');
  const iss = 'iss' in claims && claims.iss === 'slash' ? { iss: `${issuer.issuer}/` } : {};
  expect(await ask(await issuer.sign({ ...claims, ...iss }))).toBe('unauthenticated');
});

test.each(['logout+jwt', 'secevent+jwt', 'dpop+jwt', 'sallyport-user+jwt', 'sallyport-session+jwt', 'JOSE'])(
  'a well-signed token of the type %s is refused',
  async (typ) => {
    const { issuer, ask } = await one();
    expect(await ask(await issuer.sign({}, { typ }))).toBe('unauthenticated');
  },
);

test('a token that brings its own key, or says where one is, is verified by the issuer’s alone', async () => {
  const { issuer, ask } = await one();
  const own = await newKey();
  const { kid } = issuer.key;
  for (const header of [{ jwk: publicOf(own) }, { jku: `${issuer.issuer}/evil` }, { x5u: `${issuer.issuer}/evil` }]) {
    expect(await ask(await issuer.sign({}, { ...header, kid }, own))).toBe('unauthenticated');
  }
  expect(issuer.asked).not.toContain('/evil');
});

test('a provider that types no access tokens can be taken at its scopes, by configuration', async () => {
  const { issuer, oidc } = await one({ accessTokens: 'jwt' });
  const scoped = await issuer.sign({ scp: ['mcp'], azp: 'cli' });
  expect(await oidc.verifyUser(scoped)).toMatchObject({ kind: 'access', clientId: 'cli', scopes: ['mcp'] });
  expect((await oidc.verifyUser(await issuer.sign({ scope: 'openid', at_hash: 'x' }))).kind).toBe('id');
});

test('no change of a good token makes it another user’s', async () => {
  const { issuer, oidc } = await one();
  const token = await issuer.sign({ customer: 'C-1' });
  const good = await oidc.verifyUser(token);
  const change = fc.tuple(
    fc.nat(token.length),
    fc.nat(3),
    fc.string({ unit: fc.constantFrom('A', 'e', '0', '.', '_', '-'), maxLength: 3 }),
  );
  await fc.assert(
    fc.asyncProperty(change, async ([at, drop, insert]) => {
      const changed = token.slice(0, at) + insert + token.slice(at + drop);
      const answer = await oidc.verifyUser(changed).catch((error: RuntimeFault) => error.code);
      // The last character of a signature has bits that mean nothing: then it is the same token.
      if (answer !== 'unauthenticated') expect(answer).toEqual(good);
    }),
    { numRuns: 1_000 },
  );
});

test('a token of which two readers might read two users is refused, however well it is signed', async () => {
  const { issuer, ask } = await one();
  const now = Math.floor(Date.now() / 1000);
  const signed = async (members: string) => {
    const text = `{"iss":"${issuer.issuer}","aud":"here","iat":${now},"exp":${now + 600},${members}}`;
    return await new CompactSign(new TextEncoder().encode(text))
      .setProtectedHeader({ alg: issuer.key.alg ?? '', kid: issuer.key.kid ?? '' })
      .sign(await importJWK(issuer.key, issuer.key.alg));
  };
  expect(await ask(await signed('"sub":"ann","customer":["C-1"]'))).toBe('resolved');
  expect(await ask(await signed('"sub":"ann","sub":"bob"'))).toBe('unauthenticated');
  expect(await ask(await signed('"sub":"ann","customer":"C-1","\\u0063ustomer":"C-2"'))).toBe('unauthenticated');
  expect(await ask(await signed('"sub":"ann","act":{"sub":"a","sub":"b"}'))).toBe('unauthenticated');
});

test('of two issuers with one key id each only verifies its own, and the same subject of both is two users', async () => {
  const [a, b] = [await script('key-1'), await script('key-1')];
  const oidc = open({ a: configOf(a.issuer), b: configOf(b.issuer) });
  expect((await oidc.verifyUser(await a.sign())).userId).toBe('a:ann');
  expect((await oidc.verifyUser(await b.sign())).userId).toBe('b:ann');
  expect(await codeOf(oidc.verifyUser(await a.sign({ iss: b.issuer })))).toBe('unauthenticated');
  expect(await codeOf(oidc.verifyUser(await b.sign({ iss: a.issuer })))).toBe('unauthenticated');
  // No subject of one can be written so that it is a user of the other.
  expect((await oidc.verifyUser(await b.sign({ sub: 'a:ann' }))).userId).toBe('b:a:ann');
});

test('an e-mail address names a user only once the provider has verified it', async () => {
  const { issuer, oidc, ask } = await one({ userClaim: 'email' });
  const email = 'ann@example.com';
  expect(await ask(await issuer.sign({ email }))).toBe('unauthenticated');
  expect(await ask(await issuer.sign({ email, email_verified: 'true' }))).toBe('unauthenticated');
  expect((await oidc.verifyUser(await issuer.sign({ email, email_verified: true }))).userId).toBe(email);
});

test('claims become lists of text, nested ones by their path; what cannot be kept is refused, not cut short', async () => {
  const claims = ['n', 'yes', 'many', 'realm_access.roles', 'toString', 'missing'];
  const { issuer, oidc, ask } = await one({ claims, roles: { claim: 'realm_access.roles', map: { a: 'role-a' } } });
  const user = await oidc.verifyUser(
    await issuer.sign({ n: 7, yes: true, many: ['x', 1], realm_access: { roles: ['a', 'toString', '__proto__'] } }),
  );
  expect(user.roles).toEqual(['role-a']);
  expect(user.claims).toEqual({
    n: ['7'],
    yes: ['true'],
    many: ['x', '1'],
    'realm_access.roles': ['a', 'toString', '__proto__'],
  });
  const tooMany = Array.from({ length: 101 }, (_, i) => i);
  // Read as a number, 2^53 + 1 is 2^53: another customer.
  const rounded = 9_007_199_254_740_992;
  for (const many of [tooMany, 'x'.repeat(257), { a: 1 }, ['x', null], [['x']], rounded, [-rounded], 1e300]) {
    expect(await ask(await issuer.sign({ many }))).toBe('forbidden');
  }
});

describe('a provider that misbehaves', () => {
  test('tokens with unknown keys make it be asked at most once per cool-down', async () => {
    const { issuer, ask } = await one();
    await ask(await issuer.sign());
    const before = issuer.asked.length;
    const strange = await Promise.all(Array.from({ length: 20 }, (_, i) => issuer.sign({}, { kid: `unknown-${i}` })));
    clock.ahead = 31_000;
    expect(new Set(await Promise.all(strange.map(ask)))).toEqual(new Set(['unauthenticated']));
    expect(issuer.asked.length - before).toBe(2);
  });

  test('one whose document has another issuer’s name in it vouches for nobody', async () => {
    const { issuer, ask } = await one();
    const good = { issuer: issuer.issuer, jwks_uri: `${issuer.issuer}/jwks` };
    const documents = [
      { ...good, issuer: 'https://elsewhere.example' },
      { ...good, issuer: `${issuer.issuer}/` },
      { ...good, issuer: undefined },
      { ...good, jwks_uri: 'http://keys.example/jwks' },
      { ...good, jwks_uri: 'file:///etc/passwd' },
      { ...good, jwks_uri: issuer.issuer.replace('//', '//user:pass@') },
      { ...good, jwks_uri: undefined },
      [],
    ];
    const token = await issuer.sign();
    for (const document of documents) {
      clock.ahead += 6_000;
      issuer.routes.set('/.well-known/openid-configuration', document);
      expect(await ask(token), JSON.stringify(document)).toBe('identity_unavailable');
    }
    clock.ahead += 6_000;
    issuer.routes.set('/.well-known/openid-configuration', good);
    expect(await ask(token)).toBe('resolved');
  });

  test('a redirect is not followed, for the document or for the keys', async () => {
    const [issuer, other] = [await script(), await script()];
    for (const path of ['/.well-known/openid-configuration', '/jwks']) {
      const kept = issuer.routes.get(path) ?? {};
      issuer.routes.set(path, (_, response) => {
        response.writeHead(302, { location: `${other.issuer}/jwks` }).end();
      });
      const oidc = open({ corp: configOf(issuer.issuer) });
      expect(await codeOf(oidc.verifyUser(await issuer.sign()))).toBe('identity_unavailable');
      issuer.routes.set(path, kept);
    }
    expect(other.asked).toEqual([]);
  });

  test.each([
    ['never answers', () => undefined],
    [
      'drips',
      (response: { writeHead(status: number): unknown; write(text: string): unknown }) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write(' '), 20);
        timer.unref();
      },
    ],
    [
      'answers without end',
      (response: { writeHead(status: number): unknown; write(text: string): unknown; end(text: string): unknown }) => {
        response.writeHead(200);
        response.end(`{"keys":"${'x'.repeat(400_000)}"}`);
      },
    ],
    ['answers nested too deep', (response: { end(text: string): unknown }) => response.end('['.repeat(10_000))],
    ['answers with two readings', (response: { end(text: string): unknown }) => response.end('{"keys":[],"keys":[]}')],
    ['fails', (response: { writeHead(status: number): { end(): unknown } }) => response.writeHead(500).end()],
  ] as const)('one that %s denies, and hangs nobody', async (_, misbehave) => {
    const issuer = await script();
    issuer.routes.set('/jwks', (_request, response) => void misbehave(response));
    const oidc = open({ corp: configOf(issuer.issuer) }, 200);
    const token = await issuer.sign();
    expect(await codeOf(oidc.verifyUser(token))).toBe('identity_unavailable');
    const before = issuer.asked.length;
    // Just found away: the next does not wait for it again.
    expect(await codeOf(oidc.verifyUser(token))).toBe('identity_unavailable');
    expect(issuer.asked.length).toBe(before);
  });

  test('one that is away is lived without for minutes, and then lets nobody in', async () => {
    const { issuer, oidc, ask } = await one({ clockSkewSeconds: 0 });
    const token = await issuer.sign({ exp: Math.floor(Date.now() / 1000) + 86_400 });
    await oidc.verifyUser(token);
    issuer.routes.clear();
    clock.ahead = 10 * 60_000;
    expect(oidc.known(token)?.userId).toBe('ann');
    clock.ahead = 16 * 60_000;
    expect(oidc.known(token)).toBeUndefined();
    expect(await ask(token)).toBe('identity_unavailable');
  });

  test('a key that it withdraws is dropped without any token asking for another', async () => {
    const { issuer, oidc, ask } = await one();
    const token = await issuer.sign({ exp: Math.floor(Date.now() / 1000) + 86_400 });
    await oidc.verifyUser(token);
    issuer.routes.set('/jwks', { keys: [publicOf(await newKey())] });
    const asked = issuer.asked.length;
    clock.ahead = 6 * 60_000;
    oidc.known(token);
    await expect.poll(() => issuer.asked.length).toBe(asked + 2);
    await expect.poll(() => oidc.known(token)).toBeUndefined();
    expect(await ask(token)).toBe('unauthenticated');
  });

  test('a clock that is set back neither keeps a withdrawn key in force nor a provider that is back away', async () => {
    const { issuer, ask } = await one({ clockSkewSeconds: 300 });
    const hour = 3_600_000;
    clock.ahead = 2 * hour;
    expect(await ask(await issuer.sign())).toBe('resolved');
    const withdrawn = issuer.routes.get('/jwks') ?? {};
    issuer.routes.set('/jwks', { keys: [publicOf(await newKey())] });
    clock.ahead = hour;
    expect(await ask(await issuer.sign())).toBe('unauthenticated');
    issuer.routes.delete('/jwks');
    clock.ahead = 2 * hour;
    expect(await ask(await issuer.sign())).toBe('identity_unavailable');
    issuer.routes.set('/jwks', withdrawn);
    clock.ahead = 0;
    expect(await ask(await issuer.sign())).toBe('resolved');
  });

  test('secrets and encryption keys in its key set verify nothing', async () => {
    const { issuer, ask } = await one();
    const secret = Buffer.alloc(32, 7);
    const { kid } = issuer.key;
    issuer.routes.set('/jwks', { keys: [{ kty: 'oct', kid, k: secret.toString('base64url') }] });
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: issuer.issuer, aud: 'here', sub: 'ann', iat: now, exp: now + 600 };
    const token = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: kid ?? '' }).sign(secret);
    expect(await ask(token)).toBe('unauthenticated');
    issuer.routes.set('/jwks', { keys: [{ ...publicOf(issuer.key), use: 'enc' }] });
    clock.ahead = 31_000;
    expect(await ask(await issuer.sign())).toBe('unauthenticated');
  });
});
