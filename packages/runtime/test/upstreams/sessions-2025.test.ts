import { afterEach, describe, expect, test, vi } from 'vitest';
import { callOf, closeAll, connect, faultOf, peerOf, serve, upstreamOf } from './support.ts';
import type { Clock } from '@sallyport/core';
import { EventStreams } from '../../src/upstreams/mcp/event-streams.ts';
import type { Rpc } from './by-hand.ts';
import { by2025, callsIn, done, json, never, textOf } from './by-hand.ts';
import { serveOld } from './servers.ts';

afterEach(closeAll);

describe('a 2025 session over HTTP', () => {
  test('is named on every request from then on, with its revision, and ended when the connection is closed', async () => {
    const server = await serveOld();
    const connection = await connect(upstreamOf({ kind: 'mcp', url: server.url }));
    await connection.run(await callOf('echo', { text: 'x' }), peerOf());
    const [id] = server.sessions.keys();
    expect(callsIn(server)[0]).toMatchObject({ body: expect.stringContaining('"name":"echo"') });
    expect(server.requests.at(-1)?.headers).toMatchObject({
      'mcp-session-id': id,
      'mcp-protocol-version': '2025-11-25',
    });
    expect(server.requests.find(({ body }) => body.includes('"initialize"'))?.headers).not.toHaveProperty(
      'mcp-session-id',
    );
    await connection.close();
    expect(server.requests.at(-1)).toMatchObject({ method: 'DELETE', headers: { 'mcp-session-id': id } });
    expect(server.sessions.size).toBe(0);
  });

  test('that the server has forgotten is begun anew for a list; a call fails, and is never made twice', async () => {
    const server = await serveOld();
    const upstream = upstreamOf({ kind: 'mcp', url: server.url });
    const connection = await connect(upstream);
    server.sessions.clear();
    expect((await connection.list('tools/list', {}, never))['tools']).not.toHaveLength(0);
    server.sessions.clear();
    const fault = await faultOf(connection.run(await callOf('echo', { text: 'x' }), peerOf()));
    expect(fault).toMatchObject({
      code: 'upstream_failed',
      detail: expect.stringContaining('no longer knows the session'),
    });
    expect(callsIn(server)).toHaveLength(1);
    const second = await connect(upstream);
    expect(textOf(await second.run(await callOf('echo', { text: 'again' }), peerOf()))).toContain('again');
  });

  test.each(['a b', 'x\u00e9', ''.padEnd(2_000, 'x')])('whose id is none (%#) is not begun', async (session) => {
    const server = await by2025(() => undefined, session);
    expect((await faultOf(connect(upstreamOf({ kind: 'mcp', url: server.url })))).code).toBe('upstream_malformed');
  });

  test('a stream that breaks off before the answer is taken up where it was, and the call is not made again', async () => {
    const seen: string[] = [];
    const server = await serve((request, response, body) => {
      const events = () => response.writeHead(200, { 'content-type': 'text/event-stream' });
      if (request.method === 'GET') {
        const last = request.headers['last-event-id'];
        if (last === undefined) return void response.writeHead(405).end();
        seen.push(String(last));
        events();
        if (seen.length === 1) return void response.end('id: e-2\nretry: 1\ndata:\n\n');
        return void response.end(`id: e-3\ndata: ${JSON.stringify(done(callId, 'resumed'))}\n\n`);
      }
      const { id, method } = JSON.parse(body) as Rpc;
      if (method === 'tools/call') {
        callId = id;
        events();
        // As a network does it, in the middle of it all.
        return void response.write('id: e-1\nretry: 1\ndata:\n\n', () => response.destroy());
      }
      if (id === undefined) return void response.writeHead(202).end();
      if (method !== 'initialize') return json(response, {}, 400);
      const result = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: {} };
      return json(response, { jsonrpc: '2.0', id, result });
    });
    let callId: number | undefined;
    const connection = await connect(upstreamOf({ kind: 'mcp', url: server.url }));
    expect(textOf(await connection.run(await callOf('x'), peerOf()))).toBe('resumed');
    expect(seen).toEqual(['e-1', 'e-2']);
    expect(callsIn(server)).toHaveLength(1);
  });

  test('a stream without ids that breaks off fails the call, and says that its effect is not known', async () => {
    const server = await by2025((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(': nothing\n\n');
    });
    const connection = await connect(upstreamOf({ kind: 'mcp', url: server.url }));
    const fault = await faultOf(connection.run(await callOf('x'), peerOf()));
    expect(fault).toMatchObject({ code: 'upstream_failed', detail: expect.stringContaining('not known') });
    expect(callsIn(server)).toHaveLength(1);
  });

  test('the official server, made resumable, closes a stream and the answer still comes', async () => {
    const server = await serveOld({ resumable: true });
    const connection = await connect(upstreamOf({ kind: 'mcp', url: server.url }));
    const peer = peerOf();
    const running = connection.run(await callOf('slow', { steps: 10 }), peer);
    await vi.waitFor(() => expect(peer.told).not.toEqual([]), { timeout: 10_000 });
    for (const transport of server.sessions.values()) transport.closeSSEStream(3);
    expect(textOf(await running)).toBe('done');
    expect(callsIn(server)).toHaveLength(1);
  });
});

test('a server of the era before may fail at the question which era it is of in any way', async () => {
  for (const status of [400, 404, 405, 406, 422, 500, 501, 502]) {
    const server = await serve((request, response, body) => {
      if (request.method !== 'POST') return void response.writeHead(405).end();
      const { id, method } = JSON.parse(body) as Rpc;
      if (method === 'server/discover') return void response.writeHead(status).end('<h1>no</h1>');
      const result = { protocolVersion: '2025-06-18', capabilities: {}, serverInfo: {} };
      return id === undefined
        ? void response.writeHead(202).end()
        : json(response, { jsonrpc: '2.0', id, result: method === 'initialize' ? result : done(id).result });
    });
    const connection = await connect(upstreamOf({ kind: 'mcp', url: server.url }));
    expect(connection.info.protocol).toBe('2025-06-18');
    expect(textOf(await connection.run(await callOf('x'), peerOf()))).toBe('done');
  }
});

test('a server that wants to be asked again at once, forever, is asked at a measured pace', async () => {
  const waits: number[] = [];
  const clock: Clock = {
    now: () => 0,
    micros: () => 0,
    after: (ms, then) => {
      waits.push(ms);
      setImmediate(then);
      return () => undefined;
    },
  };
  let asked = 0;
  const controller = new AbortController();
  const streams = new EventStreams({
    clock,
    get: async () => {
      if (++asked % 50 === 0) controller.abort(new Error('enough'));
      return { status: 200, headers: {}, body: Buffer.alloc(0), events: { lastId: `e-${asked}`, retry: 0 } };
    },
  });
  const broken = { status: 200, headers: {}, body: Buffer.alloc(0), events: { lastId: 'e', retry: 0 } };
  await expect(
    streams.resume(
      broken,
      {},
      () => undefined,
      () => false,
      controller.signal,
    ),
  ).rejects.toThrow('enough');
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(50);
  waits.length = 0;
  const following = new AbortController();
  const follower = new EventStreams({
    clock,
    get: async () => {
      if (++asked % 50 === 0) following.abort(new Error('enough'));
      return { status: 200, headers: {}, body: Buffer.alloc(0), events: { lastId: '', retry: 0 } };
    },
  });
  await follower.follow({}, () => undefined, following.signal);
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(500);
});
