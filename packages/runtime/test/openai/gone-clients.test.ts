import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArmedGuard } from '@sallyport/core';
import { allow, defineGuard, deny } from '@sallyport/core';
import type { Step } from '../../src/providers/scripted/script.ts';
import { hello, startCheckpoint, tools } from './checkpoint.ts';

const unhandled: unknown[] = [];
const note = (error: unknown) => unhandled.push(error);
beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', note);
  process.on('uncaughtException', note);
});
afterEach(() => {
  process.off('unhandledRejection', note);
  process.off('uncaughtException', note);
  expect(unhandled).toEqual([]);
});

type Checkpoint = Awaited<ReturnType<typeof startCheckpoint>>;

function send({ port }: Checkpoint, stream: boolean): Socket {
  const body = JSON.stringify({ model: 'm-1', messages: hello, tools, stream });
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer good\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  return socket;
}

/** A guard that takes its time, so that a client can go away while it thinks. */
const slow =
  (kind: 'model_request' | 'tool_call', started: () => void, until: Promise<unknown>) =>
  (armed: ArmedGuard[]): ArmedGuard[] => {
    const guard = defineGuard({
      name: 'slow',
      summary: 'thinks',
      stage: 'judge',
      on: [kind],
      check: async () => {
        started();
        await until;
        return allow;
      },
    });
    return [...armed, { guard, mode: 'enforce', timeoutMs: 5000 }];
  };

const settled = async ({ entries }: Checkpoint) => {
  const all = await entries();
  const owed = all.flatMap((entry) => (entry.phase === 'intent' && entry.owesResult ? [entry.eventId] : []));
  const ended = all.flatMap((entry) => (entry.phase === 'result' ? [entry.eventId] : []));
  return { owed: owed.toSorted(), ended: ended.toSorted() };
};
const expectAllEnded = async (checkpoint: Checkpoint) => {
  await expect
    .poll(async () => {
      const { owed, ended } = await settled(checkpoint);
      return owed.length > 0 && owed.join() === ended.join();
    })
    .toBe(true);
};

describe.each([false, true])('a client that goes away (stream: %s)', (stream) => {
  it('while its request is judged costs no model call, and the log says what became of it', async () => {
    let release = () => {};
    const until = new Promise<void>((resolve) => (release = resolve));
    let started = false;
    const guards = slow('model_request', () => (started = true), until);
    const checkpoint = await startCheckpoint({ script: () => ({ text: 'hi' }), guards });
    const socket = send(checkpoint, stream);
    await expect.poll(() => started).toBe(true);
    socket.destroy();
    await sleep(50);
    release();
    await expectAllEnded(checkpoint);
    const results = (await checkpoint.entries()).filter((entry) => entry.phase === 'result');
    expect(results).toMatchObject([{ result: { outcome: 'aborted' } }]);
    expect(checkpoint.model.requests.filter(({ aborted }) => !aborted)).toEqual([]);
  });

  it('while its calls are judged leaves nothing open', async () => {
    let release = () => {};
    const until = new Promise<void>((resolve) => (release = resolve));
    let started = false;
    const guards = slow('tool_call', () => (started = true), until);
    const step: Step = { toolCalls: [{ name: 'list_customers', arguments: {} }] };
    const checkpoint = await startCheckpoint({ script: () => step, guards });
    const socket = send(checkpoint, stream);
    await expect.poll(() => started).toBe(true);
    socket.destroy();
    await sleep(50);
    release();
    await expectAllEnded(checkpoint);
    await sleep(50);
    await expectAllEnded(checkpoint);
  });

  it.each([
    ['before the first byte', { delayMs: Infinity }],
    ['midway', { text: 'x'.repeat(4000), chunks: { everyMs: 5 }, ...(stream ? {} : { delayMs: 400 }) }],
    ['while the provider is silent', { text: 'x'.repeat(4000), ...(stream ? { hangAfter: 3 } : { delayMs: 400 }) }],
  ] as [string, Step][])('%s ends the model call', async (_, step) => {
    const checkpoint = await startCheckpoint({ script: () => step });
    const socket = send(checkpoint, stream);
    await expect.poll(() => checkpoint.model.requests.length).toBe(1);
    await sleep(60);
    socket.destroy();
    await expect.poll(() => checkpoint.model.requests[0]?.aborted).toBe(true);
    await expectAllEnded(checkpoint);
  });

  it('at any moment leaves no model call and no intent open', async () => {
    let asked = 0;
    const script = (): Step =>
      ++asked % 2
        ? { toolCalls: [{ name: 'list_customers', arguments: {} }] }
        : { text: 'abcdefghijkl'.repeat(10), chunks: { everyMs: 1 } };
    const checkpoint = await startCheckpoint({ script });
    for (let round = 0; round < 40; round++) {
      const socket = send(checkpoint, stream);
      await sleep(round % 14);
      socket.destroy();
    }
    await sleep(300);
    await expectAllEnded(checkpoint);
    const client = checkpoint.client();
    expect((await client.chat.completions.create({ model: 'm-1', messages: hello })).choices).toHaveLength(1);
  });
});

