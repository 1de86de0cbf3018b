import type { JsonObject } from '@sallyport/core';
import { describe, expect, test } from 'vitest';
import { RuntimeFault } from '@sallyport/core';
import { createEndpointsUpstream } from '../../src/upstreams/endpoints/index.ts';
import {
  clear,
  configOf,
  echo,
  faultOf,
  get,
  inPath,
  never,
  peer,
  serve,
  services,
  startEndpoints as start,
  TestCredentials,
  textOf,
} from './http-fixtures.ts';

describe('endpoints are tools', () => {
  test('each is listed with schema, hints of its method, and where its arguments go', async () => {
    const connection = await start({
      url: 'https://shop.example/v1/',
      endpoints: {
        get_order: { ...get('/orders/{id}', { id: inPath, fields: { in: 'query' } }), description: 'One order' },
        cancel_order: { method: 'DELETE', path: '/orders/{id}', parameters: { id: inPath } },
        place_order: {
          method: 'POST',
          path: '/orders',
          parameters: { item: { in: 'body', required: true }, count: { in: 'body', schema: { type: 'integer' } } },
        },
      },
    });
    const { tools } = (await connection.list('tools/list', {}, never)) as { tools: JsonObject[] };
    expect(tools[0]).toEqual({
      name: 'get_order',
      description: 'One order',
      inputSchema: {
        type: 'object',
        properties: {
          id: { type: 'string', $comment: 'path' },
          fields: { type: 'string', $comment: 'query' },
        },
        required: ['id'],
        additionalProperties: false,
      },
      annotations: { title: 'GET https://shop.example/v1/orders/{id}', readOnlyHint: true, openWorldHint: false },
    });
    expect(tools.map(({ annotations }) => annotations)).toMatchObject([
      { readOnlyHint: true },
      { readOnlyHint: false, idempotentHint: true, destructiveHint: true },
      { readOnlyHint: false },
    ]);
    expect(await connection.list('prompts/list', {}, never)).toEqual({ prompts: [] });
  });

  test('only tools that the configuration offers are listed, and no other can be called', async () => {
    const connection = await start({
      url: 'https://shop.example',
      tools: ['get_*'],
      endpoints: { get_order: get('/o'), drop: { method: 'DELETE', path: '/o' } },
    });
    const { tools } = (await connection.list('tools/list', {}, never)) as { tools: JsonObject[] };
    expect(tools.map(({ name }) => name)).toEqual(['get_order']);
    await expect(connection.run(await clear('drop', {}), peer())).rejects.toMatchObject({ code: -32602 });
  });

  test('what the monitor did not clear is not sent', async () => {
    const { origin, received } = await echo();
    const connection = await start({ url: origin, endpoints: { get_order: get('/o') } });
    const { event, session, decision } = await clear('get_order', {});
    await expect(connection.run({ event, session, decision } as never, peer())).rejects.toThrow('without clearance');
    await expect(
      connection.run(
        await clear('get_order', {}, { target: { upstream: 'bank', method: 'tools/call', tool: 'get_order' } }),
        peer(),
      ),
    ).rejects.toMatchObject({ code: -32603 });
    expect(received).toEqual([]);
  });

  test('arguments go where the endpoint says, and nowhere else', async () => {
    const { origin, received } = await echo();
    const connection = await start({
      url: `${origin}/api`,
      headers: { 'X-Shop': 'main' },
      endpoints: {
        change: {
          method: 'PUT',
          path: '/orders/{id}/lines/{line}',
          parameters: {
            id: inPath,
            line: inPath,
            dry: { in: 'query' },
            tag: { in: 'query' },
            'X-Reason': { in: 'header' },
            note: { in: 'body' },
            count: { in: 'body' },
          },
        },
      },
    });
    const args = {
      id: "a b?c#d&e;f'Ä",
      line: 7,
      dry: true,
      tag: ['x&y', 'z'],
      'X-Reason': 'gift',
      note: 'hi',
      count: null,
    };
    const result = await connection.run(await clear('change', args), peer());
    expect(received).toMatchObject([
      {
        method: 'PUT',
        url: '/api/orders/a%20b%3Fc%23d%26e%3Bf%27%C3%84/lines/7?dry=true&tag=x%26y&tag=z',
        headers: { 'x-reason': 'gift', 'x-shop': 'main', 'content-type': 'application/json' },
        body: '{"note":"hi","count":null}',
      },
    ]);
    expect(result['structuredContent']).toMatchObject({ method: 'PUT' });
    expect(JSON.parse(textOf(result))).toEqual(result['structuredContent']);
  });

  test('an argument that is not declared, or is missing, is refused: nothing is dropped', async () => {
    const { origin, received } = await echo();
    const connection = await start({ url: origin, endpoints: { get_order: get('/o/{id}', { id: inPath }) } });
    for (const args of [{ id: '1', admin: true }, {}, { id: null }, { id: {} }, { id: '1', constructor: 'x' }]) {
      expect(await connection.run(await clear('get_order', args), peer())).toMatchObject({ isError: true });
    }
    expect(received).toEqual([]);
  });
});

