import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, decodeProtectedHeader, importJWK, jwtVerify } from 'jose';
import type { JWK } from 'jose';
import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import type { CredentialStore, SubjectTokens } from '@sallyport/core';
import { aSession } from '../store/fixtures.ts';
import { openBench, use, type Bench, type BenchOptions } from './fixtures.ts';
import { openTokenServer, type TokenServer } from './token-server.ts';

const clientSecret = 'client-secret/+1';
let server: TokenServer;
let bench: Bench;
afterEach(async () => {
  await bench?.close();
  await server?.close();
});

let given = 0;
const token = (change: object = {}) => ({
  access_token: `access-${++given}`,
  token_type: 'Bearer',
  expires_in: 600,
  ...change,
});

async function open(attach: string, answer: TokenServer['answer'] = () => token(), options: BenchOptions = {}) {
  given = 0;
  server = await openTokenServer(answer);
  bench = await openBench(
    `upstreams: {crm: {kind: mcp, url: "https://crm.example/mcp", credential: key}}
credentials: {key: {source: {env: KEY}, upstreams: [crm], attach: {tokenUrl: "${server.url}", clientId: sally, ${attach}}}}`,
    { env: { KEY: clientSecret, CLIENT: clientSecret }, ...options },
  );
}
const attach = async (change: Parameters<typeof use>[0] = {}) => ({
  ...(await bench.broker.attach(use(change))).headers,
});
const authorization = async (change: Parameters<typeof use>[0] = {}) => (await attach(change))['authorization'];
const refused = expect.objectContaining({ code: 'credential_unavailable' });

