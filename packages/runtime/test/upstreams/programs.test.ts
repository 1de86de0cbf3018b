import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Credentials, JsonObject, ProcessRunner } from '@sallyport/core';
import { localProcessRunner } from '../../src/upstreams/index.ts';
import { textOf } from './by-hand.ts';
import { Restarts } from '../../src/upstreams/stdio/restarts.ts';
import {
  callOf,
  closeAll,
  connect,
  faultOf,
  folder,
  noCredentials,
  peerOf,
  program,
  sessionOf,
  upstreamOf,
} from './support.ts';

afterEach(closeAll);

const hostile = (how: string, change: JsonObject = {}) => ({ ...program('hostile.ts', how), ...change });

describe('a program that does not keep to the protocol', () => {
  test.each([
    'garbage',
    'duplicate-member',
    'deep',
    'another-id',
    'text-id',
    'no-object',
    'not-utf8',
    'endless',
    'floods',
  ])('%s: every call fails as malformed, and the connection is dropped', async (how) => {
    const connection = await connect(upstreamOf(hostile(how, { maxResultBytes: 1_048_576 })));
    const closed = vi.fn<(reason: string) => void>();
    connection.onClose(closed);
    const calls = [1, 2].map(async () => faultOf(connection.run(await callOf('x'), peerOf())));
    for (const fault of await Promise.all(calls)) expect(fault.code).toBe('upstream_malformed');
    expect(closed).toHaveBeenCalledOnce();
  });

  test('one that does not read is stopped, before what waits for it fills the memory', async () => {
    const connection = await connect(upstreamOf(hostile('deaf')));
    const large = 'x'.repeat(8_388_608);
    const calls = Array.from({ length: 10 }, async () =>
      faultOf(connection.run(await callOf('x', { large }), peerOf())),
    );
    for (const fault of await Promise.all(calls)) expect(fault.code).toBe('upstream_failed');
  });

  test('a result of another revision fails the call alone', async () => {
    const connection = await connect(upstreamOf(hostile('input-required')));
    expect((await faultOf(connection.run(await callOf('x'), peerOf()))).code).toBe('upstream_malformed');
  });

  test('what answers twice, or after it was told to stop, reaches nobody with it', async () => {
    const twice = await connect(upstreamOf(hostile('answers-twice')));
    for (let i = 0; i < 3; i++) expect(textOf(await twice.run(await callOf('x'), peerOf()))).toBe('first');
    const late = await connect(upstreamOf(hostile('after-cancel')));
    const gone = new AbortController();
    const begun = Promise.withResolvers<void>();
    const peer = peerOf({ signal: gone.signal, notify: () => begun.resolve() });
    const first = faultOf(late.run(await callOf('x'), peer));
    await begun.promise;
    gone.abort();
    expect((await first).code).toBe('upstream_failed');
    expect(textOf(await late.run(await callOf('x'), peerOf()))).toBe('mine');
  });

  test('one that greets before it speaks is understood', async () => {
    const connection = await connect(upstreamOf(hostile('banner')));
    expect(await connection.run(await callOf('x'), peerOf())).toEqual({ content: [] });
  });

  test('one that ends at the question which era it is of is started again for the older one', async () => {
    const upstream = upstreamOf(hostile('exits-on-question'));
    expect((await connect(upstream)).info.protocol).toBe('2025-11-25');
    expect(upstream.status().state).toBe('connected');
  });
});