describe('an argument cannot choose another address', () => {
  const hostile = [
    '..',
    '.',
    '',
    '...',
    '../admin',
    '..\\admin',
    'a/b',
    '/',
    '\\',
    '//evil.example',
    '..;',
    '.;x=1',
    '..;/admin',
    '%2e%2e',
    '%2E',
    '%2e%2e%2fadmin',
    '%252e%252e',
    '%25252e',
    'a%2fb',
    'a%5cb',
    'a%252fb',
    '%00',
    'a\0b',
    'a\nb',
    '\u0000',
    'a\r\nHost: evil',
    'a%0d%0ab',
    '\ud800',
  ];
  for (const id of hostile) {
    test(`path parameter ${JSON.stringify(id)}`, async () => {
      const { origin, received } = await echo();
      const connection = await start({ url: `${origin}/api`, endpoints: { read: get('/o/{id}', { id: inPath }) } });
      expect(await connection.run(await clear('read', { id }), peer())).toMatchObject({ isError: true });
      expect(received).toEqual([]);
    });
  }

  const harmless = [
    '@evil.example',
    'evil.example:80',
    'http:evil',
    'a..b',
    '.hidden',
    'x@y',
    '100%',
    '50%25',
    '?a=b',
    '#x',
    'ü',
  ];
  for (const id of harmless) {
    test(`path parameter ${JSON.stringify(id)} stays one segment of this API`, async () => {
      const { origin, received } = await echo();
      const connection = await start({ url: `${origin}/api`, endpoints: { read: get('/o/{id}', { id: inPath }) } });
      await connection.run(await clear('read', { id }), peer());
      expect(received.map(({ url }) => url)).toEqual([`/api/o/${encodeURIComponent(id)}`]);
    });
  }

  test('a parameter that fills the whole path stays below the base', async () => {
    const { origin, received } = await echo();
    const connection = await start({ url: origin, endpoints: { read: get('/{id}', { id: inPath }) } });
    await connection.run(await clear('read', { id: '@evil.example' }), peer());
    expect(received.map(({ url }) => url)).toEqual(['/%40evil.example']);
    expect(await connection.run(await clear('read', { id: '/evil.example' }), peer())).toMatchObject({ isError: true });
    expect(received).toHaveLength(1);
  });

  test('a header cannot be broken out of, and an address cannot be made endless', async () => {
    const { origin, received } = await echo();
    const connection = await start({
      url: origin,
      endpoints: { read: get('/o', { 'X-Note': { in: 'header' }, q: { in: 'query' } }) },
    });
    for (const value of ['a\r\nAuthorization: Bearer x', 'a\nb', 'a\0', 'é', ' a', '', 'a\u2028b', ['a', 'b\r\nc']]) {
      expect(await connection.run(await clear('read', { 'X-Note': value }), peer())).toMatchObject({ isError: true });
    }
    const q = 'x'.repeat(20_000);
    expect(await connection.run(await clear('read', { q }), peer())).toMatchObject({ isError: true });
    expect(received).toEqual([]);
  });

  test('a query parameter cannot add another one', async () => {
    const { origin, received } = await echo();
    const connection = await start({ url: origin, endpoints: { read: get('/o', { q: { in: 'query' } }) } });
    await connection.run(await clear('read', { q: 'a&admin=true#x' }), peer());
    expect(received.map(({ url }) => url)).toEqual(['/o?q=a%26admin%3Dtrue%23x']);
    expect(await connection.run(await clear('read', { q: { admin: 'true' } }), peer())).toMatchObject({
      isError: true,
    });
  });

  test('a member called __proto__ does not reach the API, constructor is a name like any other', async () => {
    const { origin, received } = await echo();
    const connection = await start({
      url: origin,
      endpoints: {
        send: { method: 'POST', path: '/o', parameters: { constructor: { in: 'body' }, data: { in: 'body' } } },
      },
    });
    const data = JSON.parse('{"a":[{"__proto__":{"admin":true}}]}') as JsonObject;
    expect(await connection.run(await clear('send', { data }), peer())).toMatchObject({ isError: true });
    await connection.run(await clear('send', { constructor: 'ann' }), peer());
    expect(received.map(({ body }) => body)).toEqual(['{"constructor":"ann"}']);
  });
});

