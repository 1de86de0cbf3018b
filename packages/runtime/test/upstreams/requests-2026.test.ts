import type { JsonObject } from '@sallyport/core';
import { JsonRpcError } from '@sallyport/core';
import { afterEach, describe, expect, test } from 'vitest';
import type { Rpc } from './by-hand.ts';
import { by2026, callsIn, done, json, never, textOf } from './by-hand.ts';
import { headerParams, headerValue, paramHeaders } from '../../src/upstreams/protocol/header-params.ts';
import { callOf, clearedCall, closeAll, connect, peerOf, serve, sessionOf, upstreamOf } from './support.ts';
import { serveNew } from './servers.ts';

afterEach(closeAll);

describe('a 2026 request over HTTP', () => {
  test('says in headers what its body says', async () => {
    const server = await serveNew();
    const connection = await connect(upstreamOf({ kind: 'mcp', url: server.url }), sessionOf(), {
      elicitation: {},
      other: {},
    });
    await connection.run(await callOf('echo', { text: 'x' }), peerOf());
    const read = await clearedCall(
      { upstream: 'up', method: 'resources/read' },
      { uri: 'note://one', _meta: { a: 1 } },
    );
    await connection.run(read, peerOf());
    const [call] = callsIn(server);
    expect(call).toMatchObject({
      headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'echo' },
    });
    expect(JSON.parse(call?.body ?? '')).toMatchObject({
      params: {
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientInfo': { name: 'sallyport' },
          'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
        },
      },
    });
    expect(call?.body).not.toContain('other');
    const last = server.requests.at(-1);
    expect(last?.headers).toMatchObject({ 'mcp-method': 'resources/read', 'mcp-name': 'note://one' });
    expect(last?.body).not.toContain('"a":1');
  });

  test.each([
    ['read\r\nX-Admin: yes'],
    ['größe'],
    [' padded '],
    ['=?base64?eA==?='],
    ['tab\there'],
    ['nul\u0000'],
    ['日本語\ud800'],
    [''],
  ])('cannot be made to carry another header by the name of a tool (%j)', async (name) => {
    const server = await by2026(({ id }, response) => json(response, done(id)));
    const connection = await connect(upstreamOf({ kind: 'mcp', url: server.url }));
    await connection.run(await callOf(name), peerOf());
    const [request] = callsIn(server);
    expect(request?.headers).not.toHaveProperty('x-admin');
    const sent = String(request?.headers['mcp-name'] ?? '');
    const decoded = sent.startsWith('=?base64?') ? Buffer.from(sent.slice(9, -2), 'base64').toString('utf8') : sent;
    expect(decoded).toBe(Buffer.from(name, 'utf8').toString('utf8'));
  });

  test('carries the arguments that the schema names in headers, encoded, and nothing of another type', () => {
    const property = (type: string, header: string) => ({ type, 'x-mcp-header': header });
    const schema: JsonObject = {
      type: 'object',
      properties: {
        region: property('string', 'Region'),
        nested: { type: 'object', properties: { dry: property('boolean', 'Dry'), n: property('integer', 'N') } },
        absent: property('string', 'Absent'),
        nothing: property('string', 'Nothing'),
        odd: property('string', 'Odd'),
        ['__proto__']: property('string', 'Proto'),
      },
    };
    const args = { region: 'a\r\nAuthorization: x', nested: { dry: false, n: 7 }, nothing: null, odd: ['a'] };
    expect(paramHeaders(schema, args)).toEqual({
      'mcp-param-region': `=?base64?${Buffer.from(args.region).toString('base64')}?=`,
      'mcp-param-dry': 'false',
      'mcp-param-n': '7',
    });
    expect(headerValue('plain value')).toBe('plain value');
  });

  test.each<[string, JsonObject]>([
    [
      'two of one name',
      { properties: { a: { type: 'string', 'x-mcp-header': 'A' }, b: { type: 'string', 'x-mcp-header': 'a' } } },
    ],
    ['a line break', { properties: { a: { type: 'string', 'x-mcp-header': 'A\r\nB' } } }],
    ['an object', { properties: { a: { type: 'object', 'x-mcp-header': 'A' } } }],
    ['a list', { properties: { a: { type: 'array', items: { type: 'string', 'x-mcp-header': 'A' } } } }],
    ['a choice', { anyOf: [{ properties: { a: { type: 'string', 'x-mcp-header': 'A' } } }] }],
    ['the root', { type: 'string', 'x-mcp-header': 'A' }],
  ])('a tool whose schema names headers amiss is not offered, and the others are: %s', async (_, schema) => {
    expect(() => headerParams(schema)).toThrow();
    const server = await by2026(({ id }, response) => {
      const tools = [
        { name: 'bad', inputSchema: schema },
        { name: 'good', inputSchema: { type: 'object' } },
      ];
      json(response, { jsonrpc: '2.0', id, result: { resultType: 'complete', tools } });
    });
    const connection = await connect(upstreamOf({ kind: 'mcp', url: server.url }));
    expect((await connection.list('tools/list', {}, never))['tools']).toMatchObject([{ name: 'good' }]);
  });

  test('is made again with what was asked for, and with nothing else beside the cleared arguments', async () => {
    const server = await by2026(({ id, params }, response) => {
      const { requestState } = params;
      const asks = { resultType: 'input_required', inputRequests: { a: { method: 'roots/list' } }, requestState: 's' };
      json(response, requestState === 's' ? done(id) : { jsonrpc: '2.0', id, result: asks });
    });
    const connection = await connect(upstreamOf({ kind: 'mcp', url: server.url }));
    expect(await connection.run(await callOf('x'), peerOf())).toMatchObject({ resultType: 'input_required' });
    const again = { inputResponses: { a: { roots: [] } }, requestState: 's', name: 'other', arguments: { evil: 1 } };
    expect(textOf(await connection.run(await callOf('x', { b: 1 }), peerOf({ again })))).toBe('done');
    expect(JSON.parse(callsIn(server)[1]?.body ?? '')).toMatchObject({
      params: { name: 'x', arguments: { b: 1 }, inputResponses: { a: { roots: [] } }, requestState: 's' },
    });
  });

  test('that is refused for its revision is asked about anew by the next connection', async () => {
    let old = false;
    const result = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: {} };
    const server = await serve((request, response, body) => {
      if (request.method === 'GET') return void response.writeHead(405).end();
      const { id, method } = JSON.parse(body) as Rpc;
      if (id === undefined) return void response.writeHead(202).end();
      const error = { code: -32022, message: 'no', data: { supported: ['2025-11-25'], requested: '2026-07-28' } };
      const discovered = { supportedVersions: ['2026-07-28'], capabilities: {} };
      if (!old) return json(response, { jsonrpc: '2.0', id, result: method === 'server/discover' ? discovered : {} });
      if (method === 'initialize') return json(response, { jsonrpc: '2.0', id, result });
      return json(
        response,
        request.headers['mcp-method'] ? { jsonrpc: '2.0', id, error } : done(id),
        request.headers['mcp-method'] ? 400 : 200,
      );
    });
    const upstream = upstreamOf({ kind: 'mcp', url: server.url });
    const first = await connect(upstream);
    expect(first.info.protocol).toBe('2026-07-28');
    old = true;
    await expect(first.run(await callOf('x'), peerOf())).rejects.toBeInstanceOf(JsonRpcError);
    const second = await connect(upstream);
    expect(second.info.protocol).toBe('2025-11-25');
    expect(textOf(await second.run(await callOf('x'), peerOf()))).toBe('done');
  });
});
