import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseConfig } from '@sallyport/core';
import type { ScriptedRequest, Step } from '../../src/providers/scripted/script.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { startRuntime } from '../../src/compose.ts';
import { startScriptedModel } from '../../src/providers/scripted/server.ts';
import { systemClock } from '../../src/clock.ts';
import { tools } from './checkpoint.ts';

const rules = (tickets: string) => `
roles:
  support:
    models: { 'scripted/*': allow }
    tools: { read_ticket: ${tickets}, list_customers: deny }
`;

/** A whole runtime with several agents, each with a key and so a session of its own. */
async function start(script: (request: ScriptedRequest) => Step, agents: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-two-'));
  mkdirSync(join(folder, 'policies'));
  const policies = join(folder, 'policies', 'permissions.yaml');
  writeFileSync(policies, rules('allow'));
  const model = await startScriptedModel({ script, models: ['m-1'] });
  const config = parseConfig(
    `providers: {scripted: {baseUrl: "${model.url}", models: {m-1: {}}}}\naudit: {content: messages}`,
    { env: {}, readFile: () => '' },
  );
  const runtime = await startRuntime({ config, dataDir: folder, port: 0 });
  const keys = await Promise.all(agents.map((agent) => runtime.createAgentKey({ agent, roles: ['support'] })));
  let stopped = false;
  const stop = async () => {
    if (!stopped) await runtime.stop();
    stopped = true;
  };
  onTestFinished(async () => {
    await stop();
    await model.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const ask = async (agent: number, text: string, stream: boolean) => {
    const answer = await request(`${runtime.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys[agent]}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm-1', messages: [{ role: 'user', content: text }], tools, stream }),
    });
    return await answer.body.text();
  };
  /** What the log says, once the runtime has stopped. */
  const entries = async () => {
    await stop();
    const { store } = await openSqliteStore({ file: join(folder, 'sallyport.db'), clock: systemClock });
    try {
      const sessions = await store.sessions.list({ limit: 100 });
      const of = async (name: string) => {
        const ids = sessions.filter(({ agent }) => agent.name === name).map(({ id }) => id);
        const lists = ids.map(async (sessionId) => await store.entries.list({ sessionId, after: 0, limit: 10_000 }));
        return (await Promise.all(lists)).flat();
      };
      return await Promise.all(agents.map(of));
    } finally {
      await store.close();
    }
  };
  return { ask, entries, policies, runtime, keys };
}

const markIn = ({ messages }: ScriptedRequest) => messages.findLast(({ role }) => role === 'user')?.text ?? '';

interface Piece {
  readonly content?: string | null;
  readonly tool_calls?: readonly { readonly function: { readonly arguments: string } }[];
}
interface Answer {
  readonly choices: readonly { readonly delta?: Piece; readonly message?: Piece }[];
}

/** The answer holds its own mark and nothing of the other session. */
async function expectOwn(answer: Promise<string>, mark: string, other: string): Promise<void> {
  const text = await answer;
  const parts = text.startsWith('{')
    ? [text]
    : text.split('\n\n').flatMap((event) => (event.startsWith('data: {') ? [event.slice(6)] : []));
  const said = parts
    .flatMap((part) => (JSON.parse(part) as Answer).choices)
    .map(({ delta, message }) => {
      const { content, tool_calls: calls } = delta ?? message ?? {};
      return `${content ?? ''}${calls?.[0]?.function.arguments ?? ''}`;
    })
    .join('');
  expect(said).toContain(mark);
  expect(said).not.toContain(other);
}

describe('two sessions at one time', () => {
  it('show nothing of one another, in whatever order their requests come', async () => {
    const names = ['alpha', 'beta'];
    const script = (asked: ScriptedRequest): Step => {
      const mark = markIn(asked);
      const refused = asked.messages.some(({ text }) => text.includes('"denied":true'));
      const chunks = { fragment: 3, everyMs: mark.length % 3 };
      if (mark.includes('call')) return { toolCalls: [{ name: 'read_ticket', arguments: { id: mark } }], chunks };
      if (mark.includes('deny') && !refused)
        return { text: mark, toolCalls: [{ name: 'list_customers', arguments: {} }], chunks };
      return { text: `For ${mark}.`, chunks };
    };
    const { ask, entries } = await start(script, names);
    let asked = 0;
    const step = fc.record({
      agent: fc.constantFrom(0, 1),
      stream: fc.boolean(),
      shape: fc.constantFrom('text', 'call', 'deny'),
      waitMs: fc.integer({ min: 0, max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), async (steps) => {
        const under: Promise<void>[] = [];
        for (const { agent, stream, shape, waitMs } of steps) {
          await sleep(waitMs);
          const mark = `${names[agent]}-${shape}-${++asked}`;
          under.push(expectOwn(ask(agent, mark, stream), mark, names[1 - agent] ?? ''));
        }
        await Promise.all(under);
      }),
      { numRuns: 25 },
    );
    const logs = await entries();
    for (const [agent, log] of logs.entries()) {
      expect(log.length).toBeGreaterThan(50);
      expect(JSON.stringify(log)).not.toContain(`${names[1 - agent]}-`);
    }
  });
});

describe('what changes while a stream is under way', () => {
  const slowCall = (): Step => ({
    text: 'One moment please.',
    toolCalls: [{ name: 'read_ticket', arguments: { id: 'T-1' } }],
    chunks: { fragment: 6, everyMs: 120 },
  });

  it('a rule that is taken away counts for a call that is proposed after it', async () => {
    const { ask, policies } = await start(slowCall, ['alpha']);
    const answer = ask(0, 'x', true);
    await sleep(200);
    writeFileSync(policies, rules('deny'));
    const text = await answer;
    expect(text).toContain('One mo');
    expect(text).not.toContain('"tool_calls"');
    expect(text).toContain('The call to read_ticket was not made');
  });
});