describe('what cannot be configured', () => {
  const bad: readonly (readonly [string, JsonObject])[] = [
    ['a path that climbs', get('/../admin')],
    ['a path that climbs encoded', get('/%2e%2e/admin')],
    ['a path with a query', get('/a?b=c')],
    ['a path with a fragment', get('/a#b')],
    ['a placeholder without parameter', get('/a/{id}')],
    ['a path parameter without placeholder', get('/a', { id: inPath })],
    ['a host header', get('/a', { Host: { in: 'header' } })],
    ['an Authorization header', get('/a', { Authorization: { in: 'header' } })],
    ['a cookie header', get('/a', { cookie: { in: 'header' } })],
    ['a hop-by-hop header', get('/a', { 'Transfer-Encoding': { in: 'header' } })],
    ['a method override', get('/a', { 'X-HTTP-Method-Override': { in: 'header' } })],
    ['the header of the user context', get('/a', { 'Sallyport-User-Context': { in: 'header' } })],
    ["one of the operator's headers", get('/a', { 'x-shop': { in: 'header' } })],
    ['a header twice', get('/a', { 'X-Id': { in: 'header' }, 'x-id': { in: 'header' } })],
    ['a GET with a body', get('/a', { x: { in: 'body' } })],
  ];
  for (const [what, endpoint] of bad) {
    test(what, () => {
      const config = configOf('endpoints', {
        url: 'https://shop.example/v1',
        headers: { 'X-Shop': 'main' },
        endpoints: { bad: endpoint },
      });
      expect(() => createEndpointsUpstream('shop', config, services())).toThrow(/^upstreams\.shop\.endpoints\.bad\./);
    });
  }
});

test('an address with a query, which no request would have, is not taken for one', () => {
  for (const url of ['https://shop.example/v1?version=2', 'https://shop.example/#v1']) {
    expect(() => configOf('endpoints', { url, endpoints: {} })).toThrow(/upstreams\.shop\.url.*declare a parameter/);
    expect(() => configOf('openapi', { url, document: 'api.yaml' })).toThrow(/upstreams\.shop\.url/);
  }
});

