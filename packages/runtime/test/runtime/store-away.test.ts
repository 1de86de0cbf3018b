import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import OpenAI from 'openai';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startScriptedModel } from '../../src/providers/scripted/server.ts';
import { dataFolder, spawnRuntime } from './spawn-runtime.ts';

const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'x'.repeat(3000) }];

async function start() {
  const folder = dataFolder();
  let asked = 0;
  const model = await startScriptedModel({ models: ['m-1'], script: () => ({ text: `Answer ${++asked}.` }) });
  const runtime = await spawnRuntime(folder.path, model.url);
  onTestFinished(async () => {
    await runtime.kill();
    await model.close();
    folder.remove();
  });
  const client = new OpenAI({ baseURL: `${runtime.url}/v1`, apiKey: runtime.key, maxRetries: 0, timeout: 15_000 });
  const ask = async (stream: boolean): Promise<unknown> => {
    if (!stream) return await client.chat.completions.create({ model: 'm-1', messages });
    return await client.chat.completions.stream({ model: 'm-1', messages }).finalChatCompletion();
  };
  const served = () =>
    ask(false).then(
      () => true,
      () => false,
    );
  const file = join(folder.path, 'sallyport.db');
  return { ask, served, asked: () => asked, file, runtime };
}

type Started = Awaited<ReturnType<typeof start>>;

/** Refused in OpenAI's shape, with words that help, and without a model call. */
async function expectRefused({ ask, asked }: Started, words: RegExp) {
  const before = asked();
  for (const stream of [false, true]) {
    const refused = ask(stream);
    await expect(refused).rejects.toBeInstanceOf(OpenAI.APIError);
    await expect(refused).rejects.toMatchObject({ status: 503, code: 'audit_unavailable', type: expect.any(String) });
    await expect(refused).rejects.toThrow(words);
  }
  expect(asked()).toBe(before);
}

describe('a store that goes away under a running runtime', () => {
  const canLimit = spawnSync('prlimit', ['--version']).status === 0;
  const limit = (pid: number, bytes: string) => {
    const { status, stderr } = spawnSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`]);
    if (status !== 0) throw new Error(String(stderr));
  };

  it.skipIf(!canLimit)(
    'because nothing more can be written: 503, no model call, and service again with room',
    async () => {
      const started = await start();
      await started.ask(false);
      limit(started.runtime.pid, String(statSync(`${started.file}-wal`).size));
      await expectRefused(started, /full|write|disk/i);
      limit(started.runtime.pid, 'unlimited');
      await expect.poll(started.served, { timeout: 10_000 }).toBe(true);
      await started.ask(true);
    },
  );

  it('because another program locks it: 503, no model call, and service again once it lets go', async () => {
    const started = await start();
    await started.ask(false);
    const other = new DatabaseSync(started.file);
    other.exec('BEGIN IMMEDIATE');
    await expectRefused(started, /lock|another|busy|disk/i);
    other.exec('ROLLBACK');
    other.close();
    await expect.poll(started.served, { timeout: 10_000 }).toBe(true);
  });

  it('because its thread died: what is answered was recorded, what is not is 503, and service comes back', async () => {
    const started = await start();
    await started.ask(false);
    let answered = 1;
    for (let round = 0; round < 3; round++) {
      started.runtime.stdin.write('end\n');
      const results = await Promise.allSettled(Array.from({ length: 20 }, () => started.ask(false)));
      for (const result of results) {
        if (result.status === 'fulfilled') answered++;
        else expect(result.reason).toMatchObject({ status: 503 });
      }
      await expect.poll(async () => (await started.served()) && ++answered, { timeout: 10_000 }).toBeGreaterThan(0);
    }
    const reader = new DatabaseSync(started.file, { readOnly: true });
    const count = (phase: string, outcome: string) =>
      reader
        .prepare("SELECT count(*) AS n FROM entries WHERE kind = 'model_request' AND phase = ? AND outcome = ?")
        .get(phase, outcome)?.['n'] as number;
    expect(count('intent', 'allow')).toBeGreaterThanOrEqual(started.asked());
    expect(count('result', 'ok')).toBeGreaterThanOrEqual(answered);
    reader.close();
  });
});
