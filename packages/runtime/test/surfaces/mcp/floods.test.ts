import { connect } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import type { JsonObject } from '@sallyport/core';
import type { McpLimits } from '../../../src/surfaces/mcp/routes.ts';
import { serve } from './served.ts';
import { begin, call, modern, open, responded, send } from './wire.ts';

async function limited(limits: Partial<McpLimits>, keepAliveMs = 60_000) {
  const served = await serve({ limits, keepAliveMs });
  onTestFinished(() => served.close());
  return served;
}

it('ten thousand sessions of one principal are as many as it may have, and nobody else’s ends', async () => {
  const served = await limited({ sessionsEach: 5 });
  const bob = await begin(served, 'bob');
  const first = await begin(served);
  let last = first;
  for (let done = 0; done < 10_000; done += 100) {
    const begun = await Promise.all(Array.from({ length: 100 }, () => begin(served)));
    last = begun.at(-1) ?? last;
  }
  expect((await first.send(call('ping'))).status).toBe(404);
  expect((await bob.send(call('ping'))).status).toBe(200);
  const sessions = await Promise.all(Array.from({ length: 5 }, () => begin(served)));
  expect((await last.send(call('ping'))).status).toBe(404);
  for (const session of sessions) expect((await session.send(call('ping'))).status).toBe(200);
}, 120_000);

it('where all sessions are in use a new one is refused, and where one is idle that one ends', async () => {
  const served = await limited({ sessions: 2 });
  const [idle, busy] = [await begin(served, 'bob'), await begin(served)];
  await responded(open(served, { method: 'GET', headers: busy.headers }));
  const third = await begin(served);
  expect((await idle.send(call('ping'))).status).toBe(404);
  await responded(open(served, { method: 'GET', headers: third.headers }));
  expect((await begin(served, 'bob')).answer.status).toBe(503);
});

it('a session that nobody uses ends, and one with a stream does not', async () => {
  const served = await limited({ idleMs: 30 });
  const [idle, busy] = [await begin(served), await begin(served)];
  await responded(open(served, { method: 'GET', headers: busy.headers }));
  await expect.poll(async () => (await begin(served, 'bob')) && (await idlePing(idle))).toBe(404);
  expect((await busy.send(call('ping'))).status).toBe(200);
});

/** Each ping is a use: between two there must be rest. */
async function idlePing(session: Awaited<ReturnType<typeof begin>>) {
  await new Promise((rested) => setTimeout(rested, 100));
  return (await session.send(call('ping'))).status;
}

it('requests, questions, watched resources and subscriptions of one client are bounded', async () => {
  const served = await limited({ requests: 2, questions: 2, watched: 2, listensEach: 2 });
  const session = await begin(served);
  const errors: unknown[] = [];
  served.gateway.handlers['tools/call'] = async (_, client) => {
    const ask = async () => await client.ask?.('roots/list', {}).catch((error: unknown) => errors.push(error));
    await Promise.all([ask(), ask(), ask()]);
    return {};
  };
  await responded(open(served, session.post(call('tools/call', {}, 1))));
  await expect.poll(() => errors.length).toBe(1);
  served.gateway.handlers['tools/list'] = (_, client) => {
    client.keepAlive();
    return new Promise(() => undefined);
  };
  const endless = open(served, session.post(call('tools/list', {}, 2)));
  await responded(endless);
  expect((await session.send(call('ping', {}, 3))).status).toBe(429);
  endless.destroy();

  const other = await begin(served, 'bob');
  const watch = (uri: string) => other.send(call('resources/subscribe', { uri }));
  for (const uri of ['a', 'b', 'a']) expect((await watch(uri)).json['result']).toEqual({});
  expect((await watch('c')).status).toBe(400);
  await other.send(call('resources/unsubscribe', { uri: 'a' }));
  expect((await watch('c')).status).toBe(200);

  const listen = modern('subscriptions/listen', { notifications: { toolsListChanged: true } });
  for (let at = 0; at < 2; at++) await responded(open(served, listen));
  expect((await send(served, listen)).status).toBe(429);
  const long = modern('subscriptions/listen', { notifications: { resourceSubscriptions: ['a', 'b', 'c'] } });
  expect((await send(served, long)).status).toBe(400);
});