describe('credentials and the user context', () => {
  test('are attached at the wire, for exactly this request, and win', async () => {
    const { origin, received } = await echo();
    const credentials = new TestCredentials({ headers: { Authorization: 'Bearer sk-1' }, query: { api: 'k&1' } });
    const signed: unknown[] = [];
    const sign = (about: object) => {
      signed.push(about);
      return Promise.resolve('signed.user.context');
    };
    const connection = await start(
      { url: `${origin}/v1`, endpoints: { read: get('/o/{id}', { id: inPath, q: { in: 'query' } }) } },
      credentials,
      { userContexts: { sign } },
    );
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const meta = { traceparent, authorization: 'Bearer of-the-client' };
    await connection.run(await clear('read', { id: '1', q: 'x' }), peer({ meta }));
    expect(received).toMatchObject([
      {
        url: '/v1/o/1?q=x&api=k%261',
        headers: {
          authorization: 'Bearer sk-1',
          'sallyport-user-context': 'signed.user.context',
          traceparent,
          'user-agent': 'sallyport',
        },
      },
    ]);
    expect(credentials.uses).toMatchObject([
      { upstream: 'shop', url: `${origin}/v1/o/1?q=x`, httpMethod: 'GET', tool: 'read', session: { id: 's-1' } },
    ]);
    expect(signed).toMatchObject([{ audience: origin, tool: 'read', callId: 'c-1', session: { user: { id: 'ann' } } }]);
  });

  test('an argument cannot take the place of a credential', async () => {
    const { origin, received } = await echo();
    const entries = {
      url: origin,
      endpoints: { read: get('/o', { 'X-Key': { in: 'header' }, key: { in: 'query' } }) },
    };
    const byHeader = await start(entries, new TestCredentials({ headers: { 'x-key': 'sk' } }));
    const byQuery = await start(entries, new TestCredentials({ query: { key: 'sk' } }));
    expect(await byHeader.run(await clear('read', { 'X-Key': 'mine' }), peer())).toMatchObject({ isError: true });
    expect(await byQuery.run(await clear('read', { key: 'mine' }), peer())).toMatchObject({ isError: true });
    expect(received).toEqual([]);
  });

  test('without its credential a request is not sent', async () => {
    const { origin, received } = await echo();
    const credentials = new TestCredentials();
    credentials.attach = () => Promise.reject(new RuntimeFault('credential_unavailable', { detail: 'expired' }));
    const connection = await start({ url: origin, endpoints: { read: get('/o') } }, credentials);
    expect((await faultOf(connection.run(await clear('read', {}), peer()))).code).toBe('credential_unavailable');
    expect(received).toEqual([]);
  });

  test('after a 401 a reading request is made once more, a writing one never', async () => {
    const { origin, received } = await serve((app) => {
      app.all('/o', (request, reply) =>
        request.headers.authorization === 'Bearer new' ? { ok: true } : reply.code(401).send({ error: 'expired' }),
      );
    });
    const entries = { url: origin, endpoints: { read: get('/o'), write: { method: 'POST', path: '/o' } } };
    const rotating = () => {
      const credentials = new TestCredentials({ headers: { Authorization: 'Bearer old' } });
      credentials.fresh = 'new';
      return credentials;
    };
    const reading = await start(entries, rotating());
    expect((await reading.run(await clear('read', {}), peer()))['structuredContent']).toEqual({ ok: true });
    expect(received).toHaveLength(2);
    const writing = await start(entries, rotating());
    expect(await writing.run(await clear('write', {}), peer())).toMatchObject({ isError: true });
    expect(received).toHaveLength(3);
    const hopeless = await start(entries, new TestCredentials());
    expect(await hopeless.run(await clear('read', {}), peer())).toMatchObject({ isError: true });
    expect(received).toHaveLength(4);
  });

  test('a credential that the API echoes does not come out, whatever the status and however long the answer', async () => {
    const secret = 'sk-very-secret-0042';
    const { origin } = await serve((app) => {
      app.get('/:status', (request, reply) => {
        const { status } = request.params as { status: string };
        const echoed = `${'x'.repeat(8_185)} ${request.headers.authorization ?? ''}`;
        return reply.code(Number(status)).header('location', `https://evil.example/${secret}`).send({ echoed });
      });
    });
    const credentials = new TestCredentials({ headers: { Authorization: `Bearer ${secret}` } });
    const connection = await start({ url: origin, endpoints: { read: get('/{id}', { id: inPath }) } }, credentials);
    for (const id of ['200', '302', '400', '401', '500']) {
      const told = JSON.stringify(await connection.run(await clear('read', { id }), peer()));
      expect(told).not.toContain('sk-very');
      expect(told.length).toBeLessThan(20_000);
    }
  });
});