describe('a client that reads slowly', () => {
  it('holds the provider back instead of filling memory', async () => {
    const content = 'x'.repeat(100_000);
    // No text of the model's: of that, less may be held.
    const chunk = JSON.stringify({ choices: [{ index: 0, delta: {} }], obfuscation: content });
    const payloads = [
      ...Array.from({ length: 1000 }, () => chunk),
      '{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}',
    ];
    const checkpoint = await startCheckpoint({ script: () => ({ chunks: { payloads } }), config: '' });
    const before = process.memoryUsage();
    const socket = send(checkpoint, true);
    socket.pause();
    await expect.poll(() => checkpoint.model.requests.length).toBe(1);
    await sleep(800);
    const { external, arrayBuffers, heapUsed } = process.memoryUsage();
    const grown = external + arrayBuffers + heapUsed - before.external - before.arrayBuffers - before.heapUsed;
    // 100 MB are on offer; what may wait are sockets' buffers.
    expect(grown).toBeLessThan(60_000_000);
    let got = 0;
    let tail = '';
    socket.on('data', (bytes) => {
      got += bytes.length;
      tail = (tail + bytes.toString('latin1')).slice(-100);
      if (tail.includes('[DONE]')) socket.destroy();
    });
    socket.resume();
    await once(socket, 'close');
    expect(got).toBeGreaterThan(100_000_000);
    await expectAllEnded(checkpoint);
  });
});

describe('a request of which only a part is denied', () => {
  it('leaves no model call open in the log', async () => {
    const guard = defineGuard({
      name: 'words',
      summary: 'refuses every message',
      stage: 'judge',
      on: ['user_message'],
      check: () => deny({ code: 'forbidden' }),
    });
    const guards = (armed: ArmedGuard[]) => [...armed, { guard, mode: 'enforce' as const, timeoutMs: 100 }];
    const checkpoint = await startCheckpoint({ script: () => ({ text: 'hi' }), guards });
    const asked = checkpoint.client().chat.completions.create({ model: 'm-1', messages: hello });
    await expect(asked).rejects.toMatchObject({ status: 403, code: 'forbidden' });
    expect(checkpoint.model.requests).toEqual([]);
    await expectAllEnded(checkpoint);
  });
});

describe('a provider that cannot be asked again', () => {
  it.each([false, true])('does not take away the answer there is (stream: %s)', async (stream) => {
    const refusedCall: Step = { text: 'Sending.', toolCalls: [{ name: 'list_customers', arguments: {} }] };
    let asked = 0;
    const script = (): Step => (++asked % 2 ? refusedCall : { status: 400, error: { message: 'no such field' } });
    const checkpoint = await startCheckpoint({ script });
    const body = { model: 'm-1', messages: hello, tools };
    const { choices } = stream
      ? await checkpoint.client().chat.completions.stream(body).finalChatCompletion()
      : await checkpoint.client().chat.completions.create(body);
    expect(choices[0]?.message.content).toContain('The call to list_customers was not made');
    expect(choices[0]?.finish_reason).toBe('stop');
    await expectAllEnded(checkpoint);
  });
});
