import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { onTestFinished } from 'vitest';
import { parseConfig } from '@sallyport/core';
import type { Script } from '../../src/providers/scripted/script.ts';
import { connect } from '../../src/cli/client.ts';
import { startRuntime, type Runtime } from '../../src/compose.ts';
import { startScriptedModel } from '../../src/providers/scripted/server.ts';

/** A result of a tool, as an agent sends it back. */
export const called = (tool: string, content: string, id = 'c1'): OpenAI.ChatCompletionMessageParam[] => [
  {
    role: 'assistant',
    content: null,
    tool_calls: [{ id, type: 'function', function: { name: tool, arguments: '{}' } }],
  },
  { role: 'tool', tool_call_id: id, content },
];

/** A whole runtime in a folder of its own. `PROVIDER` in the configuration stands for the scripted model's address. */
export async function start(script: Script, config: string) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-content-'));
  writeFileSync(
    join(folder, 'permissions.yaml'),
    "roles: { support: { models: { '*': allow }, tools: { '*': allow } } }",
  );
  const provider = await startScriptedModel({ models: ['m'], script });
  const providers = config.includes('PROVIDER') ? '' : 'providers: { p: { baseUrl: "PROVIDER" } }\n';
  const text = `policies: ${folder}\naudit: { content: messages }\n${providers}${config}`.replaceAll(
    'PROVIDER',
    provider.url,
  );
  const lines: string[] = [];
  const options = {
    config: parseConfig(text, { env: {}, readFile: () => '' }),
    dataDir: join(folder, 'data'),
    port: 0,
    logFault: (line: string) => void lines.push(line),
  };
  let runtime: Runtime | undefined = await startRuntime(options);
  const key = await runtime.createAgentKey({ agent: 'support', roles: ['support'], namesUsers: true });
  onTestFinished(async () => {
    await runtime?.stop();
    await provider.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const open = async (user: string, purpose = 'support', rest: object = {}) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ user, purpose, ...rest });
    const answer = await fetch(`${runtime?.url}/v1/sessions`, { method: 'POST', headers, body });
    if (!answer.ok) throw new Error(await answer.text());
    const { id, token } = (await answer.json()) as { id: string; token: string };
    return { id, client: new OpenAI({ baseURL: `${runtime?.url}/v1`, apiKey: token, maxRetries: 0 }) };
  };
  const restart = async () => {
    await runtime?.stop();
    runtime = await startRuntime(options);
  };
  const entries = async (sessionId: string) =>
    (await (await connect(options.dataDir)).call('entries.list', { query: { sessionId } })).entries;
  return { open, restart, entries, provider, lines, dataDir: options.dataDir, admin: () => connect(options.dataDir) };
}
