import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createConnection } from 'node:net';
import type { JsonObject } from '@sallyport/core';
import { serve, type Served } from './served.ts';
import { begin, call, envelope, modern, note, open, responded, send } from './wire.ts';

let served: Served;
beforeEach(async () => {
  served = await serve();
});
afterEach(async () => {
  expect(served.faults).toEqual([]);
  await served.close();
});
const nothingHappened = () => expect(served.gateway.handled).toEqual([]);
const tools = modern('tools/call', { name: 'echo', arguments: {} });

describe('who may call at all', () => {
  it.each([
    ['a name that was made to resolve here', { host: 'evil.example' }],
    ['a name that only begins like ours', { host: 'localhost.evil.example' }],
    ['a name that only ends like ours', { host: 'evil-localhost' }],
    ['a host with credentials in it', { host: 'evil@127.0.0.1' }],
    ['a web page', { origin: 'https://evil.example' }],
    ['a web page on another port of this machine', { origin: 'http://127.0.0.1:1' }],
    ['an opaque origin', { origin: 'null' }],
    ['a page that has our name in another scheme', { origin: 'chrome-extension://127.0.0.1' }],
  ])('%s is refused in both eras, before its key is looked at', async (_, headers) => {
    for (const sent of [tools, { body: call('initialize') }, { method: 'GET' }, { method: 'DELETE' }]) {
      const more = 'headers' in sent ? sent.headers : {};
      const answer = await send(served, { ...sent, headers: { ...more, authorization: 'Bearer nobody', ...headers } });
      expect(answer.status).toBe(403);
    }
    nothingHappened();
  });

  it('two hosts in one request are refused, whichever is ours', async () => {
    const raw = (host: string) =>
      new Promise<string>((resolve) => {
        const socket = createConnection(served.port, '127.0.0.1');
        const chunks: Buffer[] = [];
        socket.on('data', (bytes: Buffer) => chunks.push(bytes));
        socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
        socket.end(
          `DELETE ${host} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ada\r\nconnection: close\r\n\r\n`,
        );
      });
    expect(await raw('http://evil.example/mcp')).toMatch(/^HTTP\/1\.1 (400|403|404) /);
    expect(await raw('/mcp')).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('a page of this very address may call, and one that the operator named, which is told what it may read', async () => {
    const own = await send(served, modern('tools/list', {}, { origin: `http://127.0.0.1:${served.port}` }));
    expect(own.status).toBe(200);
    const other = await serve({ allowedOrigins: ['https://tools.example'] });
    try {
      const headers = { origin: 'https://tools.example' };
      const preflight = await send(other, { method: 'OPTIONS', headers: { ...headers, authorization: undefined } });
      expect(preflight.status).toBe(204);
      expect(preflight.headers['access-control-allow-origin']).toBe('https://tools.example');
      const answer = await send(other, modern('tools/list', {}, headers));
      expect(answer.headers['access-control-expose-headers']).toContain('Mcp-Session-Id');
      expect((await send(other, modern('tools/list', {}, { origin: 'https://tools.example.evil' }))).status).toBe(403);
    } finally {
      await other.close();
    }
  });

  it('a stranger is told where to sign in, and their body is not read', async () => {
    const request = open(served, {
      headers: { authorization: undefined, 'content-length': '1000000' },
      method: 'POST',
    });
    const answer = await responded(request);
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toBe(
      'Bearer resource_metadata="https://sallyport.test/.well-known/oauth-protected-resource/mcp"',
    );
    request.destroy();
  });

  it('who has signed in with too little is told what is missing, and nothing in it ends the quotes', async () => {
    for (const [scope, status] of [
      ['tools:write tools:read', 403],
      ['a" , error="none', 403],
    ] as const) {
      const error = Object.assign(new Error('more'), { statusCode: 403, scope });
      const other = await serve({ authenticate: () => Promise.reject(error) });
      const { headers, status: got } = await send(other, tools);
      await other.close();
      expect(got).toBe(status);
      const challenge = headers['www-authenticate'];
      if (scope.includes('"')) expect(challenge).toBeUndefined();
      else expect(challenge).toMatch(/^Bearer error="insufficient_scope", scope="tools:write tools:read", resource_/);
    }
  });
});

describe('what a message may be', () => {
  const text = JSON.stringify(call('tools/list', { _meta: envelope }));
  it.each([
    ['nothing', '', 400, -32700],
    ['no JSON', '{"jsonrpc"', 400, -32700],
    ['two JSON bodies', text + text, 400, -32700],
    ['a member twice', text.replace('"id":1', '"id":1,"method":"tools/call"'), 400, -32700],
    ['an argument twice', text.replace('{"_meta"', '{"name":"a","name":"b","_meta"'), 400, -32700],
    ['a batch', `[${text}]`, 400, -32600],
    ['no JSON-RPC', '{"id":1,"method":"tools/list"}', 400, -32600],
    ['a request that is an answer as well', text.replace('"id":1', '"id":1,"result":{}'), 400, -32600],
    ['a request without an id that means anything', text.replace('"id":1', '"id":null'), 400, -32600],
    ['an id that no number can hold', text.replace('"id":1', '"id":12345678901234567890'), 400, -32600],
    ['a method that is none', text.replace('"tools/list"', '{}'), 400, -32600],
    ['parameters in a list', JSON.stringify({ ...call('tools/list'), params: [] }), 400, -32600],
    [
      'too deep a body',
      `{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":${'['.repeat(70)}${']'.repeat(70)}}}`,
      400,
      -32700,
    ],
    ['too large a body', `"${'a'.repeat(1_048_577)}"`, 413, -32600],
  ])('%s is refused', async (_, body, status, code) => {
    const { headers = {} } = modern('tools/list');
    const answer = await send(served, { headers, body });
    expect([answer.status, (answer.json['error'] as { code: number }).code]).toEqual([status, code]);
    nothingHappened();
  });

  it('bytes that are no UTF-8 are refused', async () => {
    const body = Buffer.concat([
      Buffer.from('{"jsonrpc":"2.0","id":1,"method":"'),
      Buffer.from([0xff]),
      Buffer.from('"}'),
    ]);
    expect((await send(served, { body })).status).toBe(400);
  });

  it.each([
    [{ accept: 'application/json' }, 406],
    [{ accept: 'text/event-stream' }, 406],
    [{ accept: undefined }, 406],
    [{ 'content-type': 'text/plain' }, 415],
    [{ 'content-type': undefined }, 415],
    [{ 'content-encoding': 'gzip' }, 415],
  ])('headers %j are refused', async (headers, status) => {
    expect((await send(served, { ...tools, headers: { ...tools.headers, ...headers } })).status).toBe(status);
    nothingHappened();
  });
});

describe('headers that say another thing than the body', () => {
  it.each([
    ['another tool', { 'mcp-name': 'harmless' }],
    ['the tool in other letters', { 'mcp-name': 'Echo' }],
    ['no tool', { 'mcp-name': undefined }],
    ['the tool twice', { 'mcp-name': ['echo', 'echo'] }],
    ['another tool, encoded', { 'mcp-name': '=?base64?aGFybWxlc3M=?=' }],
    ['the tool in broken base64', { 'mcp-name': '=?base64?ZWNobw?=' }],
    ['the tool in base64 with bits to spare', { 'mcp-name': '=?base64?ZWNobx==?=' }],
    ['another method', { 'mcp-method': 'tools/list' }],
    ['the method in other letters', { 'mcp-method': 'Tools/Call' }],
    ['no method', { 'mcp-method': undefined }],
    ['no revision', { 'mcp-protocol-version': undefined }],
    ['another revision', { 'mcp-protocol-version': '2025-11-25' }],
  ])('%s: refused with -32020, and the gateway never hears of it', async (_, headers) => {
    const answer = await send(served, { ...tools, headers: { ...tools.headers, ...headers } });
    expect([answer.status, answer.json['id'], (answer.json['error'] as { code: number }).code]).toEqual([
      400, 1, -32020,
    ]);
    nothingHappened();
  });

  it('in a session of 2025 as well, where no client sends them but a proxy may look', async () => {
    const { send: post } = await begin(served);
    const body = call('tools/call', { name: 'echo' });
    expect((await post(body, { 'mcp-method': 'tools/list' })).status).toBe(400);
    expect((await post(body, { 'mcp-name': 'harmless' })).status).toBe(400);
    nothingHappened();
    expect((await post(body, { 'mcp-method': 'tools/call', 'mcp-name': 'echo' })).status).toBe(200);
  });

  it('the tool in Base64 is the same tool', async () => {
    expect(
      (await send(served, { ...tools, headers: { ...tools.headers, 'mcp-name': '=?base64?ZWNobw==?=' } })).status,
    ).toBe(200);
  });

  it('arguments that are repeated in headers are held against the schema the session was shown', async () => {
    served.gateway.schemas['echo'] = {
      properties: {
        region: { type: 'string', 'x-mcp-header': 'Region' },
        more: { properties: { count: { type: 'integer', 'x-mcp-header': 'Count' } } },
      },
    };
    const args = { region: 'eu', more: { count: 42 } };
    const tried = async (headers: Record<string, string>) =>
      (await send(served, modern('tools/call', { name: 'echo', arguments: args }, headers))).status;
    expect(await tried({ 'mcp-param-region': 'eu', 'mcp-param-count': '42.0' })).toBe(200);
    expect(await tried({ 'mcp-param-region': 'us', 'mcp-param-count': '42' })).toBe(400);
    expect(await tried({ 'mcp-param-region': 'eu', 'mcp-param-count': '43' })).toBe(400);
    expect(await tried({ 'mcp-param-region': 'eu', 'mcp-param-count': '0x2a' })).toBe(400);
    expect(await tried({ 'mcp-param-region': 'eu' })).toBe(400);
    expect(await tried({})).toBe(400);
    expect(served.gateway.handled).toHaveLength(1);
  });

  it('an argument that only a header has is refused, whether it is left out or null', async () => {
    served.gateway.schemas['echo'] = { properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } };
    const tried = async (args: JsonObject, headers: Record<string, string>) =>
      (await send(served, modern('tools/call', { name: 'echo', arguments: args }, headers))).status;
    for (const args of [{}, { region: null }, { Region: 'eu' }]) {
      expect(await tried(args, { 'mcp-param-region': 'eu' })).toBe(400);
      nothingHappened();
    }
    expect(await tried({ region: null }, {})).toBe(200);
  });

  it('arguments in the headers of a 2025 session say what the body says, where they are sent', async () => {
    served.gateway.schemas['echo'] = {
      properties: {
        region: { type: 'string', 'x-mcp-header': 'Region' },
        tier: { type: 'string', 'x-mcp-header': 'Tier' },
      },
    };
    const { send: post } = await begin(served);
    const tried = async (args: JsonObject, headers: Record<string, string>) =>
      (await post(call('tools/call', { name: 'echo', arguments: args }), headers)).status;
    expect(await tried({ region: 'us' }, { 'mcp-param-region': 'eu' })).toBe(400);
    expect(await tried({}, { 'mcp-param-region': 'eu' })).toBe(400);
    nothingHappened();
    expect(await tried({ region: 'eu', tier: 'a' }, { 'mcp-param-region': 'eu' })).toBe(200);
    expect(await tried({ region: 'eu' }, {})).toBe(200);
  });

  it('a header that is there twice is refused, also where both together are what the body says', async () => {
    const uri = 'note://a, note://b';
    served.gateway.handlers['resources/read'] = () => ({ contents: [] });
    const tried = async (name: string | string[]) =>
      (await send(served, modern('resources/read', { uri }, { 'mcp-name': name }))).status;
    expect(await tried(['note://a', 'note://b'])).toBe(400);
    expect(await tried(uri)).toBe(200);
  });

  it('a gateway that cannot say what a tool takes has such headers refused', async () => {
    Object.assign(served.gateway, { inputSchema: undefined });
    expect((await send(served, tools)).status).toBe(200);
    const marked = { ...tools, headers: { ...tools.headers, 'mcp-param-region': 'eu' } };
    expect((await send(served, marked)).status).toBe(400);
  });

  it('an envelope without a header is no way into the era without checks, nor a header without an envelope', async () => {
    const { headers } = await begin(served);
    const within = { ...headers, 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'echo' };
    expect((await send(served, { headers: within, body: call('tools/call', { name: 'echo' }) })).status).toBe(400);
    const body = call('tools/call', { name: 'echo', _meta: envelope });
    expect((await send(served, { headers, body })).status).toBe(400);
    expect((await send(served, { headers: { ...headers, 'mcp-protocol-version': '2025-11-25' }, body })).status).toBe(
      400,
    );
    nothingHappened();
  });
});

describe('sessions of others', () => {
  it('another principal’s session id is as unknown as one that never was, for every verb', async () => {
    const { headers } = await begin(served);
    for (const id of [headers['mcp-session-id'], 'guess', '__proto__', 'constructor']) {
      const bobs = { authorization: 'Bearer bob', 'mcp-session-id': id };
      const answers = await Promise.all([
        send(served, { headers: bobs, body: call('tools/list') }),
        send(served, { headers: bobs, body: note('notifications/initialized') }),
        send(served, { headers: bobs, body: { jsonrpc: '2.0', id: 1, result: {} } }),
        send(served, { headers: bobs, method: 'GET' }),
        send(served, { headers: bobs, method: 'DELETE' }),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
      expect(new Set(answers.map(({ text }) => text.replace(/"id":[^,]*/, ''))).size).toBe(1);
    }
    expect((await send(served, { headers, body: call('ping') })).json['result']).toEqual({});
    nothingHappened();
  });

  it('an id is one of its own each time, and cannot be counted up', async () => {
    const ids = await Promise.all(
      Array.from({ length: 20 }, async () => (await begin(served)).headers['mcp-session-id']),
    );
    expect(new Set(ids).size).toBe(20);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{32}$/);
  });

  it('an ended session is gone for its own client as well', async () => {
    const { headers } = await begin(served);
    expect((await send(served, { headers, method: 'DELETE' })).status).toBe(204);
    expect((await send(served, { headers, body: call('ping') })).status).toBe(404);
  });

  it('a session is not begun within another, nor spoken in with another revision than it agreed', async () => {
    const { send: post } = await begin(served, 'ada', '2025-06-18');
    expect((await post(call('initialize'))).status).toBe(400);
    expect((await post(call('ping'), { 'mcp-protocol-version': '2025-06-18' })).status).toBe(200);
    expect((await post(call('ping'), { 'mcp-protocol-version': '2025-11-25' })).status).toBe(400);
    expect((await post(call('ping'), { 'mcp-protocol-version': '1' })).status).toBe(400);
  });
});
