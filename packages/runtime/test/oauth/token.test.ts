import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import * as client from 'openid-client';
import type { AgentRecord, IdentityConfig } from '@sallyport/core';
import type { AddressInfo } from 'node:net';
import type { Form, OAuthHarness } from './harness.ts';
import type { ScriptedIssuer } from '../identity/oidc/scripted-issuer.ts';
import { TestClock, minute } from '../identity/harness.ts';
import { baseUrl, openOAuth } from './harness.ts';
import { startScriptedIssuer } from '../identity/oidc/scripted-issuer.ts';

const clock = new TestClock();
const urn = (name: string) => `urn:ietf:params:oauth:token-type:${name}`;
const grantType = 'urn:ietf:params:oauth:grant-type:token-exchange';

let issuer: ScriptedIssuer;
let h: OAuthHarness;
let agent: AgentRecord;
let key: string;
beforeAll(async () => {
  issuer = await startScriptedIssuer(() => clock.now() / 1000);
  h = await openOAuth(
    {
      corp: {
        issuer: issuer.issuer,
        audience: ['here'],
        clockSkewSeconds: 0,
        userClaim: 'sub',
        claims: ['customer'],
        agents: { claim: 'client_id', map: { cli: 'support', theirs: 'another' } },
        scope: 'mcp',
        accessTokens: 'at+jwt',
      },
    } as unknown as IdentityConfig['issuers'],
    clock,
  );
});
afterAll(async () => {
  await h.close();
  await issuer.close();
});
beforeEach(async () => {
  ({ agent, key } = await h.agent({ namesUsers: false }));
});

const form = async (change: Readonly<Record<string, string>> = {}) => ({
  grant_type: grantType,
  subject_token: await issuer.sign({ customer: 'C-1' }),
  subject_token_type: urn('id_token'),
  ...change,
});
const refused = async (given: Form, by: string | undefined = key) => {
  const { status, body } = await h.post(by, given);
  return `${status} ${String(body['error'])}`;
};
const without = async (name: string) => Object.entries(await form()).filter(([each]) => each !== name);

test("a back end exchanges the user's token for a session token, with the agent as actor", async () => {
  const { status, headers, body } = await h.post(key, await form({ purpose: 'answer a ticket' }));
  expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
  expect(body).toEqual({
    access_token: expect.any(String) as string,
    issued_token_type: urn('access_token'),
    token_type: 'Bearer',
    expires_in: 900,
  });
  const token = String(body['access_token']);
  expect(decodeJwt(token)).toMatchObject({ sub: 'ann', act: { sub: agent.id } });
  const session = await h.signIn(token);
  expect([session.agent.id, session.purpose, session.user]).toEqual([
    agent.id,
    'answer a ticket',
    { id: 'ann', roles: [], claims: { customer: ['C-1'] }, issuer: 'corp' },
  ]);
});

