import type { JsonObject, Session } from '@sallyport/core';
import { JsonRpcError } from '@sallyport/core';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  callOf,
  clearedCall,
  closeAll,
  connect,
  faultOf,
  heldClock,
  peerOf,
  program,
  sessionOf,
  upstreamOf,
} from './support.ts';
import { textOf } from './by-hand.ts';
import { serveNew, serveOld, serveSse } from './servers.ts';

afterEach(closeAll);

const http2025 = async () => ({ kind: 'mcp', url: (await serveOld()).url });
const http2026 = async () => ({ kind: 'mcp', url: (await serveNew()).url });
const sse = async () => ({ kind: 'mcp', url: (await serveSse()).url });
const stdio2025 = async () => program('old.ts');
const stdio2026 = async () => program('new.ts');
const elicits = { elicitation: {} };
/** No other time is as long. */
const timeoutMs = 54_321;
const soon = { timeout: 10_000 };

describe.each<[string, () => Promise<JsonObject>]>([
  ['2025 over HTTP', http2025],
  ['2026 over HTTP', http2026],
  ['HTTP+SSE', sse],
  ['2025 over stdio', stdio2025],
  ['2026 over stdio', stdio2026],
])('progress, %s', (_, configOf) => {
  test("reaches the one who asked, under the token of their own, and keeps the call's time going", async () => {
    const held = heldClock(timeoutMs);
    const connection = await connect(upstreamOf({ ...(await configOf()), timeoutMs }, held));
    const peers = ['same', 'same', 'other'].map((progressToken) => peerOf({ meta: { progressToken } }));
    const steps = [5, 6, 7];
    const results = await Promise.all(
      peers.map(async (peer, i) => connection.run(await callOf('slow', { steps: steps[i] ?? 0 }), peer)),
    );
    expect(results.map(textOf)).toEqual(['done', 'done', 'done']);
    peers.forEach(({ told, meta }, i) => {
      const progress = told.filter(({ method }) => method === 'notifications/progress').map(({ params }) => params);
      expect(progress.map((params) => params['progress'])).toEqual(
        Array.from({ length: steps[i] ?? 0 }, (__, n) => n + 1),
      );
      expect(progress.every((params) => params['progressToken'] === meta['progressToken'])).toBe(true);
      expect(progress.every((params) => params['total'] === steps[i])).toBe(true);
    });
    // Once for each call, and anew at every step.
    expect(held.begun()).toBeGreaterThanOrEqual(3 + 5 + 6 + 7);
    expect(held.waiting.size).toBe(0);
  });
});

describe.each<[string, () => Promise<JsonObject>]>([
  ['2025 over HTTP', http2025],
  ['2026 over HTTP', http2026],
  ['HTTP+SSE', sse],
  ['2025 over stdio', stdio2025],
  ['2026 over stdio', stdio2026],
])('a call that nobody waits for any more, %s', (_, configOf) => {
  const noted = (label: string) => (existsSync(label) ? readFileSync(label, 'utf8') : '');
  const labelOf = () => join(mkdtempSync(join(tmpdir(), 'sallyport-')), 'label');

  test('is cancelled at the upstream, and rejects', async () => {
    const connection = await connect(upstreamOf(await configOf()));
    const gone = new AbortController();
    const label = labelOf();
    const running = connection.run(await callOf('wait', { label }), peerOf({ signal: gone.signal }));
    await vi.waitFor(() => expect(noted(label)).toBe('begun\n'), soon);
    gone.abort();
    expect(await faultOf(running)).toMatchObject({
      code: 'upstream_failed',
      detail: expect.stringContaining('cancelled'),
    });
    await vi.waitFor(() => expect(noted(label)).toBe('begun\nstopped\n'), soon);
    // The connection lives on.
    expect(textOf(await connection.run(await callOf('echo', { text: 'still here' }), peerOf()))).toContain(
      'still here',
    );
  });

  test('without a sign of life is given up, and cancelled', async () => {
    const held = heldClock(timeoutMs);
    const connection = await connect(upstreamOf({ ...(await configOf()), timeoutMs }, held));
    const label = labelOf();
    const running = connection.run(await callOf('wait', { label }), peerOf());
    await vi.waitFor(() => expect(noted(label)).toBe('begun\n'), soon);
    held.pass();
    expect(await faultOf(running)).toMatchObject({ code: 'upstream_timeout' });
    await vi.waitFor(() => expect(noted(label)).toBe('begun\nstopped\n'), soon);
  });
});

