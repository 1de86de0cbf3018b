import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRemoteJWKSet, decodeJwt } from 'jose';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseConfig } from '@sallyport/core';
import type { Runtime } from '../../src/compose.ts';
import { startRuntime } from '../../src/compose.ts';
import { startScriptedModel } from '../../src/providers/scripted/server.ts';
import type { RealProvider } from './oidc/provider.ts';
import { api, clientId, clientSecret, startProvider } from './oidc/provider.ts';

let provider: RealProvider;
let model: Awaited<ReturnType<typeof startScriptedModel>>;
let runtime: Runtime;
let folder: string;
const logged: string[] = [];

const configText = (issuer: string, modelUrl: string) => `
policies: ${folder}
providers: { p: { baseUrl: "${modelUrl}" } }
identity:
  issuers:
    corp:
      issuer: ${issuer}
      audience: ['${api}', ${clientId}]
      claims: [customer]
      roles: { claim: groups, map: { vip: patron } }
      agents: { map: { ${clientId}: support } }
  operators:
    issuer: ${issuer}
    clientId: dashboard
    secret: \${env:SECRET}
    scopes: [openid, profile, email]
    roles: { claim: groups, map: { ops: operator } }
`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-identity-'));
  writeFileSync(
    join(folder, 'permissions.yaml'),
    "roles: { support: { models: { 'p/*': allow }, tools: { '*': allow } } }",
  );
  provider = await startProvider();
  model = await startScriptedModel({ script: () => ({ text: 'hi' }), models: ['small'] });
  const config = parseConfig(configText(provider.issuer, model.url), {
    env: { SECRET: clientSecret },
    readFile: () => '',
  });
  runtime = await startRuntime({
    config,
    dataDir: join(folder, 'data'),
    port: 0,
    logFault: (line) => logged.push(line),
  });
  await runtime.createAgentKey({ agent: 'support', roles: ['support'] });
  provider.allow(`${runtime.url}/admin/oidc/callback`);
});
afterAll(async () => {
  await runtime.stop();
  await Promise.all([provider.close(), model.close()]);
  rmSync(folder, { recursive: true, force: true });
});

const chat = (apiKey: string) =>
  new OpenAI({ baseURL: `${runtime.url}/v1`, apiKey, maxRetries: 0 }).chat.completions.create({
    model: 'p/small',
    messages: [{ role: 'user', content: 'hi' }],
  });
const initialize = (headers: Readonly<Record<string, string>> = {}) =>
  fetch(`${runtime.url}/mcp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
    }),
  });
const admin = async (path: string) => {
  const { token } = JSON.parse(readFileSync(join(runtime.dataDir, 'runtime.json'), 'utf8')) as { token: string };
  const answer = await fetch(`${runtime.url}/admin/api${path}`, { headers: { authorization: `Bearer ${token}` } });
  return (await answer.json()) as Record<string, unknown>;
};

test('an MCP client without a token learns where to get one, and with it is let in', async () => {
  const refused = await initialize();
  expect(refused.status).toBe(401);
  const metadataUrl = /resource_metadata="([^"]+)"/.exec(refused.headers.get('www-authenticate') ?? '')?.[1] ?? '';
  const metadata = (await (await fetch(metadataUrl)).json()) as Record<string, unknown>;
  expect(metadata).toMatchObject({ resource: `${runtime.url}/mcp`, authorization_servers: [provider.issuer] });
  const { access_token: token } = await provider.signIn('ann');
  expect((await initialize({ authorization: `Bearer ${token}` })).status).toBe(200);
});

test('a token without the scope is answered with the scope to ask for', async () => {
  const { access_token: token } = await provider.signIn('ann', { scope: 'openid email' });
  const answer = await initialize({ authorization: `Bearer ${token}` });
  expect(answer.status).toBe(403);
  expect(answer.headers.get('www-authenticate')).toMatch(/error="insufficient_scope".*scope="mcp"/);
});

test("the model and the tools of one user's token are one session, which operators see with its claims", async () => {
  const { access_token: token } = await provider.signIn('bob');
  expect((await chat(token)).choices[0]?.message.content).toBe('hi');
  await initialize({ authorization: `Bearer ${token}` });
  const { sessions } = (await admin('/sessions?userId=bob')) as { sessions: { user: object; agent: object }[] };
  expect(sessions).toMatchObject([
    { agent: { name: 'support' }, user: { id: 'bob', claims: { customer: ['C-2'] }, issuer: 'corp' } },
  ]);
});

test('an ID token, and a token for another API, let nobody in', async () => {
  const { id_token: id } = await provider.signIn('ann');
  const { access_token: elsewhere } = await provider.signIn('ann', { resource: 'https://elsewhere.example' });
  for (const token of [id, elsewhere]) await expect(chat(token)).rejects.toMatchObject({ status: 401 });
});

test('a back end exchanges an ID token, and what it gets works for that user alone', async () => {
  const key = await runtime.createAgentKey({ agent: 'support', roles: ['support'] });
  const { id_token: subject } = await provider.signIn('ann');
  const answer = await fetch(`${runtime.url}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: subject,
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    }),
  });
  const { access_token: token } = (await answer.json()) as { access_token: string };
  expect(decodeJwt(token)).toMatchObject({ sub: 'ann' });
  expect((await chat(token)).choices).toHaveLength(1);
});

test('the published keys are a key set that libraries read', async () => {
  const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', runtime.url));
  await keys.reload();
  expect(keys.jwks()?.keys).toHaveLength(1);
});

test('an operator signs in by the provider, and not one whom it gives no role', async () => {
  const signIn = async (login: string) => {
    const begun = await fetch(`${runtime.url}/admin/oidc/sign-in`, { redirect: 'manual' });
    const cookie = begun.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const at = await provider.walk(begun.headers.get('location') ?? '', login);
    return await fetch(at, { redirect: 'manual', headers: { cookie } });
  };
  const entered = await signIn('olga');
  expect(entered.status).toBe(303);
  const cookie = entered.headers.getSetCookie().find((each) => each.startsWith('sallyport_session=')) ?? '';
  const me = await fetch(`${runtime.url}/admin/api/me`, { headers: { cookie: cookie.split(';')[0] ?? '' } });
  expect(await me.json()).toMatchObject({ name: 'olga@example.com', role: 'operator' });
  expect((await signIn('ann')).status).toBe(403);
});

test('no file and no log line holds a token of a user', async () => {
  const key = await runtime.createAgentKey({ agent: 'support', roles: ['support'] });
  const { id_token: id, access_token: access } = await provider.signIn('ann');
  await chat(access);
  await initialize({ authorization: `Bearer ${access}` });
  const opened = await fetch(`${runtime.url}/v1/sessions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ user_token: id, keep_user_token: true, purpose: 'a canary' }),
  });
  expect(opened.status).toBe(201);
  const files = readdirSync(runtime.dataDir, { recursive: true, encoding: 'utf8' })
    .map((name) => join(runtime.dataDir, name))
    .filter((path) => statSync(path).isFile());
  const kept = [...files.map((path) => readFileSync(path)), Buffer.from(logged.join('\n'))];
  expect(files.length).toBeGreaterThan(1);
  for (const token of [id, access]) {
    const signature = token.split('.')[2] ?? '';
    expect(signature.length).toBeGreaterThan(100);
    for (const bytes of kept) expect(bytes.includes(signature)).toBe(false);
  }
});