describe('a program that breaks down', () => {
  test('fails what is under way, is reported, and starts again when it is next needed', async () => {
    const onFault = vi.fn<(fault: string, error: unknown) => void>();
    const upstream = upstreamOf(hostile('dies'), { onFault });
    const first = await connect(upstream);
    const calls = [1, 2, 3].map(async () => faultOf(first.run(await callOf('x'), peerOf())));
    for (const fault of await Promise.all(calls)) {
      expect(fault).toMatchObject({ code: 'upstream_failed', detail: expect.stringContaining('ended with 7') });
    }
    expect(onFault).toHaveBeenCalledOnce();
    expect(upstream.status()).toMatchObject({ state: 'restarting', isolation: 'none', protocol: '2025-11-25' });
    const second = await connect(upstream);
    expect(upstream.status().state).toBe('connected');
    await second.close();
  });

  test('waits longer each time, keeps other sessions not waiting, and never waits beyond a minute', () => {
    let now = 0;
    let wall = Date.now();
    const restarts = new Restarts({ now: () => wall, micros: () => now * 1000, after: () => () => undefined });
    const waits: number[] = [];
    for (let i = 0; i < 10; i++) {
      restarts.failed('s-1', 1);
      waits.push(restarts.waitMs('s-1'));
      now += restarts.waitMs('s-1');
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    expect(restarts.waitMs('s-2')).toBe(0);
    restarts.failed('s-1', 0);
    expect(restarts.waitMs('s-1')).toBe(30_000);
    now += 10 * 60_000;
    restarts.failed('s-1', 1);
    expect(restarts.waitMs('s-1')).toBe(500);
    // Somebody sets the machine's clock.
    wall -= 24 * 3_600_000;
    expect(restarts.waitMs('s-1')).toBe(500);
    for (let i = 0; i < 5_000; i++) restarts.failed(`many-${i}`, 1);
    expect(restarts.waitMs('many-4999')).toBe(500);
  });

  test('what it wrote to standard error is told to operators, and to no agent', async () => {
    const upstream = upstreamOf(hostile('exits'));
    const fault = await faultOf(connect(upstream));
    expect(fault).toMatchObject({ code: 'upstream_failed', detail: expect.stringContaining('ended with 3') });
    expect(JSON.stringify(fault)).not.toContain('previous instructions');
    const { state, detail } = upstream.status();
    expect(state).toBe('failing');
    expect(detail).toContain('no config found');
    expect(detail).not.toContain('\u001b');
  });

  test('a credential that it wrote there is shown in no part, however long', async () => {
    const key = `-----BEGIN ${Array.from({ length: 400 }, (_, i) => `k${i}`).join('')} END-----`;
    const credentials: Credentials = { ...noCredentials, mask: (text) => text.replaceAll(key, '[credential]') };
    const upstream = upstreamOf({ ...program('hostile.ts', 'tells', `${key} and ${key}: no key`) }, { credentials });
    await faultOf(connect(upstream));
    expect(upstream.status().detail).toContain('[credential] and [credential]: no key');
    expect(upstream.status().detail).not.toMatch(/k\d+k\d+/);
  });

  test('that cannot be started says so', async () => {
    const fault = await faultOf(connect(upstreamOf({ kind: 'stdio', command: 'no-such-program-anywhere' })));
    expect(fault).toMatchObject({ code: 'upstream_failed', detail: expect.stringContaining('could not be started') });
  });
});

describe('what a program is started with', () => {
  const withSecret: Credentials = { ...noCredentials, environment: async () => ({ KEY: 'k-1', UNASKED: 'no' }) };

  test('its environment is what is configured, its credentials, PATH and HOME, and nothing else', async () => {
    process.env['LEAK'] = 'leaked';
    const upstream = upstreamOf(hostile('environment', { env: { MODE: 'test', KEY: { credential: 'key' } } }), {
      credentials: withSecret,
    });
    const env = JSON.parse(textOf(await (await connect(upstream)).run(await callOf('x'), peerOf()))) as JsonObject;
    expect(env).toMatchObject({ MODE: 'test', KEY: 'k-1', PATH: process.env['PATH'] });
    expect(Object.keys(env).filter((name) => !['MODE', 'KEY', 'PATH', 'HOME'].includes(name))).toEqual([]);
  });

  test('it runs where the configuration says, relative to its file, and without a shell', async () => {
    const here = await connect(upstreamOf(hostile('folder', { cwd: 'programs' })));
    expect(textOf(await here.run(await callOf('x'), peerOf()))).toBe(join(folder, 'programs'));
    const mark = join(mkdtempSync(join(tmpdir(), 'sallyport-')), 'mark');
    const shell = { ...hostile('folder'), args: [...hostile('folder').args, `; touch ${mark} $(touch ${mark})`] };
    await connect(upstreamOf(shell));
    expect(existsSync(mark)).toBe(false);
  });

  test('without its credential it is not started', async () => {
    const start = vi.fn<ProcessRunner['start']>();
    const upstream = upstreamOf(hostile('x', { env: { KEY: { credential: 'key' } } }), {
      runner: { isolation: 'none', start },
    });
    expect((await faultOf(connect(upstream))).code).toBe('credential_unavailable');
    expect(start).not.toHaveBeenCalled();
  });

  test('given up, or its upstream closed, while it was waited for: it is not started, and left to nobody', async () => {
    const start = vi.fn<ProcessRunner['start']>();
    const runner: ProcessRunner = { isolation: 'none', start };
    const given = upstreamOf(hostile('x'), { runner });
    const signal = AbortSignal.abort();
    expect((await faultOf(given.connect({ capabilities: {}, signal }))).code).toBe('upstream_timeout');
    const asked = Promise.withResolvers<Record<string, string>>();
    const credentials: Credentials = { ...noCredentials, environment: () => asked.promise };
    const closed = upstreamOf(hostile('x', { env: { KEY: { credential: 'key' } } }), { credentials, runner });
    const connecting = faultOf(connect(closed));
    await closed.close();
    asked.resolve({ KEY: 'k-1' });
    expect((await connecting).code).toBe('shutting_down');
    expect(start).not.toHaveBeenCalled();
  });

  test('where a sandbox is required and there is none, it is not started', async () => {
    const fault = await faultOf(connect(upstreamOf(hostile('banner', { sandbox: 'required' }))));
    expect(fault).toMatchObject({ code: 'upstream_refused', path: 'upstreams.up.sandbox' });
  });

  test('for whom a call is made is said in `_meta`, for this upstream, and cannot be forged by a client', async () => {
    const upstream = upstreamOf(program('old.ts'), {
      userContexts: { sign: async ({ session, audience, tool }) => `${session.user.id} ${audience} ${tool}` },
    });
    const connection = await connect(upstream);
    const peer = peerOf({ meta: { 'sallyport/userContext': 'forged' } });
    const text = textOf(await connection.run(await callOf('echo', { text: 'x' }), peer));
    expect(text).toContain('"sallyport/userContext":"ann up echo"');
    expect(text).not.toContain('forged');
  });
});

describe('a program that is stopped', () => {
  const isAlive = (pid: number) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };

  test.each(['banner', 'stubborn'])('ends with what it had started, however %s it is', async (how) => {
    const file = join(mkdtempSync(join(tmpdir(), 'sallyport-')), 'pid');
    const upstream = upstreamOf(program('parent.ts', file, how));
    const connection = await connect(upstream);
    const child = Number(readFileSync(file, 'utf8'));
    expect(isAlive(child)).toBe(true);
    await connection.close();
    await vi.waitFor(() => expect(isAlive(child)).toBe(false), { timeout: 15_000 });
    expect(upstream.status().state).toBe('idle');
  });

  test('what it had started ends with it when it dies by itself', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'sallyport-')), 'pid');
    const connection = await connect(upstreamOf(program('parent.ts', file, 'dies')));
    await faultOf(connection.run(await callOf('x'), peerOf()));
    await vi.waitFor(() => expect(isAlive(Number(readFileSync(file, 'utf8')))).toBe(false), { timeout: 15_000 });
  });

  test('each session has one of its own', async () => {
    const started: number[] = [];
    const local = localProcessRunner({ PATH: process.env['PATH'] ?? '' });
    const runner: ProcessRunner = { ...local, start: (what) => (started.push(1), local.start(what)) };
    const upstream = upstreamOf(hostile('banner'), { runner });
    await connect(upstream, sessionOf('s-1'));
    await connect(upstream, sessionOf('s-2'));
    expect(started).toHaveLength(2);
  });
});
