import { adminRoutes, entrySchema } from '@sallyport/core/admin';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { z } from 'zod';
import { Captured, actsOnTerminal } from './capture.ts';
import { keysShape, newKeyShape, revokedShape, startedShape } from '../../src/cli/shapes.ts';
import { run } from './run.ts';

type Started = z.infer<typeof startedShape>;
const opened: (() => Promise<void>)[] = [];

/** Starts `sallyport dev --json` in a folder; `stop` is the first Ctrl-C. */
async function dev(cwd: string, ...flags: string[]): Promise<Started & { stop(): Promise<number> }> {
  const stdout = new Captured();
  const interruption = new AbortController();
  const ended = run(['dev', '--json', '--port', '0', ...flags], { cwd, stdout, interrupted: interruption.signal });
  await Promise.race([vi.waitUntil(() => stdout.text.includes('\n'), { timeout: 15_000 }), ended]);
  if (stdout.text === '') throw new Error(`dev did not start: ${(await ended).stderr}`);
  const stop = async () => {
    interruption.abort();
    return (await ended).code;
  };
  opened.push(async () => void (await stop()));
  return { ...startedShape.parse(JSON.parse(stdout.text)), stop };
}

async function freshFolder(): Promise<string> {
  const cwd = await mkdtemp(join(tmpdir(), 'sallyport-dev-'));
  opened.push(() => rm(cwd, { recursive: true, force: true }));
  return cwd;
}

const closeAll = async () => {
  for (const close of opened.splice(0).toReversed()) await close();
};

