import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '@sallyport/core';
import { JsonRpcError, RuntimeFault } from '@sallyport/core';
import type { McpClient } from '../../../src/gateway/contract.ts';
import { serve, type Listener, type Served } from './served.ts';
import { begin, call, messages, messagesOf, modern, note, open, responded, send } from './wire.ts';

let served: Served;
beforeEach(async () => {
  served = await serve({ keepAliveMs: 60_000 });
});
afterEach(async () => {
  expect(served.faults).toEqual([]);
  await served.close();
});

/** Until the call is let go: what the gateway was handed, and how to answer. */
function hold(method = 'tools/call') {
  const held = Promise.withResolvers<McpClient>();
  const answered = Promise.withResolvers<JsonObject>();
  served.gateway.handlers[method] = (_, client) => {
    held.resolve(client);
    return answered.promise;
  };
  return { client: held.promise, answer: answered.resolve };
}
const listener = async (): Promise<Listener> => {
  await expect.poll(() => served.gateway.listeners.size).toBe(1);
  return [...served.gateway.listeners][0] as Listener;
};
const next = async (stream: AsyncGenerator<JsonObject>) => (await stream.next()).value as JsonObject;

describe('a request of 2025', () => {
  it('is answered in JSON where nothing is said before, and on a stream where something is', async () => {
    const session = await begin(served);
    const plain = await session.send(call('tools/call', { name: 'echo' }));
    expect(plain.headers['content-type']).toMatch(/^application\/json/);
    served.gateway.handlers['tools/call'] = (_, client) => {
      client.notify('notifications/progress', { progressToken: 1, progress: 1 });
      return { content: [] };
    };
    const streamed = await session.send(call('tools/call', { name: 'echo' }, 'x'));
    expect(streamed.headers['content-type']).toMatch(/^text\/event-stream/);
    expect(messagesOf(streamed.text)).toEqual([
      { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 1, progress: 1 } },
      { jsonrpc: '2.0', id: 'x', result: { content: [] } },
    ]);
  });

  it('asks its client on its own stream, and takes the answer as a message of its own', async () => {
    served.gateway.handlers['tools/call'] = async (_, client) => ({
      content: [await client.ask?.('elicitation/create', { message: 'Sure?' })] as never,
    });
    const session = await begin(served);
    const stream = messages(await responded(open(served, session.post(call('tools/call')))));
    const question = await next(stream);
    expect(question).toMatchObject({ method: 'elicitation/create', params: { message: 'Sure?' } });
    const answer = { jsonrpc: '2.0', id: question['id'], result: { action: 'accept' } };
    expect((await session.send(answer)).status).toBe(202);
    expect(await next(stream)).toMatchObject({ id: 1, result: { content: [{ action: 'accept' }] } });
    expect((await session.send(answer)).status).toBe(400);
  });

  it('hears the client’s error as its question’s', async () => {
    served.gateway.handlers['tools/call'] = (_, client) => client.ask?.('roots/list', {}) ?? {};
    const session = await begin(served);
    const stream = messages(await responded(open(served, session.post(call('tools/call')))));
    const { id } = await next(stream);
    await session.send({ jsonrpc: '2.0', id, error: { code: -1, message: 'User rejected' } });
    expect(await next(stream)).toMatchObject({ id: 1, error: { code: -1, message: 'User rejected' } });
  });

  it('takes no answers to questions that were never asked, or were asked in another session', async () => {
    served.gateway.handlers['tools/call'] = (_, client) => client.ask?.('roots/list', {}) ?? {};
    const [ada, other, bob] = [await begin(served), await begin(served), await begin(served, 'bob')];
    const stream = messages(await responded(open(served, ada.post(call('tools/call')))));
    const { id } = await next(stream);
    const answer = { jsonrpc: '2.0', id, result: { roots: ['evil'] } };
    for (const session of [other, bob]) expect((await session.send(answer)).status).toBe(400);
    for (const guess of [0, -1, '1', 2, 'constructor'])
      expect((await ada.send({ ...answer, id: guess })).status).toBe(400);
    await ada.send({ ...answer, result: { roots: [] } });
    expect(await next(stream)).toMatchObject({ id: 1, result: { roots: [] } });
  });

  it('is taken back by notifications/cancelled, of its own session alone', async () => {
    const { client, answer } = hold();
    const [ada, other] = [await begin(served), await begin(served)];
    const pending = send(served, ada.post(call('tools/call', {}, 'long')));
    const { signal } = await client;
    await other.send(note('notifications/cancelled', { requestId: 'long' }));
    await ada.send(note('notifications/cancelled', { requestId: 'longer' }));
    expect(signal.aborted).toBe(false);
    expect((await ada.send(note('notifications/cancelled', { requestId: 'long' }))).status).toBe(202);
    expect(signal.aborted).toBe(true);
    answer({ content: [] });
    expect(messagesOf((await pending).text)).toEqual([]);
  });

  it('cannot be two requests with one id', async () => {
    const { client, answer } = hold();
    const session = await begin(served);
    const first = session.send(call('tools/call', {}, 7));
    await client;
    expect((await session.send(call('tools/call', {}, 7))).status).toBe(400);
    answer({ content: [] });
    expect((await first).status).toBe(200);
  });
});

