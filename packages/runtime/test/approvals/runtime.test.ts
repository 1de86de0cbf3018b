import OpenAI from 'openai';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseConfig } from '@sallyport/core';
import { connect, type AdminClient } from '../../src/cli/client.ts';
import { startRuntime, type Runtime } from '../../src/compose.ts';
import { startScriptedModel } from '../../src/providers/scripted/server.ts';
import { dataFolder } from '../runtime/spawn-runtime.ts';

/** The whole runtime as `sallyport dev` composes it: SDK on one side, admin API on the other. */
let folder: ReturnType<typeof dataFolder>;
let model: Awaited<ReturnType<typeof startScriptedModel>>;
let runtime: Runtime;
let admin: AdminClient;
let key: string;

beforeEach(async () => {
  folder = dataFolder('pay: ask');
  model = await startScriptedModel({
    models: ['m-1'],
    script: ({ messages }) =>
      messages.some(({ text }) => text.includes('"denied":true'))
        ? { text: 'It waits.' }
        : { toolCalls: [{ name: 'pay', arguments: { to: 'bob', amount: 100 } }] },
  });
  await start();
  key = await runtime.createAgentKey({ agent: 'support', roles: ['support'] });
});
afterEach(async () => {
  await runtime.stop();
  await model.close();
  folder.remove();
});

async function start(): Promise<void> {
  const config = parseConfig(`providers: {scripted: {baseUrl: "${model.url}"}}`, { env: {}, readFile: () => '' });
  runtime = await startRuntime({ config, dataDir: folder.path, port: 0 });
  admin = await connect(folder.path);
}

async function propose(): Promise<'released' | 'held'> {
  const client = new OpenAI({ baseURL: `${runtime.url}/v1`, apiKey: key, maxRetries: 0 });
  const { choices } = await client.chat.completions.create({
    model: 'scripted/m-1',
    messages: [{ role: 'user', content: 'Pay Bob.' }],
    tools: [{ type: 'function', function: { name: 'pay' } }],
  });
  return choices[0]?.message.tool_calls ? 'released' : 'held';
}

async function approve(): Promise<string> {
  const { approvals } = await admin.call('approvals.list', { query: { state: 'pending' } });
  const [{ id, binding } = { id: '', binding: '' }] = approvals;
  await admin.call('approvals.answer', { params: { id }, body: { answer: 'once', binding } });
  return id;
}

test('a call that the policies hold is approved over the admin API, and passes once', async () => {
  expect(await propose()).toBe('held');
  const id = await approve();
  expect(await propose()).toBe('released');
  expect(await propose()).toBe('held');
  expect(await admin.call('approvals.get', { params: { id } })).toMatchObject({ state: 'used' });
});

test('a policy that is changed between the answer and the call voids the approval', async () => {
  expect(await propose()).toBe('held');
  const id = await approve();
  const { permissionsHash } = await admin.call('policies.get', {});
  const cell = { role: 'support', kind: 'tools', name: 'anything_else', cell: 'allow' } as const;
  await admin.call('policies.setCell', { body: { ...cell, expectedHash: permissionsHash } });
  expect(await propose()).toBe('held');
  expect(await admin.call('approvals.get', { params: { id } })).toMatchObject({ state: 'approved', usedBy: null });
});

test('a restart between the question and the answer, and between the answer and the call, loses nothing', async () => {
  expect(await propose()).toBe('held');
  await runtime.stop();
  await start();
  await approve();
  await runtime.stop();
  await start();
  expect(await propose()).toBe('released');
  await runtime.stop();
  await start();
  expect(await propose()).toBe('held');
});

test('ending the session withdraws what waits in it, and destroys what it was about', async () => {
  expect(await propose()).toBe('held');
  const { sessions } = await admin.call('sessions.list', {});
  await admin.call('sessions.end', { params: { id: sessions[0]?.id ?? '' } });
  const { approvals } = await admin.call('approvals.list', {});
  const { detail } = await admin.call('approvals.get', { params: { id: approvals[0]?.id ?? '' } });
  expect(detail).toBeUndefined();
  // The next session asks anew.
  expect(await propose()).toBe('held');
  expect((await admin.call('approvals.list', {})).approvals).toHaveLength(2);
});

test('the rule that a held call drafts lets the next one pass', async () => {
  expect(await propose()).toBe('held');
  const { approvals } = await admin.call('approvals.list', {});
  const rule = await admin.call('approvals.draftRule', { params: { id: approvals[0]?.id ?? '' } });
  expect(rule.file).toBe('permissions.yaml');
  const { permissionsHash, permissionsText } = await admin.call('policies.get', {});
  const drafted = rule.text.slice(rule.text.indexOf('pay:')).trim();
  const text = permissionsText.replace('{ pay: ask }', `{ ${drafted} }`);
  await admin.call('policies.setText', { body: { text, expectedHash: permissionsHash } });
  expect(await propose()).toBe('released');
});