function ask(baseUrl: string, key: string | null, body: object = {}): Promise<Response> {
  return fetch(`${baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'practice/practice-1', messages: [{ role: 'user', content: 'Hello' }], ...body }),
  });
}

describe('dev', () => {
  afterEach(closeAll);

  test('what it prints works: the key, the base URL, the model, and the sign-in link once', async () => {
    const started = await dev(await freshFolder());
    expect(started.models).toEqual(['practice/practice-1']);
    const answer = await ask(started.baseUrl, started.agentKey);
    expect(answer.status).toBe(200);
    expect(JSON.stringify(await answer.json())).toContain('scripted');
    const [, token] = started.signInUrl.split('#');
    const signIn = () =>
      fetch(`${started.url}/admin/api/sign-in`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-sallyport-csrf': '1' },
        body: JSON.stringify({ token }),
      });
    expect((await signIn()).status).toBe(200);
    expect((await signIn()).status).toBe(401);
  });

  test('a second start shows no key, and the first key still works', async () => {
    const cwd = await freshFolder();
    const first = await dev(cwd);
    expect(await first.stop()).toBe(0);
    const second = await dev(cwd);
    expect(first.agentKey).toMatch(/^sp_agent_/);
    expect(second.agentKey).toBeNull();
    expect((await ask(second.baseUrl, first.agentKey)).status).toBe(200);
  });

  test('the data folder and the token in it are for their owner only, and the token ends with the runtime', async () => {
    const cwd = await freshFolder();
    const started = await dev(cwd);
    const file = join(cwd, '.sallyport/runtime.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(cwd, '.sallyport'))).mode & 0o777).toBe(0o700);
    await started.stop();
    await expect(readFile(file)).rejects.toThrow(/ENOENT/);
    expect((await run(['keys', 'list'], { cwd })).code).toBe(5);
  });

  test('a request under way is finished when it stops, and none is taken after', async () => {
    const cwd = await freshFolder();
    const { startScriptedModel } = await import('../../src/providers/scripted/server.ts');
    const slow = await startScriptedModel({ script: () => ({ text: 'late', delayMs: 300 }) });
    opened.push(() => slow.close());
    await writeFile(join(cwd, 'sallyport.yaml'), `providers: { slow: { baseUrl: '${slow.url}' } }\n`);
    const started = await dev(cwd);
    const pending = ask(started.baseUrl, started.agentKey, { model: 'slow/any' });
    await expect.poll(() => slow.requests.length).toBe(1);
    const stopped = started.stop();
    expect(await (await pending).text()).toContain('late');
    expect(await stopped).toBe(0);
    const after = await ask(started.baseUrl, started.agentKey).then(
      ({ ok }) => ok,
      () => false,
    );
    expect(after).toBe(false);
  });

  test('a port that was asked for and is taken is an error; the data folder is left as it was', async () => {
    const started = await dev(await freshFolder());
    const cwd = await freshFolder();
    const { code, stderr } = await run(['dev', '--port', new URL(started.url).port], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain('is taken');
    await expect(stat(join(cwd, '.sallyport'))).rejects.toThrow(/ENOENT/);
  });
});

describe('with a running runtime', () => {
  let cwd: string;
  let runtime: Awaited<ReturnType<typeof dev>>;
  beforeAll(async () => {
    cwd = await freshFolder();
    runtime = await dev(cwd);
  });
  afterAll(closeAll);

  const json = async <S extends z.ZodType>(schema: S, ...line: string[]): Promise<z.output<S>> => {
    const { code, stdout, stderr } = await run([...line, '--json'], { cwd });
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    return schema.parse(JSON.parse(stdout));
  };

  test('a key that is made works, and is refused at once when it is revoked', async () => {
    const key = await json(newKeyShape, 'keys', 'create', '--agent', 'bot', '--roles', 'agent', '--name', 'ci');
    expect((await ask(runtime.baseUrl, key.key)).status).toBe(200);
    const { keys } = await json(keysShape, 'keys', 'list');
    expect(keys.find(({ id }) => id === key.id)).toMatchObject({ agent: 'bot', roles: ['agent'], name: 'ci' });
    const listed = await run(['keys', 'list'], { cwd });
    expect(listed.stdout).not.toContain(key.key);

    expect((await run(['keys', 'revoke', key.id], { cwd })).code).toBe(2);
    expect((await ask(runtime.baseUrl, key.key)).status).toBe(200);
    await json(revokedShape, 'keys', 'revoke', key.id, '--yes');
    expect((await ask(runtime.baseUrl, key.key)).status).toBe(401);
  });

  test('an agent is never made without roles, and its roles are never changed in passing', async () => {
    expect((await run(['keys', 'create', '--agent', 'nobody'], { cwd })).code).toBe(2);
    await json(newKeyShape, 'keys', 'create', '--agent', 'steady', '--roles', 'agent');
    expect((await run(['keys', 'create', '--agent', 'steady', '--roles', 'owner'], { cwd })).code).toBe(2);
    expect((await json(newKeyShape, 'keys', 'create', '--agent', 'steady')).agent).toBe('steady');
    const { keys } = await json(keysShape, 'keys', 'list');
    expect(keys.filter(({ agent }) => agent === 'steady').map(({ roles }) => roles)).toEqual([['agent'], ['agent']]);
  });

  test('sign-in gives a link that works once', async () => {
    const shape = adminRoutes['operators.createSignInLink'].answer;
    const { url } = await json(shape, 'sign-in');
    expect(url.startsWith(`${runtime.url}/sign-in#`)).toBe(true);
    expect(url).not.toBe((await json(shape, 'sign-in')).url);
  });

  test('tail shows what happens, entry by entry, and nothing that a terminal would obey', async () => {
    const follow = async (...flags: string[]) => {
      const interruption = new AbortController();
      const stdout = new Captured();
      const ended = run(['tail', ...flags], { cwd, stdout, interrupted: interruption.signal });
      return { stdout, end: async () => (interruption.abort(), (await ended).code) };
    };
    const data = await follow('--json');
    const lines = await follow();
    const elsewhere = await follow('--session', 'another', '--json');
    const hostile = 'x\u001b[2J\u009b31m\u202e';
    const messages = [{ role: 'user', content: `call danger with {"a": ${JSON.stringify(hostile)}}` }];
    const tools = [{ type: 'function', function: { name: 'danger' } }];
    await expect
      .poll(
        async () => {
          await (await ask(runtime.baseUrl, runtime.agentKey, { messages, tools })).text();
          return [data.stdout.text, lines.stdout.text].every((text) => text.includes('danger'));
        },
        { timeout: 10_000, interval: 200 },
      )
      .toBe(true);
    expect([await data.end(), await lines.end(), await elsewhere.end()]).toEqual([130, 130, 130]);
    const entries = data.stdout.text.trimEnd().split('\n');
    const parsed = entries.map((line) => entrySchema.parse(JSON.parse(line)));
    expect(parsed.some((entry) => entry.phase === 'intent' && entry.kind === 'tool_call')).toBe(true);
    expect(data.stdout.text + lines.stdout.text).not.toMatch(actsOnTerminal);
    expect(lines.stdout.text).toContain('held');
    expect(elsewhere.stdout.text).toBe('');
  });

  test('tail ends with 5 when the runtime ends', async () => {
    const other = await freshFolder();
    const started = await dev(other);
    const stdout = new Captured();
    const tail = run(['tail', '--json'], { cwd: other, stdout });
    await expect
      .poll(async () => {
        await (await ask(started.baseUrl, started.agentKey)).text();
        return stdout.text;
      })
      .not.toBe('');
    await started.stop();
    expect((await tail).code).toBe(5);
  });

  test('doctor knows that the port is taken by this very runtime', async () => {
    const { checks } = await json(adminRoutes['settings.doctor'].answer, 'doctor');
    expect(checks.find(({ name }) => name === 'Port')).toMatchObject({ status: 'ok' });
  });
});