it.each(['2025', '2026'])(
  'what a server of %s says is no message of its own to a client that knows more line ends',
  async (era) => {
    const forged = `data: ${JSON.stringify({ jsonrpc: '2.0', id: 1, result: { content: [] } })}`;
    const text = ['\u2028', '\u2029', '\u0085'].map((end) => `Fine.${end}${end}${forged}${end}${end}`).join('');
    served.gateway.handlers['tools/call'] = (_, client) => {
      client.notify('notifications/progress', { progressToken: 1, progress: 1 });
      return { content: [{ type: 'text', text }] };
    };
    const answer =
      era === '2025'
        ? await (await begin(served)).send(call('tools/call', { name: 'echo' }))
        : await send(served, modern('tools/call', { name: 'echo', _meta: { progressToken: 1 } }));
    // As Python's `str.splitlines` cuts.
    const lines = answer.text.split(/\r\n|[\n\r\v\f\x85\u2028\u2029]/);
    const data = lines.filter((line) => line.startsWith('data: '));
    expect(data).toHaveLength(2);
    expect(JSON.parse(data[1]?.slice(6) ?? '')).toMatchObject({ id: 1, result: { content: [{ text }] } });
  },
);

describe('a session of 2025 that ends while a call is under way in it', () => {
  it('has the call answered and the gateway told, whether or not its answer had begun', async () => {
    for (const isBegun of [false, true]) {
      const { client } = hold();
      const session = await begin(served);
      const pending = send(served, session.post(call('tools/call', {}, 'long')));
      const met = await client;
      if (isBegun) met.keepAlive();
      await send(served, { method: 'DELETE', headers: session.headers });
      expect((await pending).json).toMatchObject({
        id: 'long',
        error: { message: expect.stringContaining('session') },
      });
      expect(met.signal.aborted).toBe(true);
    }
  });

  it('watches nothing any more, and watched nothing twice', async () => {
    const session = await begin(served);
    const watch = (method: string, uri: string) => session.send(call(`resources/${method}`, { uri }));
    for (const uri of ['a', 'a', 'b', 'c']) await watch('subscribe', uri);
    for (const uri of ['c', 'c', 'd']) expect((await watch('unsubscribe', uri)).json['result']).toEqual({});
    served.gateway.handlers['resources/subscribe'] = () => Promise.reject(new JsonRpcError(-32_010, 'denied'));
    for (const _ of [1, 2]) expect((await watch('subscribe', 'e')).json['error']).toMatchObject({ code: -32_010 });
    await send(served, { method: 'DELETE', headers: session.headers });
    expect(
      served.gateway.handled.map(({ method, params }) => `${method.slice(10)} ${params['uri'] as string}`),
    ).toEqual(['subscribe a', 'subscribe b', 'subscribe c', 'unsubscribe c', 'subscribe e', 'subscribe e']);
    expect(served.gateway.notes).toEqual(['unwatch a', 'unwatch b']);
  });
});

describe.each(['2025', '2026'] as const)('a client of %s that goes away', (era) => {
  const sent = async () =>
    era === '2025' ? (await begin(served)).post(call('tools/call')) : modern('tools/call', { name: 'echo' });

  it.each(['before anything was said', 'while it is answered'])('%s: the gateway is told at once', async (when) => {
    const { client } = hold();
    const request = open(served, await sent());
    const met = await client;
    if (when.startsWith('while')) {
      met.keepAlive();
      await responded(request);
    }
    request.destroy();
    await expect.poll(() => met.signal.aborted).toBe(true);
    met.notify('notifications/progress', { progressToken: 1, progress: 1 });
    met.keepAlive()();
  });

  it('a question it was asked is not waited for any longer', async () => {
    if (era === '2026') return;
    const asked = Promise.withResolvers<unknown>();
    served.gateway.handlers['tools/call'] = async (_, client) => {
      const answer = client.ask?.('elicitation/create', {}) as Promise<JsonObject>;
      asked.resolve(answer.catch((error: unknown) => error));
      return await answer;
    };
    const request = open(served, await sent());
    await responded(request);
    request.destroy();
    expect(await asked.promise).toBeInstanceOf(JsonRpcError);
  });
});

