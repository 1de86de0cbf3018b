import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import OpenAI from 'openai';
import { expect, onTestFinished, test } from 'vitest';
import { parseConfig } from '@sallyport/core';
import { startRuntime } from '../../src/compose.ts';
import { connect } from '../../src/cli/client.ts';
import { startScriptedModel } from '../../src/providers/scripted/server.ts';

const ssn = ['536', '22', '8726'].join('-');
const digits = ssn.replaceAll('-', '');
const key = ['ghp', 'Zq8wLk3TnV5xRb2YcM7dPf9GhJ4sAe1uQoWi'].join('_');
/** Nothing of it is personal: what must be found, so that a test that finds nothing else looked in the right place. */
const marker = 'harmless-marker-4471';

/** As it stands in a file: plain, in base64 at any offset, in hex. */
function formsOf(secret: string): Buffer[] {
  const base64 = [0, 1, 2].map((shift) => {
    const encoded = Buffer.from('\0'.repeat(shift) + secret).toString('base64');
    return encoded.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + secret.length) * 8) / 6));
  });
  return [secret, ...base64, Buffer.from(secret).toString('hex')].map((form) => Buffer.from(form));
}
const forms = [ssn, digits, key].flatMap(formsOf);
const leaks = (bytes: Buffer | string): string[] =>
  forms.filter((form) => Buffer.from(bytes).includes(form)).map(String);

function* filesIn(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* filesIn(path);
    else yield path;
  }
}

/** Takes down what it is told. */
async function startChat() {
  const told: string[] = [];
  const server = createServer((request, response) => {
    const take = async () => {
      told.push(await readText(request));
      response.end('ok');
    };
    void take();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve)));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, told, close };
}

