import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { expect, it, onTestFinished } from 'vitest';
import { parseConfig } from '@sallyport/core';
import { startRuntime } from '../../src/compose.ts';
import { startScriptedModel } from '../../src/providers/scripted/server.ts';

const matrix = (models: string) => `roles: { support: { models: { ${models} }, tools: { '*': allow } } }`;

async function start(models: string, more = '') {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-runtime-'));
  writeFileSync(join(folder, 'permissions.yaml'), matrix(models));
  const provider = await startScriptedModel({ script: () => ({ text: 'hi' }), models: ['small', 'large'] });
  const config = parseConfig(`policies: ${folder}\nproviders: { p: { baseUrl: "${provider.url}" } }\n${more}`, {
    env: {},
    readFile: () => '',
  });
  const options = { config, dataDir: join(folder, 'data'), port: 0, logFault: () => undefined };
  const runtime = await startRuntime(options);
  onTestFinished(async () => {
    await runtime.stop();
    await provider.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const key = (namesUsers = false) => runtime.createAgentKey({ agent: 'support', roles: ['support'], namesUsers });
  const client = (apiKey: string, headers: Record<string, string> = {}) =>
    new OpenAI({ baseURL: `${runtime.url}/v1`, apiKey, maxRetries: 0, defaultHeaders: headers });
  return { runtime, folder, provider, key, client, options };
}

const ask = (client: OpenAI, model: string) =>
  client.chat.completions.create({ model, messages: [{ role: 'user', content: 'hi' }] });
const idsOf = async (client: OpenAI) => (await client.models.list()).data.map(({ id }) => id);

it('lists only the models that the policies let the agent use, and refuses the others', async () => {
  const { key, client, provider, folder, runtime } = await start("'p/small': allow");
  const agent = client(await key());
  expect(await idsOf(agent)).toEqual(['p/small']);
  await expect(ask(agent, 'p/large')).rejects.toMatchObject({ status: 403, code: 'no_permission' });
  expect((await ask(agent, 'p/small')).choices[0]?.message.content).toBe('hi');
  expect(provider.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);

  writeFileSync(join(folder, 'permissions.yaml'), matrix("'p/large': allow"));
  await expect.poll(() => idsOf(agent)).toEqual(['p/large']);
  await expect(ask(agent, 'p/small')).rejects.toMatchObject({ status: 403 });

  writeFileSync(join(folder, 'permissions.yaml'), 'roles: [broken');
  await expect(ask(agent, 'p/small')).rejects.toMatchObject({ status: 403 });
  expect((await ask(agent, 'p/large')).choices).toHaveLength(1);
  const reloads = async () => {
    const { url, token } = JSON.parse(readFileSync(join(runtime.dataDir, 'runtime.json'), 'utf8')) as Record<
      string,
      string
    >;
    const answer = await fetch(`${url}/admin/api/entries?limit=50`, { headers: { authorization: `Bearer ${token}` } });
    const { entries } = (await answer.json()) as { entries: { action?: string; detail?: string }[] };
    return entries.filter(({ action }) => action === 'policies.reload').map(({ detail }) => detail?.split(':')[0]);
  };
  await expect.poll(reloads).toEqual(['refused, the old ones stay', 'in force']);
});

it('asks both evaluators where the operator wants it', async () => {
  const { key, client } = await start("'p/small': allow", 'guards: { permissions: { check: both } }');
  const agent = client(await key());
  expect((await ask(agent, 'p/small')).choices).toHaveLength(1);
  await expect(ask(agent, 'p/large')).rejects.toMatchObject({ status: 403, code: 'no_permission' });
});

it('lets a trusted back end name the user, and nobody else', async () => {
  const { key, client, runtime } = await start("'*': allow");
  const plain = await key();
  await expect(ask(client(plain, { 'x-sallyport-user': 'ann' }), 'p/small')).rejects.toMatchObject({ status: 403 });
  const trusted = await runtime.createAgentKey({ agent: 'back-end', roles: ['support'], namesUsers: true });
  const opened = await fetch(`${runtime.url}/v1/sessions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${trusted}`, 'content-type': 'application/json' },
    body: JSON.stringify({ user: 'ann', purpose: 'answer a ticket' }),
  });
  const { token, id } = (await opened.json()) as { token: string; id: string };
  expect((await ask(client(token), 'p/small')).choices).toHaveLength(1);
  await fetch(`${runtime.url}/v1/sessions/${id}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${trusted}` },
  });
  await expect(ask(client(token), 'p/small')).rejects.toMatchObject({ status: 401 });
});

it('keeps what it writes to its owner, and answers no unknown address with a page', async () => {
  const { runtime, key } = await start("'*': allow");
  await key();
  for (const name of ['', 'sallyport.db', 'runtime.json'])
    expect(statSync(join(runtime.dataDir, name)).mode & 0o077).toBe(0);
  expect(JSON.parse(readFileSync(join(runtime.dataDir, 'runtime.json'), 'utf8'))).toMatchObject({ url: runtime.url });
  for (const path of ['/v1/nothing', '/admin/api/nothing']) {
    const answer = await fetch(runtime.url + path);
    expect([401, 404]).toContain(answer.status);
    expect(answer.headers.get('content-type')).toMatch(/json/);
  }
});

it('does not start twice on one data folder, nor with policies that are not valid', async () => {
  const { options, folder } = await start("'*': allow");
  await expect(startRuntime(options)).rejects.toMatchObject({ code: 'store_unavailable' });
  writeFileSync(join(folder, 'permissions.yaml'), 'roles: { support: { tolls: {} } }');
  const other = { ...options, dataDir: join(folder, 'other') };
  await expect(startRuntime(other)).rejects.toThrow(/permissions\.yaml:1:\d+ .*tolls.*tools/s);
});

it('refuses an alias where the provider is pinned', async () => {
  const { runtime, provider } = await start("'*': allow");
  await runtime.stop();
  const pinned = parseConfig(
    `providers: { p: { baseUrl: "${provider.url}", pinned: true } }\npolicies: ${join(runtime.dataDir, '..')}`,
    {
      env: {},
      readFile: () => '',
    },
  );
  const again = await startRuntime({ config: pinned, dataDir: runtime.dataDir, port: 0 });
  onTestFinished(() => again.stop());
  const apiKey = await again.createAgentKey({ agent: 'support', roles: ['support'] });
  const agent = new OpenAI({ baseURL: `${again.url}/v1`, apiKey, maxRetries: 0 });
  await expect(ask(agent, 'p/small')).rejects.toMatchObject({ status: 403, code: 'model_not_pinned' });
  expect((await ask(agent, 'p/small-2026-01-31')).choices).toHaveLength(1);
});