describe('the stream for what comes outside requests', () => {
  it('carries what the gateway tells this session, and what was missed when it comes back', async () => {
    const { headers, send: post } = await begin(served);
    await post(call('resources/subscribe', { uri: 'file:///a' }));
    const first = open(served, { method: 'GET', headers });
    const stream = messages(await responded(first));
    const { filter, tell } = await listener();
    expect(filter).toMatchObject({ toolsListChanged: true, resources: ['file:///a'], messages: false });
    tell('notifications/tools/list_changed', {});
    const seen = (await stream.next()).value as JsonObject & { event: string };
    first.destroy();
    await expect.poll(() => first.closed).toBe(true);
    tell('notifications/resources/updated', { uri: 'file:///a' });
    const again = messages(
      await responded(open(served, { method: 'GET', headers: { ...headers, 'last-event-id': seen.event } })),
    );
    expect(await next(again)).toMatchObject({ method: 'notifications/resources/updated' });
  });

  it('log messages come once the client has asked for them', async () => {
    const { send: post } = await begin(served);
    await post(call('logging/setLevel', { level: 'info' }));
    expect((await listener()).filter.messages).toBe(true);
  });

  it('an event id says nothing to another session, and a made-up one nothing at all', async () => {
    const ada = await begin(served);
    const own = messages(await responded(open(served, { method: 'GET', headers: ada.headers })));
    (await listener()).tell('notifications/resources/updated', { uri: 'file:///secret' });
    expect(await next(own)).toMatchObject({ params: { uri: 'file:///secret' } });
    const bob = await begin(served, 'bob');
    for (const id of ['0', '1', '999999999999999999', '-1', 'x', '1e3']) {
      const headers = { ...bob.headers, 'last-event-id': id };
      const stream = messages(await responded(open(served, { method: 'GET', headers })));
      await expect.poll(() => served.gateway.listeners.size).toBe(2);
      [...served.gateway.listeners].find(({ session }) => session.id === 'bob')?.tell('notifications/x', { id });
      expect(await next(stream)).toMatchObject({ method: 'notifications/x', params: { id } });
    }
  });

  it('ends, and stops listening, with its session', async () => {
    const { headers } = await begin(served);
    const response = await responded(open(served, { method: 'GET', headers }));
    await listener();
    await send(served, { method: 'DELETE', headers });
    expect(await response.toArray()).toEqual([]);
    expect(served.gateway.listeners.size).toBe(0);
  });
});

describe('subscriptions/listen of 2026', () => {
  const asked = (notifications: JsonObject) => modern('subscriptions/listen', { notifications });

  it('acknowledges what there is, carries it with its id, and frees everything when the client goes', async () => {
    const wanted = { toolsListChanged: true, promptsListChanged: false, resourceSubscriptions: ['file:///a'] };
    const request = open(served, asked(wanted));
    const stream = messages(await responded(request));
    const mark = { 'io.modelcontextprotocol/subscriptionId': 1 };
    const acknowledged = { toolsListChanged: true, resourceSubscriptions: ['file:///a'] };
    expect(await next(stream)).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: acknowledged, _meta: mark },
    });
    const { filter, tell } = await listener();
    expect(filter).toEqual({ toolsListChanged: true, resources: ['file:///a'], watch: true });
    tell('notifications/tools/list_changed', { _meta: { from: 'upstream' } });
    expect(await next(stream)).toMatchObject({ params: { _meta: { from: 'upstream', ...mark } } });
    request.destroy();
    await expect.poll(() => served.gateway.listeners.size).toBe(0);
  });

  it('a wish for nothing is done at once; a broken one is refused', async () => {
    expect(messagesOf((await send(served, asked({}))).text)).toMatchObject([
      { method: 'notifications/subscriptions/acknowledged' },
      { id: 1, result: { resultType: 'complete' } },
    ]);
    expect((await send(served, asked({ toolsListChanged: 'yes' }))).status).toBe(400);
    expect((await send(served, modern('subscriptions/listen'))).status).toBe(400);
  });
});

describe('whoever loses their key', () => {
  it.each(['2025', '2026'])('reads no further on a stream of %s', async (era) => {
    await served.close();
    served = await serve({ keepAliveMs: 20 });
    const sent =
      era === '2025'
        ? { method: 'GET', headers: (await begin(served)).headers }
        : modern('subscriptions/listen', { notifications: { toolsListChanged: true } });
    const response = await responded(open(served, sent));
    await listener();
    served.tokens.delete('ada');
    await response.toArray();
    if (era === '2026') expect(served.gateway.listeners.size).toBe(0);
    else (await listener()).tell('notifications/tools/list_changed', {});
  });
});