async function start() {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-canary-'));
  const tools = "{ '*': allow, pay: ask, wipe: deny }";
  writeFileSync(join(folder, 'permissions.yaml'), `roles: { support: { models: { '*': allow }, tools: ${tools} } }`);
  const sent: string[] = [];
  const provider = await startScriptedModel({
    models: ['m'],
    script: ({ messages, body }) => {
      sent.push(JSON.stringify(body));
      const last = messages.at(-1)?.text ?? '';
      if (last.includes('fail')) return { error: { status: 400, message: `cannot take ${ssn} and ${key}` } };
      if (messages.some(({ text }) => text.includes('"denied":true'))) return { text: 'Denied: <US_SSN_1>.' };
      if (last.includes('note')) {
        return {
          toolCalls: [{ name: 'note', arguments: { id: '<US_SSN_1>', own: digits, text: `${marker} SSN <US_SSN_1>` } }],
        };
      }
      if (last.includes('pay'))
        return { toolCalls: [{ name: 'pay', arguments: { to: '<US_SSN_1>', reason: `SSN ${ssn}` } }] };
      if (last.includes('wipe')) return { toolCalls: [{ name: 'wipe', arguments: { ssn } }] };
      if (last.includes('steal')) return { toolCalls: [{ name: 'note', arguments: { text: '<API_KEY_1>' } }] };
      return { text: `It is <US_SSN_1>, SSN ${ssn}, key <API_KEY_1>.` };
    },
  });
  const chat = await startChat();
  const lines: string[] = [];
  const config = `policies: ${folder}
providers: { p: { baseUrl: "${provider.url}" } }
audit: { content: messages }
tools: { read: { effect: read, results: { trust: trusted } }, note: { effect: read } }
approvals: { webhook: { url: "${chat.url}" } }`;
  const dataDir = join(folder, 'data');
  const options = {
    config: parseConfig(config, { env: {}, readFile: () => '' }),
    dataDir,
    port: 0,
    logFault: (line: string) => void lines.push(line),
  };
  const runtime = await startRuntime(options);
  onTestFinished(async () => {
    await chat.close();
    await provider.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { runtime, dataDir, sent, chat, lines };
}

const toolsOffered: OpenAI.ChatCompletionTool[] = ['read', 'note', 'pay', 'wipe'].map((name) => ({
  type: 'function',
  function: { name, description: `Ask for SSN ${ssn}`, parameters: { type: 'object' } },
}));

test('no file, log line, denial or message to a chat holds what was planted', { timeout: 60_000 }, async () => {
  const { runtime, dataDir, sent, chat, lines } = await start();
  const agentKey = await runtime.createAgentKey({ agent: `support SSN ${ssn} ${key}`, roles: ['support'] });
  const headers = { authorization: `Bearer ${agentKey}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ purpose: `${marker}: SSN ${ssn}, token ${key}` });
  const opened = await fetch(`${runtime.url}/v1/sessions`, { method: 'POST', headers, body });
  const { id, token } = (await opened.json()) as { id: string; token: string };
  const client = new OpenAI({ baseURL: `${runtime.url}/v1`, apiKey: token, maxRetries: 0 });
  const told: string[] = [];
  const ask = async (wish: string, stream = false) => {
    const messages: OpenAI.ChatCompletionMessageParam[] = [
      { role: 'system', content: `Use the GitHub token ${key}.` },
      { role: 'user', content: `My SSN is ${ssn}. ${marker}` },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'read', arguments: JSON.stringify({ ssn }) } }],
      },
      { role: 'tool', tool_call_id: 'c', content: JSON.stringify({ ssn: Number(digits), token: key }) },
      { role: 'user', content: wish },
    ];
    const request = { model: 'p/m', tools: toolsOffered, messages, user: `SSN ${ssn}` };
    try {
      if (!stream) return (await client.chat.completions.create(request)).choices[0]?.message;
      let content = '';
      for await (const { choices } of await client.chat.completions.create({ ...request, stream: true })) {
        content += choices[0]?.delta.content ?? '';
      }
      return { content };
    } catch (error) {
      told.push(String(error));
      return undefined;
    }
  };

  const answer = `It is ${ssn}, SSN ${ssn}, key <API_KEY_1>.`;
  expect((await ask('go'))?.content).toBe(answer);
  expect((await ask('go', true))?.content).toBe(answer);
  const noted = await ask('note');
  const [call] = (noted && 'tool_calls' in noted && noted.tool_calls) || [];
  expect(call?.type === 'function' && JSON.parse(call.function.arguments)).toEqual({
    id: ssn,
    own: digits,
    text: `${marker} SSN ${ssn}`,
  });
  for (const wish of ['pay', 'wipe', 'steal']) {
    const refused = await ask(wish);
    expect(refused?.content).toContain('Denied');
  }
  await ask('fail');
  await fetch(`${runtime.url}/v1/${key}?ssn=${ssn}`, {
    headers: { authorization: `Bearer ${key}`, 'x-ssn': ssn, cookie: key },
  });
  await fetch(`${runtime.url}/v1/chat/completions`, {
    method: 'POST',
    headers,
    body: `{"model": "${key}", "messages": [{"role":"user","content":"${ssn}"}]}`,
  });
  await fetch(`${runtime.url}/v1/chat/completions`, { method: 'POST', headers, body: `{"${ssn}": ` });
  const admin = await connect(dataDir);
  await expect.poll(async () => (await admin.call('approvals.list', { query: {} })).approvals.length).toBe(1);
  await expect.poll(() => chat.told.length).toBe(1);
  const { entries } = await admin.call('entries.list', { query: { sessionId: id, limit: '200' } });
  await runtime.stop();

  // The model, and whoever stands between, read tokens alone.
  expect(sent.length).toBeGreaterThan(6);
  expect(sent.flatMap(leaks)).toEqual([]);
  expect(JSON.stringify(entries)).toContain(marker);
  expect(leaks(JSON.stringify(entries))).toEqual([]);
  expect(chat.told.flatMap(leaks)).toEqual([]);
  expect(lines.flatMap(leaks)).toEqual([]);
  const files = [...filesIn(dataDir)].map((path) => [path.slice(dataDir.length), readFileSync(path)] as const);
  expect(files.some(([, bytes]) => bytes.includes(marker))).toBe(true);
  expect(files.flatMap(([path, bytes]) => leaks(bytes).map((leak) => [path, leak]))).toEqual([]);
});

test('a second model reads tokens as well, and its answers come back with values', { timeout: 60_000 }, async () => {
  const sent: string[] = [];
  const provider = await startScriptedModel({
    models: ['m'],
    script: ({ body }) => {
      sent.push(JSON.stringify(body));
      return { text: '{"found":true,"value":"<US_SSN_1>"}' };
    },
  });
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-canary-'));
  const config = `providers: { p: { baseUrl: "${provider.url}" } }\nsecondModel: { model: p/m, extract: true }`;
  const options = {
    config: parseConfig(config, { env: {}, readFile: () => '' }),
    dataDir: join(folder, 'data'),
    port: 0,
  };
  const runtime = await startRuntime(options);
  onTestFinished(async () => {
    await runtime.stop();
    await provider.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const agentKey = await runtime.createAgentKey({ agent: 'support', roles: ['support'] });
  const headers = { authorization: `Bearer ${agentKey}`, 'content-type': 'application/json' };
  const schema = { type: 'string', maxLength: 20 };
  const body = JSON.stringify({ text: `Her SSN is ${ssn}.`, schema, instruction: 'Her number' });
  const answer = await fetch(`${runtime.url}/v1/extract`, { method: 'POST', headers, body });
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining(ssn)]);
  expect(sent).toHaveLength(1);
  expect(sent.flatMap(leaks)).toEqual([]);
});
