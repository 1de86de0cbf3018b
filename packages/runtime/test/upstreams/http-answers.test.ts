import type { JsonObject } from '@sallyport/core';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { Mask } from '../../src/credentials/mask.ts';
import {
  clear,
  echo,
  faultOf,
  get,
  peer,
  serve,
  startEndpoints as start,
  TestCredentials,
  textOf,
} from './http-fixtures.ts';

describe('answers', () => {
  const answering = async (
    type: string | undefined,
    body: string | Buffer,
    entries: JsonObject = {},
    more: object = {},
  ) => {
    const { origin } = await serve((app) => {
      app.get('/o', (_, reply) => {
        // Past fastify, which would give every answer a type.
        reply.hijack();
        reply.raw.writeHead(200, { ...(type === undefined ? {} : { 'content-type': type }), ...more }).end(body);
      });
    });
    const connection = await start({ url: origin, endpoints: { read: get('/o') }, ...entries });
    return connection.run(await clear('read', {}), peer());
  };

  test('JSON is structured content, and the text as it came', async () => {
    expect(await answering('application/json', '{"id":12345678901234567890}')).toEqual({
      content: [{ type: 'text', text: '{"id":12345678901234567890}' }],
      structuredContent: { id: 12345678901234567000 },
    });
    expect(await answering('application/hal+json; charset=utf-8', '[1,2]')).toMatchObject({
      structuredContent: { result: [1, 2] },
    });
    expect(await answering('application/json', 'null')).toMatchObject({ structuredContent: { result: null } });
  });

  test('text is text, bytes are an embedded resource or an image', async () => {
    expect(await answering('text/plain', 'hällo')).toEqual({ content: [{ type: 'text', text: 'hällo' }] });
    const latin1 = Buffer.from('h\xe4llo', 'latin1');
    expect(await answering('text/plain; charset=iso-8859-1', latin1)).toMatchObject({ content: [{ text: 'hällo' }] });
    expect(await answering('text/plain', latin1)).toMatchObject({ content: [{ type: 'resource' }] });
    expect(await answering('image/png', Buffer.from([1, 2, 3]))).toEqual({
      content: [{ type: 'image', mimeType: 'image/png', data: 'AQID' }],
    });
    expect(await answering('image/svg+xml', '<svg/>')).toEqual({ content: [{ type: 'text', text: '<svg/>' }] });
    expect(await answering('application/pdf', Buffer.from([1]))).toMatchObject({
      content: [{ type: 'resource', resource: { mimeType: 'application/pdf', blob: 'AQ==' } }],
    });
    expect(await answering(undefined, 'plain')).toMatchObject({ content: [{ text: 'plain' }] });
    expect(await answering(undefined, Buffer.from([0, 1]))).toMatchObject({ content: [{ type: 'resource' }] });
    expect(await answering('application/json', '')).toMatchObject({ content: [{ type: 'text' }] });
  });

  test('bytes with a credential in them, at whatever place, are left out', async () => {
    class Real extends TestCredentials {
      readonly #mask = new Mask(Date.now);
      override mask(text: string): string {
        this.#mask.add(this.secret);
        return this.#mask.mask(text);
      }
    }
    const credentials = new Real();
    for (const before of ['', '\0', '\0\0', '\0\0\0']) {
      const { origin } = await serve((app) => {
        app.get('/o', (_, reply) =>
          reply.type('application/zip').send(Buffer.from(`${before}${credentials.secret}\xff`)),
        );
      });
      const connection = await start({ url: origin, endpoints: { read: get('/o') } }, credentials);
      const result = await connection.run(await clear('read', {}), peer());
      expect(result).toEqual({ content: [{ type: 'text', text: expect.stringContaining('left out') }] });
    }
  });

  test('what says that it is JSON and is not, or says a member twice, is not passed on', async () => {
    for (const body of ['{', '{"a":1,"a":2}', '['.repeat(100_000), 'hello']) {
      expect((await faultOf(answering('application/json', body))).code).toBe('upstream_malformed');
    }
  });

  test('an error of the API is told, cut short', async () => {
    const { origin } = await serve((app) => {
      app.get('/o', (_, reply) => reply.code(404).send('x'.repeat(100_000)));
    });
    const connection = await start({ url: origin, endpoints: { read: get('/o') } });
    const result = await connection.run(await clear('read', {}), peer());
    expect(result['isError']).toBe(true);
    expect(textOf(result)).toMatch(/^The API answered 404 Not Found\.\nx+…$/);
    expect(textOf(result).length).toBeLessThan(9_000);
  });

  test('a longer answer than configured is refused, packed or not', async () => {
    const small = { maxResultBytes: 10_000 };
    const long = await faultOf(answering('text/plain', 'x'.repeat(20_000), small));
    expect(long.detail).toContain('maxResultBytes');
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const packed = { ...small, maxResultBytes: 100_000 };
    expect((await faultOf(answering('text/plain', bomb, packed, { 'content-encoding': 'gzip' }))).detail).toContain(
      'maxResultBytes',
    );
    const fine = gzipSync('hello');
    expect(await answering('text/plain', fine, {}, { 'content-encoding': 'gzip' })).toMatchObject({
      content: [{ text: 'hello' }],
    });
    for (const encoding of ['br', 'gzip, gzip', 'deflate']) {
      const fault = await faultOf(answering('text/plain', fine, {}, { 'content-encoding': encoding }));
      expect(fault.code).toBe('upstream_malformed');
    }
    expect((await faultOf(answering('text/plain', 'xx', {}, { 'content-encoding': 'gzip' }))).code).toBe(
      'upstream_malformed',
    );
  });

  test('a redirect is told and not followed: the credential stays with this host', async () => {
    const other = await echo();
    const { origin } = await serve((app) => {
      app.get('/o', (_, reply) => reply.redirect(`${other.origin}/steal`, 307));
    });
    const credentials = new TestCredentials({ headers: { Authorization: 'Bearer sk' } });
    const connection = await start({ url: origin, endpoints: { read: get('/o') } }, credentials);
    const result = await connection.run(await clear('read', {}), peer());
    expect(result['isError']).toBe(true);
    expect(textOf(result)).toContain('not followed');
    expect(other.received).toEqual([]);
  });

  test('an API that drips is given up on, one that nobody listens at is told', async () => {
    const { origin } = await serve((app) => {
      app.get('/o', (_, reply) => {
        reply.hijack();
        reply.raw.writeHead(200, { 'content-type': 'text/plain' });
        const timer = setInterval(() => reply.raw.write('x'), 30);
        reply.raw.on('close', () => clearInterval(timer));
      });
    });
    const connection = await start({ url: origin, timeoutMs: 300, endpoints: { read: get('/o') } });
    expect((await faultOf(connection.run(await clear('read', {}), peer()))).code).toBe('upstream_timeout');
    const nobody = await start({ url: 'http://127.0.0.1:1', endpoints: { read: get('/o') } });
    const fault = await faultOf(nobody.run(await clear('read', {}), peer()));
    expect([fault.code, fault.detail]).toEqual(['upstream_failed', 'Upstream shop: ECONNREFUSED.']);
  });

  test('when nobody waits any more, the request is ended', async () => {
    let ended: () => void;
    const gone = new Promise<void>((resolve) => (ended = resolve));
    let arrived: () => void;
    const reached = new Promise<void>((resolve) => (arrived = resolve));
    const { origin } = await serve((app) => {
      app.get('/o', (_, reply) => {
        reply.hijack();
        reply.raw.on('close', () => ended());
        arrived();
      });
    });
    const connection = await start({ url: origin, endpoints: { read: get('/o') } });
    const controller = new AbortController();
    const running = connection.run(await clear('read', {}), peer({ signal: controller.signal }));
    running.catch(() => undefined);
    await reached;
    controller.abort();
    expect((await faultOf(running)).code).toBe('upstream_failed');
    await gone;
    const already = connection.run(await clear('read', {}), peer({ signal: controller.signal }));
    expect((await faultOf(already)).code).toBe('upstream_failed');
  });
});