describe.each<[string, () => Promise<JsonObject>]>([
  ['HTTP', http2025],
  ['HTTP+SSE', sse],
  ['stdio', stdio2025],
])('what a 2025 server asks during a call over %s', (_, configOf) => {
  test('is asked of whoever waits for that call', async () => {
    const connection = await connect(upstreamOf(await configOf()), sessionOf(), elicits);
    const asked: unknown[] = [];
    const peer = peerOf({
      ask: async (method, params) => {
        asked.push(method, params['message']);
        return { action: 'accept', content: { ok: true } };
      },
    });
    const result = await connection.run(await callOf('ask', { question: 'Really?' }), peer);
    expect(asked).toEqual(['elicitation/create', 'Really?']);
    expect(JSON.parse(textOf(result))).toMatchObject({ action: 'accept', content: { ok: true } });
  });

  test('is refused where nobody can be asked, or whoever is asked refuses, and why is not told', async () => {
    const connection = await connect(upstreamOf(await configOf()), sessionOf(), elicits);
    const call = () => callOf('ask', { question: 'Really?' });
    expect(textOf(await connection.run(await call(), peerOf()))).toContain('-32601');
    const refusing = peerOf({ ask: () => Promise.reject(new Error('policy p-17 says no')) });
    const refused = textOf(await connection.run(await call(), refusing));
    expect(refused).toContain('refused');
    expect(refused).not.toContain('p-17');
    const declining = peerOf({ ask: () => Promise.reject(new JsonRpcError(-32042, 'the client said so')) });
    expect(textOf(await connection.run(await call(), declining))).toContain('the client said so');
  });

  test('does not run out of time while a person thinks', async () => {
    const held = heldClock(timeoutMs);
    const connection = await connect(upstreamOf({ ...(await configOf()), timeoutMs }, held), sessionOf(), elicits);
    const peer = peerOf({
      ask: async () => {
        held.pass();
        return { action: 'decline' };
      },
    });
    expect(textOf(await connection.run(await callOf('ask', { question: '?' }), peer))).toContain('decline');
  });
});

test('what a user answers after the call was cancelled is told to nobody', async () => {
  const server = await serveOld();
  const connection = await connect(upstreamOf({ kind: 'mcp', url: server.url }), sessionOf(), elicits);
  const gone = new AbortController();
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<JsonObject>();
  const ask = () => {
    asked.resolve();
    return answer.promise;
  };
  const running = faultOf(
    connection.run(await callOf('ask', { question: 'PIN?' }), peerOf({ ask, signal: gone.signal })),
  );
  await asked.promise;
  gone.abort();
  await running;
  answer.resolve({ action: 'accept', content: { pin: 'p-4711' } });
  // Whatever was still to be sent is sent before this has its answer.
  await connection.run(await callOf('echo', { text: 'x' }), peerOf());
  expect(server.requests.map(({ body }) => body).join()).toContain('notifications/cancelled');
  expect(server.requests.map(({ body }) => body).join()).not.toContain('p-4711');
});

test("over one pipe, a question is nobody's while several calls are under way; over HTTP each has its stream", async () => {
  const answers = async (config: JsonObject) => {
    const connection = await connect(upstreamOf(config), sessionOf(), elicits);
    const asking = (name: string) => peerOf({ ask: async () => ({ action: 'accept', content: { name } }) });
    const both = ['one', 'two'].map(async (name) =>
      connection.run(await callOf('ask', { question: name }), asking(name)),
    );
    return (await Promise.all(both)).map(textOf);
  };
  const [one, two] = await answers(await http2025());
  expect(one).toContain('"name":"one"');
  expect(two).toContain('"name":"two"');
  for (const text of await answers(await stdio2025())) expect(text).not.toMatch(/"name":"(?:one|two)"/);
});