test('a real OAuth client library can do it, over real HTTP', async () => {
  await h.app.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${(h.app.server.address() as AddressInfo).port}`;
  const metadata = { issuer: url, token_endpoint: `${url}/oauth/token` };
  const config = new client.Configuration(metadata, agent.name, undefined, client.ClientSecretBasic(key));
  client.allowInsecureRequests(config);
  const answer = await client.genericGrantRequest(config, grantType, {
    subject_token: await issuer.sign({ client_id: 'cli' }, { typ: 'at+jwt' }),
    subject_token_type: urn('access_token'),
  });
  expect((await h.signIn(answer.access_token)).user.id).toBe('ann');
});

test('who asks must be an agent, by one good key', async () => {
  const basic = (id: string, secret: string) => ({
    authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
  });
  const good = await form();
  const other = await h.agent();
  expect((await h.post(undefined, good, basic(agent.id, key))).status).toBe(200);
  const session = await h.sessions.open({ agent, userId: 'ann', purpose: 'x' });
  const { token } = await h.sessions.token(session);
  for (const headers of [
    {},
    basic(agent.id, `${key}x`),
    basic('', key),
    basic(other.agent.id, key),
    { authorization: `Bearer ${token}` },
    { authorization: `Bearer ${good.subject_token}` },
    { authorization: `Bearer ${key}`, 'x-api-key': key },
    { ...basic(agent.id, key), 'x-api-key': key },
  ]) {
    const { status, headers: answered, body } = await h.post(undefined, good, headers);
    expect([status, body['error']]).toEqual([401, 'invalid_client']);
    expect(answered['www-authenticate']).toContain('Bearer');
  }
});

test.each([
  ['grant_type', '400 invalid_request'],
  ['subject_token', '400 invalid_request'],
  ['subject_token_type', '400 invalid_request'],
])('without %s it is %s', async (name, answer) => {
  expect(await refused(await without(name))).toBe(answer);
});

test.each([
  [{ grant_type: 'client_credentials' }, '400 unsupported_grant_type'],
  [{ grant_type: 'toString' }, '400 unsupported_grant_type'],
  [{ subject_token_type: urn('refresh_token') }, '400 invalid_request'],
  [{ subject_token_type: urn('saml2') }, '400 invalid_request'],
  [{ subject_token_type: 'id_token' }, '400 invalid_request'],
  [{ subject_token_type: urn('access_token') }, '400 invalid_request'],
  [{ subject_token: 'x' }, '400 invalid_request'],
  [{ requested_token_type: urn('refresh_token') }, '400 invalid_request'],
  [{ requested_token_type: urn('id_token') }, '400 invalid_request'],
  [{ audience: 'https://orders.example' }, '400 invalid_target'],
  [{ resource: 'https://orders.example' }, '400 invalid_target'],
  [{ resource: `${baseUrl}.evil.example/mcp` }, '400 invalid_target'],
  [{ scope: 'admin' }, '400 invalid_scope'],
  [{ scope: 'mcp admin' }, '400 invalid_scope'],
  [{ actor_token: 'x' }, '400 invalid_request'],
  [{ actor_token_type: urn('access_token') }, '400 invalid_request'],
  [{ actor_token: 'x', actor_token_type: urn('access_token') }, '400 invalid_request'],
])('%j is answered %s', async (change, answer) => {
  expect(await refused(await form(change as Record<string, string>))).toBe(answer);
});

test('what is for this runtime is granted: resource, audience, scope, type', async () => {
  const { body } = await h.post(key, [
    ...Object.entries(await form()),
    ['resource', `${baseUrl}/mcp`],
    ['resource', baseUrl],
    ['audience', 'sallyport'],
    ['scope', 'mcp'],
    ['requested_token_type', urn('jwt')],
    ['an_extension', 'that nobody knows'],
  ]);
  expect([body['token_type'], body['scope']]).toEqual(['Bearer', 'mcp']);
});

test('the actor is the agent that asks, and no other', async () => {
  const other = await h.agent();
  const session = await h.sessions.open({ agent, userId: 'ann', purpose: 'x' });
  const { token } = await h.sessions.token(session);
  const theirs = await h.sessions.token(await h.sessions.open({ agent: other.agent, userId: 'ann', purpose: 'x' }));
  const by = async (actor: string) =>
    await refused(await form({ actor_token: actor, actor_token_type: urn('access_token') }));
  expect([await by(key), await by(token)]).toEqual(['200 undefined', '200 undefined']);
  expect([await by(other.key), await by(theirs.token)]).toEqual(['400 invalid_request', '400 invalid_request']);
});

test("a token of another agent's client, or that names another actor, is refused", async () => {
  for (const claims of [{ azp: 'theirs' }, { may_act: { sub: 'another' } }]) {
    expect(await refused(await form({ subject_token: await issuer.sign(claims) }))).toBe('400 invalid_request');
  }
  const mine = await issuer.sign({ may_act: { sub: agent.id } });
  expect(await refused(await form({ subject_token: mine }))).toBe('200 undefined');
});

test('a session token is no user’s token: none can be made from another', async () => {
  const { body } = await h.post(key, await form());
  for (const type of ['access_token', 'id_token', 'jwt']) {
    const again = await form({ subject_token: String(body['access_token']), subject_token_type: urn(type) });
    expect(await refused(again)).toBe('400 invalid_request');
  }
  const session = await h.signIn(String(body['access_token']));
  const context = await h.userContexts.sign({ session, audience: baseUrl, tool: 't', callId: 'c' });
  expect(await refused(await form({ subject_token: context, subject_token_type: urn('jwt') }))).toBe(
    '400 invalid_request',
  );
});

test('a parameter that comes twice is refused, and so is a body that is no form', async () => {
  const good = await form();
  expect(await refused([...Object.entries(good), ['subject_token', good.subject_token]])).toBe('400 invalid_request');
  const json = await h.app.inject({
    method: 'POST',
    url: '/oauth/token',
    headers: { authorization: `Bearer ${key}` },
    payload: good,
  });
  expect(json.json()).toMatchObject({ error: 'invalid_request' });
  expect(await refused('')).toBe('400 invalid_request');
  expect(await refused('a='.repeat(40_000))).toBe('400 invalid_request');
});

test('no answer repeats a token, and every description is what RFC 6749 allows', async () => {
  const secret = 'eyJhbGciOiJub25lIn0.e30."<é>';
  const { body } = await h.post(key, await form({ subject_token: secret, subject_token_type: urn('jwt') }));
  expect(JSON.stringify(body)).not.toContain('eyJ');
  expect(body['error_description']).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
});

test('while the provider is away the answer is 503, and nobody is let in', async () => {
  const good = await form();
  clock.advance(20 * minute);
  const kept = new Map(issuer.routes);
  issuer.routes.clear();
  expect(await refused({ ...good, subject_token: await issuer.sign() })).toBe('503 temporarily_unavailable');
  for (const [path, route] of kept) issuer.routes.set(path, route);
});