it('a reader that never reads has its stream ended, and costs no more than what may wait', async () => {
  const served = await limited({ waitingBytes: 65_536, keptChars: 65_536 });
  const session = await begin(served);
  const request = open(served, { method: 'GET', headers: session.headers });
  (await responded(request)).pause();
  const listening = open(served, modern('subscriptions/listen', { notifications: { toolsListChanged: true } }));
  (await responded(listening)).pause();
  await expect.poll(() => served.gateway.listeners.size).toBe(2);
  const before = process.memoryUsage().arrayBuffers;
  const filler = 'x'.repeat(10_000);
  for (let at = 0; at < 20_000; at++) {
    for (const { tell } of served.gateway.listeners) tell('notifications/tools/list_changed', { filler });
    if (at % 1_000 === 0) await new Promise((turn) => setImmediate(turn));
  }
  await expect.poll(() => [...served.gateway.listeners].length).toBe(1);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
  expect((await session.send(call('ping'))).status).toBe(200);
});

it('progress that a client does not read is left out, and its result is not', async () => {
  const served = await limited({ waitingBytes: 65_536 });
  let told = 0;
  served.gateway.handlers['tools/call'] = async (_, client) => {
    for (; told < 20_000; told++)
      client.notify('notifications/progress', { progress: told, filler: 'x'.repeat(1_000) });
    return await Promise.resolve({ content: [] } as JsonObject);
  };
  const answer = await send(served, modern('tools/call', { name: 'echo' }));
  expect(told).toBe(20_000);
  expect(answer.text.length).toBeLessThan(10_000_000);
  expect(answer.json['result']).toEqual({ content: [], resultType: 'complete' });
});

it('a runtime that stops does not wait for streams that wait for news', async () => {
  const served = await serve();
  const session = await begin(served);
  const streams = [
    await responded(open(served, { method: 'GET', headers: session.headers })),
    await responded(open(served, modern('subscriptions/listen', { notifications: { toolsListChanged: true } }))),
  ];
  const ends = Promise.all(streams.map((stream) => stream.toArray()));
  await expect.poll(() => served.gateway.listeners.size).toBe(2);
  await served.close();
  const [, listened] = await ends;
  expect(Buffer.concat((listened ?? []) as Buffer[]).toString()).toContain('"resultType":"complete"');
  expect(served.gateway.listeners.size).toBe(0);
});

it('a runtime that stops waits for what is under way, in either era, and for no answer of a client', async () => {
  const served = await serve();
  const asked: unknown[] = [];
  const { promise: done, resolve: finish } = Promise.withResolvers<JsonObject>();
  served.gateway.handlers['tools/call'] = async (_, client) => {
    client.keepAlive();
    await client.ask?.('elicitation/create', {}).catch((error: unknown) => asked.push(error));
    return await done;
  };
  const session = await begin(served);
  const calls = [session.post(call('tools/call', { name: 'echo' })), modern('tools/call', { name: 'echo' })];
  const responses = await Promise.all(calls.map((each) => responded(open(served, each))));
  const closing = served.close();
  await expect.poll(() => served.gateway.notes).toContain('stopHolding');
  // The question was over as soon as the stop began, and the call goes on without.
  await expect.poll(() => asked).toHaveLength(1);
  finish({ content: [] });
  await closing;
  for (const response of responses)
    expect(Buffer.concat((await response.toArray()) as Buffer[]).toString()).toContain('"content":[]');
});

it('nor for connections that never asked for anything', async () => {
  const served = await serve();
  const socket = connect(served.port, '127.0.0.1');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await new Promise((resolve) => socket.once('connect', resolve));
  await begin(served);
  await served.close();
  await closed;
});