describe('client credentials', () => {
  const kind = 'kind: client_credentials, scope: "read write", audience: crm, resource: "https://crm.example/"';

  test('are exchanged for a token once, which is used until it is about to end', async () => {
    await open(kind);
    const all = await Promise.all([authorization(), authorization(), authorization()]);
    expect(all).toEqual(['Bearer access-1', 'Bearer access-1', 'Bearer access-1']);
    bench.clock.advance(569_999);
    expect(await authorization()).toBe('Bearer access-1');
    bench.clock.advance(1);
    expect(await authorization()).toBe('Bearer access-2');
    const [first] = server.requests;
    expect(first?.form).toEqual({
      grant_type: 'client_credentials',
      scope: 'read write',
      audience: 'crm',
      resource: 'https://crm.example/',
    });
    expect(first?.headers.authorization).toBe(
      `Basic ${Buffer.from('sally:client%2Dsecret%2F%2B1').toString('base64')}`,
    );
  });

  test('may be posted', async () => {
    await open(`${kind}, clientAuth: post`);
    await authorization();
    expect(server.requests[0]?.form).toMatchObject({ client_id: 'sally', client_secret: clientSecret });
    expect(server.requests[0]?.headers.authorization).toBeUndefined();
  });

  test('an endpoint that failed is asked again although the clock was set back', async () => {
    await open(kind, (_, response) => void response.writeHead(500).end());
    await expect(authorization()).rejects.toEqual(refused);
    server.answer = () => token();
    bench.clock.advance(-3_600_000);
    expect(await authorization()).toBe('Bearer access-1');
  });

  test('a token that the upstream refused is used no more, and none is had in its place that was never good', async () => {
    await open(kind);
    await authorization();
    await authorization();
    expect(await bench.broker.rejected(use())).toBe(true);
    expect(await authorization()).toBe('Bearer access-2');
    expect(await bench.broker.rejected(use())).toBe(false);
    expect(await authorization()).toBe('Bearer access-3');
  });

  test.each<[string, TokenServer['answer']]>([
    ['redirects', (_, response) => void response.writeHead(307, { location: '/elsewhere' }).end()],
    ['redirects kindly', (_, response) => void response.writeHead(302, { location: 'https://evil.example/' }).end()],
    ['gives a token of another type', () => token({ token_type: 'mac' })],
    ['gives a token bound to a key that is not ours', () => token({ token_type: 'DPoP' })],
    ['gives a token that forges a header', () => token({ access_token: 'access\r\nx-admin: 1' })],
    ['gives a token that is too short to be told from other text', () => token({ access_token: 'abc' })],
    ['gives no token', () => ({ token_type: 'Bearer' })],
    ['gives a number', () => token({ access_token: 12345678 })],
    ['says two things at once', () => '{"access_token":"aaaaaaaa","access_token":"bbbbbbbb","token_type":"Bearer"}'],
    ['answers too much', () => token({ pad: 'x'.repeat(300_000) })],
    [
      'answers HTML',
      (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>token</p>'),
    ],
    [
      'refuses',
      (_, response) =>
        void response
          .writeHead(401, { 'content-type': 'application/json' })
          .end(JSON.stringify({ error: 'invalid_client', error_description: clientSecret })),
    ],
    [
      'echoes the secret as its error',
      ({ form }, response) =>
        void response
          .writeHead(400, { 'content-type': 'application/json' })
          .end(JSON.stringify({ error: `${form['client_secret']}` })),
    ],
    ['fails', (_, response) => void response.writeHead(500).end(clientSecret)],
    ['hangs up', (_, response) => void response.destroy()],
  ])('nothing is sent where the token endpoint %s, and nothing is told', async (_, answer) => {
    await open(`${kind}, clientAuth: post`, answer);
    const fault = await authorization().catch((error: unknown) => error);
    expect(fault).toEqual(refused);
    expect(inspect(fault, { depth: 9 })).not.toContain(clientSecret);
    expect(bench.broker.list()).toMatchObject([{ state: 'failing' }]);
    expect(JSON.stringify(bench.broker.list())).not.toContain(clientSecret);
    expect(server.requests).toHaveLength(1);
  });

  test('a token endpoint that hangs is given up after its time', async () => {
    await open(kind, () => undefined);
    const asked = authorization();
    const late = expect(asked).rejects.toMatchObject({ detail: expect.stringContaining('did not come in 10000 ms') });
    await expect.poll(() => server.requests.length).toBe(1);
    bench.clock.advance(10_000);
    await late;
  });

  test('an ID token that comes with it is of no interest', async () => {
    await open(kind, () => token({ id_token: 'not.a.token' }));
    expect(await authorization()).toBe('Bearer access-1');
  });

  test('a token is taken out of texts until it has ended', async () => {
    await open(kind);
    await authorization();
    const basic = Buffer.from('x:access-1').toString('base64');
    expect(bench.broker.mask(`access-1 ${basic}`)).not.toMatch(/access-1|YWNjZXNzLTE/);
  });

  test('revoking reaches a token that is being had', async () => {
    const revoked = Promise.withResolvers<void>();
    await open(kind, async () => {
      await revoked.promise;
      return token();
    });
    const asked = expect(authorization()).rejects.toEqual(refused);
    await expect.poll(() => server.requests.length).toBe(1);
    await bench.broker.revoke('key');
    revoked.resolve();
    await asked;
    await bench.broker.restore('key');
    expect(await authorization()).toBe('Bearer access-2');
  });

  test('what the endpoint was sent is taken out of texts as it was sent', async () => {
    await open(kind);
    await authorization();
    const sent = String(server.requests[0]?.headers.authorization);
    expect(bench.broker.mask(`You sent ${sent}, ${atob(sent.slice(6))}`)).toBe(
      'You sent Basic [credential], [credential]',
    );
  });
});

describe('a refresh token', () => {
  const kind = 'kind: refresh_token, clientAuth: none';
  /** As RFC 9700 wants it: each is good for one use, and a second use ends them all. */
  const rotating = (): TokenServer['answer'] => {
    let current = clientSecret;
    let ended = false;
    return ({ form }, response) => {
      if (ended || form['refresh_token'] !== current) {
        ended = true;
        response.writeHead(400, { 'content-type': 'application/json' });
        return { error: 'invalid_grant' };
      }
      current = `refresh-${given + 1}-token`;
      return token({ refresh_token: current });
    };
  };

  test('is used once, and the one that comes after it from then on, after a restart too', async () => {
    await open(kind, rotating());
    expect(await authorization()).toBe('Bearer access-1');
    bench.clock.advance(600_000);
    expect(await authorization()).toBe('Bearer access-2');
    const after = await bench.restart();
    expect((await after.attach(use())).headers['authorization']).toBe('Bearer access-3');
    expect(server.requests.map(({ form }) => form['refresh_token'])).toEqual([
      clientSecret,
      'refresh-1-token',
      'refresh-2-token',
    ]);
    const row = await bench.store.sealed('key', 'refresh_token');
    expect(row?.version).toBe(3);
    expect(Buffer.from(row?.sealed ?? []).toString('latin1')).not.toMatch(/refresh-/);
  });

  test('many calls at once use it once', async () => {
    await open(kind, rotating());
    const all = await Promise.all(Array.from({ length: 20 }, () => authorization()));
    expect(new Set(all)).toEqual(new Set(['Bearer access-1']));
    expect(server.requests).toHaveLength(1);
  });

  test('nothing is done with what came with it before its successor is sealed; then that one is used', async () => {
    let full = true;
    const store = (real: CredentialStore): CredentialStore => ({
      ...real,
      seal: async (name, slot, record) => {
        if (full) throw Object.assign(new Error('disk full'), { code: 'ENOSPC' });
        await real.seal(name, slot, record);
      },
    });
    await open(kind, rotating(), { store });
    await expect(authorization()).rejects.toEqual(refused);
    full = false;
    bench.clock.advance(1_000);
    expect(await authorization()).toBe('Bearer access-2');
    expect(server.requests.map(({ form }) => form['refresh_token'])).toEqual([clientSecret, 'refresh-1-token']);
  });

  test('that is refused stays refused: the first one is not tried again', async () => {
    await open(kind, rotating());
    await authorization();
    server.answer = (_, response) => {
      response.writeHead(400, { 'content-type': 'application/json' });
      return { error: 'invalid_grant' };
    };
    bench.clock.advance(600_000);
    await expect(authorization()).rejects.toMatchObject({ detail: expect.stringContaining('invalid_grant') });
    bench.clock.advance(1_000);
    await expect(authorization()).rejects.toEqual(refused);
    expect(server.requests.map(({ form }) => form['refresh_token'])).toEqual([
      clientSecret,
      'refresh-1-token',
      'refresh-1-token',
    ]);
  });

  test('that an operator gave anew begins anew', async () => {
    await open(kind, () => token({ refresh_token: `refresh-${given}-token` }));
    await authorization();
    bench.env['KEY'] = 'another-first-token';
    bench.clock.advance(600_000);
    await authorization();
    expect(server.requests.at(-1)?.form['refresh_token']).toBe('another-first-token');
  });

  test('is not used a second time because the credential was revoked and restored while it was in use', async () => {
    const answer = rotating();
    const first = Promise.withResolvers<void>();
    await open(kind, async (request, response) => {
      if (server.requests.length === 1) await first.promise;
      return await answer(request, response);
    });
    const cut = authorization().catch(() => undefined);
    await expect.poll(() => server.requests.length).toBe(1);
    await bench.broker.revoke('key');
    await expect(authorization()).rejects.toEqual(refused);
    await bench.broker.restore('key');
    const again = authorization();
    first.resolve();
    await cut;
    expect(await again).toBe('Bearer access-2');
    expect(server.requests.map(({ form }) => form['refresh_token'])).toEqual([clientSecret, 'refresh-1-token']);
  });

  test('of a confidential client is sent with its secret', async () => {
    await open('kind: refresh_token, clientSecret: {env: CLIENT}', rotating(), {
      env: { KEY: clientSecret, CLIENT: 'other-secret' },
    });
    expect(await authorization()).toBe('Bearer access-1');
    expect(server.requests[0]?.headers.authorization).toBe(
      `Basic ${Buffer.from('sally:other%2Dsecret').toString('base64')}`,
    );
  });
});

describe('token exchange', () => {
  const kind = 'kind: token_exchange, audience: crm';
  const issued = 'urn:ietf:params:oauth:token-type:access_token';
  const exchange: TokenServer['answer'] = ({ form }) =>
    token({ access_token: `for-${form['subject_token']}-${++given}`, issued_token_type: issued });
  const ann = aSession({ user: { id: 'ann', roles: [] } });
  const bob = aSession({ user: { id: 'bob', roles: [] } });
  const subjects = new Map([
    [ann.id, 'token-of-ann'],
    [bob.id, 'token-of-bob'],
  ]);
  const subjectTokens: SubjectTokens = {
    of: async ({ id }) => {
      const theirs = subjects.get(id);
      return theirs === undefined ? undefined : { token: theirs, kind: theirs.startsWith('id-') ? 'id' : 'access' };
    },
  };

  test("gives each user a token of the user's own, by the user's own", async () => {
    await open(kind, exchange, { subjectTokens });
    expect(await authorization({ session: ann })).toMatch(/^Bearer for-token-of-ann-/);
    expect(await authorization({ session: bob })).toMatch(/^Bearer for-token-of-bob-/);
    expect(await authorization({ session: ann })).toMatch(/^Bearer for-token-of-ann-/);
    expect(server.requests).toHaveLength(2);
    expect(server.requests[0]?.form).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 'token-of-ann',
      subject_token_type: issued,
      requested_token_type: issued,
      audience: 'crm',
    });
    expect(bench.broker.mask('token-of-ann')).toBe('[credential]');
  });

  test('an ID token is exchanged as one, and not as the access token that it is not', async () => {
    await open(kind, exchange, { subjectTokens });
    const signedIn = aSession({ user: { id: 'ann', roles: [] } });
    subjects.set(signedIn.id, 'id-token-of-ann');
    await authorization({ session: signedIn });
    expect(server.requests.at(-1)?.form).toMatchObject({
      subject_token: 'id-token-of-ann',
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    });
  });

  test("a session of the same user with another token has not the stronger one's", async () => {
    await open(kind, exchange, { subjectTokens });
    const weaker = aSession({ user: { id: 'ann', roles: [] } });
    subjects.set(weaker.id, 'weaker-token');
    await authorization({ session: ann });
    expect(await authorization({ session: weaker })).toMatch(/^Bearer for-weaker-token-/);
  });

  test('has nothing for a session without a token, or for no session', async () => {
    await open(kind, exchange, { subjectTokens });
    await expect(authorization({ session: aSession() })).rejects.toEqual(refused);
    const { session: _, ...nobody } = use();
    await expect(bench.broker.attach(nobody)).rejects.toEqual(refused);
    subjects.delete(bob.id);
    await expect(authorization({ session: bob })).rejects.toEqual(refused);
    expect(server.requests).toHaveLength(0);
  });

  test.each<[string, object]>([
    ['another type', { issued_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }],
    ['an ID token', { issued_token_type: 'urn:ietf:params:oauth:token-type:id_token' }],
    ['a type that is not said', {}],
    ["the user's own token", { issued_token_type: issued, access_token: 'token-of-ann' }],
  ])('%s is not passed on', async (_, change) => {
    await open(kind, () => token(change), { subjectTokens });
    await expect(authorization({ session: ann })).rejects.toEqual(refused);
  });
});