test('on a connection that sessions share, what names no call is never taken for the only one under way', async () => {
  const connection = await connect(upstreamOf({ ...program('old.ts'), shared: true }), undefined, elicits);
  const peer = peerOf({ ask: async () => ({ action: 'accept', content: { secret: 42 } }) });
  const text = textOf(await connection.run(await callOf('ask', { question: 'secret?' }, sessionOf('s-9')), peer));
  expect(text).not.toContain('42');
  const logs = peerOf();
  await connection.run(await callOf('slow', { steps: 2 }), logs);
  expect(logs.told).toEqual([]);
});

describe('a connection', () => {
  const other: Session = sessionOf('s-2', 'bob');

  test('carries no call of another session, nor one for another upstream, nor a tool that is not offered', async () => {
    const connection = await connect(upstreamOf({ ...(await http2025()), tools: ['e*'] }));
    expect(await faultOf(connection.run(await callOf('echo', { text: 'x' }, other), peerOf()))).toMatchObject({
      code: 'internal',
    });
    const cleared = await callOf('echo', { text: 'x' });
    const { event } = cleared;
    await expect(connection.run({ event } as never, peerOf())).rejects.toThrow('without clearance');
    await expect(connection.run(await callOf('slow', { steps: 1 }), peerOf())).rejects.toBeInstanceOf(JsonRpcError);
    const { tools } = await connection.list('tools/list', {}, new AbortController().signal);
    expect(tools).toMatchObject([{ name: 'echo' }]);
  });

  test('sends of `_meta` what it is given, but nothing that only this runtime may say', async () => {
    const connection = await connect(upstreamOf(await http2025()));
    const meta = {
      traceparent: '00-1-2-01',
      'sallyport/userContext': 'forged',
      'io.modelcontextprotocol/clientInfo': { name: 'forged' },
    };
    const text = textOf(await connection.run(await callOf('echo', { text: 'x' }), peerOf({ meta })));
    expect(text).toContain('00-1-2-01');
    expect(text).not.toContain('forged');
  });

  test('that is closed says so once, and fails what is under way', async () => {
    const connection = await connect(upstreamOf(await http2026()));
    const reasons: string[] = [];
    connection.onClose((reason) => reasons.push(reason));
    const running = faultOf(connection.run(await callOf('slow', { steps: 100 }), peerOf()));
    await connection.close();
    expect((await running).code).toBe('upstream_failed');
    expect(reasons).toHaveLength(1);
    expect((await faultOf(connection.run(await callOf('echo', { text: 'x' }), peerOf()))).code).toBe('upstream_failed');
  });
});

describe('changes of lists are told', () => {
  test('by a 2025 server, on the stream of its own', async () => {
    const connection = await connect(upstreamOf(await http2025()));
    const heard: string[] = [];
    connection.onNotification((method) => heard.push(method));
    await vi.waitFor(async () => {
      await connection.run(await callOf('grow'), peerOf());
      expect(heard).toContain('notifications/tools/list_changed');
    }, soon);
  });

  test('by a 2026 server, on a subscription, of resources as well', async () => {
    const server = await serveNew();
    const connection = await connect(upstreamOf({ kind: 'mcp', url: server.url }));
    const heard: string[] = [];
    connection.onNotification((method, params) => heard.push(JSON.stringify([method, params['uri']])));
    await vi.waitFor(() => {
      server.handler.notify.toolsChanged();
      expect(heard).toContain('["notifications/tools/list_changed",null]');
    }, soon);
    const subscribe = await clearedCall({ upstream: 'up', method: 'resources/subscribe' }, { uri: 'note://one' });
    expect(await connection.run(subscribe, peerOf())).toEqual({});
    server.handler.notify.resourceUpdated('note://one');
    server.handler.notify.resourceUpdated('note://two');
    await vi.waitFor(() => expect(heard).toContain('["notifications/resources/updated","note://one"]'), soon);
    expect(heard.join()).not.toContain('note://two');
  });
});