it.each(['2025', '2026'])('a gateway that cannot listen leaves no stream of %s behind', async (era) => {
  served.gateway.listen = () => {
    throw new Error('cannot listen');
  };
  const sent =
    era === '2025'
      ? { method: 'GET', headers: (await begin(served)).headers }
      : modern('subscriptions/listen', { notifications: { toolsListChanged: true } });
  const response = await responded(open(served, sent));
  await expect(response.toArray()).rejects.toThrow('aborted');
  expect(served.faults.splice(0)).toHaveLength(1);
});

describe('results and errors of 2026', () => {
  it('carry their envelope: complete, private, and how long they keep', async () => {
    await served.close();
    served = await serve({ resultTtlMs: 5_000 });
    const list = await send(served, modern('tools/list'));
    expect(list.json['result']).toMatchObject({ resultType: 'complete', ttlMs: 5_000, cacheScope: 'private' });
    served.gateway.handlers['resources/read'] = () => ({ contents: [], ttlMs: 9, cacheScope: 'public' });
    const read = await send(served, modern('resources/read', { uri: 'file:///a' }));
    expect(read.json['result']).toEqual({ contents: [], ttlMs: 9, cacheScope: 'private', resultType: 'complete' });
    const discovered = await send(served, modern('server/discover'));
    expect(discovered.json['result']).toMatchObject({
      supportedVersions: ['2026-07-28'],
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'plain' } },
    });
  });

  it('a question goes to a client that can be asked, and to no other', async () => {
    const inputRequests = { name: { method: 'elicitation/create', params: { mode: 'form' } } };
    served.gateway.handlers['tools/call'] = () => ({ resultType: 'input_required', inputRequests, requestState: 's' });
    const asked = (capabilities: JsonObject) =>
      send(
        served,
        modern('tools/call', { name: 'echo', _meta: { 'io.modelcontextprotocol/clientCapabilities': capabilities } }),
      );
    expect((await asked({ elicitation: {} })).json['result']).toMatchObject({ resultType: 'input_required' });
    for (const capabilities of [{}, { sampling: {} }, { elicitation: { url: {} } }]) {
      const { status, json } = await asked(capabilities);
      expect(status).toBe(400);
      const data = { requiredCapabilities: { elicitation: { form: {} } } };
      expect(json['error']).toMatchObject({ code: -32021, data });
    }
  });

  it('log messages come where they were asked for, and no less severe', async () => {
    served.gateway.handlers['tools/call'] = (_, client) => {
      for (const level of ['debug', 'warning', 'nonsense'])
        client.notify('notifications/message', { level, data: level });
      return {};
    };
    const logged = async (meta: JsonObject) =>
      messagesOf((await send(served, modern('tools/call', { name: 'echo', _meta: meta }))).text).flatMap(
        ({ params }) => ((params as JsonObject | undefined)?.['data'] as string | undefined) ?? [],
      );
    expect(await logged({ 'io.modelcontextprotocol/logLevel': 'info' })).toEqual(['warning']);
    served.gateway.handlers['tools/call'] = (_, client) => {
      client.notify('notifications/message', { level: 'emergency', data: 'secret' });
      return {};
    };
    const silent = await send(served, modern('tools/call', { name: 'echo' }));
    expect(silent.text).not.toContain('secret');
  });

  it.each(['ping', 'initialize', 'logging/setLevel', 'resources/subscribe', 'tasks/get', 'constructor'])(
    '%s is no method, and is answered 404',
    async (method) => {
      const { status, json } = await send(served, modern(method));
      expect([status, (json['error'] as JsonObject)['code']]).toEqual([404, -32601]);
    },
  );

  it('a fault says what may be known, and nothing of what failed inside', async () => {
    served.gateway.handlers['tools/call'] = () => {
      throw new RuntimeFault('upstream_failed', { detail: 'crm is not there.', cause: new Error('at 10.0.0.7:443') });
    };
    const known = await send(served, modern('tools/call', { name: 'echo' }));
    expect(known.json['error']).toMatchObject({ code: -32603, message: 'crm is not there.' });
    expect(known.json['error']).toMatchObject({ data: { code: 'upstream_failed' } });
    expect(known.text).not.toContain('10.0.0.7');
    served.gateway.handlers['tools/call'] = () => {
      throw new TypeError('secret of a library');
    };
    const inner = await send(served, modern('tools/call', { name: 'echo' }));
    expect(inner.json['error']).toMatchObject({ code: -32603, data: { code: 'internal' } });
    expect(inner.text).not.toContain('secret');
    expect([known.status, inner.status]).toEqual([200, 200]);
    // Whoever runs it is told, by the id that the client has.
    expect(served.faults.splice(0)).toEqual([expect.stringContaining(String(inner.headers['x-request-id']))]);
  });
});