describe('DPoP', () => {
  const kind = 'kind: client_credentials, dpop: true';
  const verify = async (proof: string | undefined) => {
    const { jwk, ...header } = decodeProtectedHeader(proof ?? '') as { jwk: JWK; typ: string; alg: string };
    const { payload } = await jwtVerify(proof ?? '', await importJWK(jwk, 'ES256'), {
      currentDate: new Date(bench.clock.now()),
      clockTolerance: 1e10,
    });
    return { jwk, header, payload, thumbprint: await calculateJwkThumbprint(jwk) };
  };
  const bound: TokenServer['answer'] = () => token({ token_type: 'DPoP' });

  test('proves the key for each request, for that request alone', async () => {
    await open(kind, bound);
    const first = await attach({ httpMethod: 'post', url: 'https://crm.example/api?id=1#x' });
    const second = await attach({ httpMethod: 'GET', url: 'https://crm.example/other' });
    expect(first['authorization']).toBe('DPoP access-1');
    const [a, b] = await Promise.all([verify(first['dpop']), verify(second['dpop'])]);
    expect(a.header).toEqual({ typ: 'dpop+jwt', alg: 'ES256' });
    expect(Object.keys(a.jwk).toSorted()).toEqual(['crv', 'kty', 'x', 'y']);
    const ath = createHash('sha256').update('access-1').digest('base64url');
    expect(a.payload).toMatchObject({ htm: 'POST', htu: 'https://crm.example/api', ath });
    expect(b.payload).toMatchObject({ htm: 'GET', htu: 'https://crm.example/other', ath });
    expect(a.payload.jti).not.toBe(b.payload.jti);
    const atEndpoint = await verify(String(server.requests[0]?.headers['dpop']));
    expect(atEndpoint.thumbprint).toBe(a.thumbprint);
    expect(atEndpoint.payload).toMatchObject({ htm: 'POST', htu: server.url });
  });

  test('keeps its key over a restart, sealed', async () => {
    await open(kind, bound);
    const before = await verify((await attach())['dpop']);
    const after = await (await bench.restart()).attach(use());
    expect((await verify(after.headers['dpop'])).thumbprint).toBe(before.thumbprint);
    expect(Buffer.from((await bench.store.sealed('key', 'dpop_key'))?.sealed ?? []).toString('latin1')).not.toContain(
      '"d"',
    );
  });

  test('takes a nonce from the token endpoint, and from the upstream without giving up the token', async () => {
    await open(kind, ({ headers }, response) => {
      const { nonce } = JSON.parse(
        Buffer.from(String(headers['dpop']).split('.')[1] ?? '', 'base64url').toString(),
      ) as { nonce?: string };
      if (nonce === 'from-endpoint') return token({ token_type: 'DPoP' });
      response.writeHead(400, { 'content-type': 'application/json', 'dpop-nonce': 'from-endpoint' });
      return { error: 'use_dpop_nonce' };
    });
    await attach();
    const refusal = { authenticate: 'DPoP error="use_dpop_nonce"', dpopNonce: 'from-upstream' };
    expect(await bench.broker.rejected(use(), refusal)).toBe(true);
    const again = await attach();
    expect(again['authorization']).toBe('DPoP access-1');
    expect((await verify(again['dpop'])).payload['nonce']).toBe('from-upstream');
    // The same nonce again is no news: the token is what is wrong.
    await bench.broker.rejected(use(), refusal);
    expect((await attach())['authorization']).toBe('DPoP access-2');
  });

  test('refuses a bearer token in its place', async () => {
    await open(kind, () => token());
    await expect(attach()).rejects.toEqual(refused);
  });
});
