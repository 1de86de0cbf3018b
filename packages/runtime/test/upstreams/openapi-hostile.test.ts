import type { Json, JsonObject } from '@sallyport/core';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createOpenApiUpstream } from '../../src/upstreams/openapi/index.ts';
import {
  clear,
  closeAfter,
  configOf,
  echo,
  faultOf,
  never,
  peer,
  serve,
  services,
  TestCredentials,
} from './http-fixtures.ts';
import { documentOf, folderWith, listed, ok, query, startOpenApi } from './openapi-fixtures.ts';

const connect = async (entries: JsonObject, folder = '/nowhere', credentials = new TestCredentials()) => {
  const upstream = createOpenApiUpstream('shop', configOf('openapi', entries), services({ folder, credentials }));
  closeAfter(() => upstream.close());
  return { upstream, connection: await upstream.connect({ capabilities: {}, signal: never }) };
};
const one = (more: JsonObject = {}): JsonObject => documentOf({ '/x': { get: { operationId: 'x', ...ok } } }, more);
const body = (schema: JsonObject, more: JsonObject = {}): JsonObject =>
  documentOf(
    { '/x': { post: { operationId: 'x', requestBody: { content: { 'application/json': { schema } } }, ...ok } } },
    more,
  );

/** Serves a document, which may say something else each time. */
const serving = (document: () => unknown) =>
  serve((app) => {
    app.get('/api/openapi.json', () => document());
    app.get('/elsewhere', (_, reply) => reply.redirect('/api/openapi.json'));
    app.all('/*', (request) => ({ url: request.raw.url }));
  });

describe('where calls go is not for the document to say', () => {
  test('the configured address wins over any server of the document', async () => {
    const evil = await echo();
    const own = await echo();
    const folder = folderWith(one({ servers: [{ url: evil.origin }] }));
    const { connection } = await connect({ document: 'api.yaml', url: `${own.origin}/v1` }, folder);
    await connection.run(await clear('x', {}), peer());
    expect([own.received.map(({ url }) => url), evil.received]).toEqual([['/v1/x'], []]);
  });

  test('a document that was fetched may name its own origin and no other', async () => {
    let servers: JsonObject[] = [{ url: 'v2/' }];
    const { origin, received } = await serving(() => one({ servers }));
    const document = `${origin}/api/openapi.json`;
    const { connection } = await connect({ document });
    await connection.run(await clear('x', {}), peer());
    expect(received.map(({ url }) => url)).toEqual(['/api/openapi.json', '/api/v2/x']);
    const others = [
      'https://evil.example',
      '//evil.example/x',
      'http://127.0.0.1:1',
      origin.replace('http://', 'http://a:b@'),
      'file:///etc',
      `${origin}/?x=1`,
    ];
    for (const url of others) {
      servers = [{ url }];
      expect((await faultOf(connect({ document }))).detail).toMatch(
        /^upstreams\.shop\.document: .*say upstreams\.shop\.url$/,
      );
    }
    servers = [{ url: '{where}', variables: { where: { default: 'https://evil.example' } } }];
    expect((await faultOf(connect({ document }))).detail).toContain('was fetched from');
  });

  test('a file that names no whole address, or one in clear, needs a url', async () => {
    for (const servers of [[], [{ url: '/v1' }], [{ url: 'http://api.example' }], [{ url: 'ftp://api.example' }]]) {
      const folder = folderWith(one({ servers }));
      expect((await faultOf(connect({ document: 'api.yaml' }, folder))).detail).toContain('say upstreams.shop.url');
    }
    const { upstream } = await connect(
      { document: 'api.yaml' },
      folderWith(one({ servers: [{ url: 'https://api.example/v1' }] })),
    );
    expect(upstream.status()).toMatchObject({ state: 'connected', protocol: 'http' });
  });

  test('it is fetched once, without credentials, and no redirect is followed', async () => {
    const { origin, received } = await serving(() => one());
    const credentials = new TestCredentials({ headers: { Authorization: 'Bearer sk' } });
    const entries = { document: `${origin}/api/openapi.json` };
    const { upstream, connection } = await connect(entries, undefined, credentials);
    await upstream.connect({ capabilities: {}, signal: never });
    await connection.run(await clear('x', {}), peer());
    expect(received.map(({ url, headers }) => [url, headers['authorization']])).toEqual([
      ['/api/openapi.json', undefined],
      ['/x', 'Bearer sk'],
    ]);
    const fault = await faultOf(connect({ document: `${origin}/elsewhere` }));
    expect(fault.detail).toContain('answers 302 and redirects to /api/openapi.json, which is not followed');
  });

  test('after a failure it is fetched again', async () => {
    let broken = true;
    const { origin } = await serving(() => (broken ? 'oops' : one()));
    const config = configOf('openapi', { document: `${origin}/api/openapi.json` });
    const upstream = createOpenApiUpstream('shop', config, services());
    closeAfter(() => upstream.close());
    await faultOf(upstream.connect({ capabilities: {}, signal: never }));
    expect(upstream.status()).toMatchObject({ state: 'failing' });
    broken = false;
    expect(await listed(await upstream.connect({ capabilities: {}, signal: never }))).toHaveLength(1);
    expect(upstream.status()).toMatchObject({ state: 'connected' });
  });

  test('one that never comes keeps nobody waiting who closes the upstream', async () => {
    const asked = Promise.withResolvers<void>();
    const { origin } = await serve((app) => {
      app.get('/slow', (_, reply) => {
        reply.hijack();
        asked.resolve();
      });
    });
    const upstream = createOpenApiUpstream('shop', configOf('openapi', { document: `${origin}/slow` }), services());
    const connecting = faultOf(upstream.connect({ capabilities: {}, signal: never }));
    await asked.promise;
    await upstream.close();
    expect((await connecting).code).toBe('upstream_failed');
    expect((await faultOf(upstream.connect({ capabilities: {}, signal: never }))).code).toBe('shutting_down');
  });

  test('an address in clear, or with credentials in it, is not fetched', async () => {
    for (const document of ['http://api.example/openapi.json', 'https://a:b@api.example/openapi.json']) {
      expect((await faultOf(connect({ document }))).code).toBe('invalid_config');
    }
  });

  test('a file outside of the folder is not read, by whatever way', async () => {
    const outside = folderWith(one());
    const folder = mkdtempSync(join(tmpdir(), 'openapi-'));
    closeAfter(() => rmSync(folder, { recursive: true }));
    symlinkSync(join(outside, 'api.yaml'), join(folder, 'link.yaml'));
    for (const document of [join(outside, 'api.yaml'), `../${outside.split('/').at(-1)}/api.yaml`, 'link.yaml']) {
      expect((await faultOf(connect({ document }, folder))).detail).toContain('lies outside');
    }
    expect((await faultOf(connect({ document: 'none.yaml' }, folder))).detail).toContain('ENOENT');
    expect((await faultOf(connect({ document: '/etc/passwd' }, folder))).detail).toContain('lies outside');
  });
});

describe('a document cannot do harm by what it is', () => {
  const malformed = async (document: string | JsonObject): Promise<string> => {
    const fault = await faultOf(startOpenApi(document));
    expect(fault.code).toBe('upstream_malformed');
    return fault.detail ?? '';
  };

  test('references that refer to each other are written once each, however many ways lead to them', async () => {
    const levels = 60;
    const schemas = Object.fromEntries(
      Array.from({ length: levels }, (_, i) => {
        const next = { $ref: `#/components/schemas/L${(i + 1) % levels}` };
        return [`L${i}`, { type: 'object', properties: { a: next, b: next, c: next, d: next } }];
      }),
    );
    const { tools } = await startOpenApi(body({ $ref: '#/components/schemas/L0' }, { components: { schemas } }));
    const written = JSON.stringify(tools[0]);
    expect(written.length).toBeLessThan(20_000);
    expect(written.match(/"L\d+":/g)).toHaveLength(levels);
  });

  test('references in a circle end, and too many of them cost the tool', async () => {
    const circle = {
      components: {
        parameters: { A: { $ref: '#/components/parameters/B' }, B: { $ref: '#/components/parameters/A' } },
      },
    };
    const turning = documentOf(
      { '/x': { get: { parameters: [{ $ref: '#/components/parameters/A' }], ...ok } } },
      circle,
    );
    expect((await startOpenApi(turning)).skipped).toMatchObject([{ why: 'its references lead in a circle' }]);
    const itself = await startOpenApi(
      body({ $ref: '#/components/schemas/A' }, { components: { schemas: { A: { $ref: '#/components/schemas/A' } } } }),
    );
    expect(itself.tools).toHaveLength(1);
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`S${i}`, { type: 'string' }]));
    const anyOf = Object.keys(many).map((name) => ({ $ref: `#/components/schemas/${name}` }));
    expect((await startOpenApi(body({ anyOf }, { components: { schemas: many } }))).skipped).toMatchObject([
      { why: expect.stringContaining('too many') },
    ]);
  });

  test('a schema that is too deep or too large costs the tool, not the upstream', async () => {
    let deep: JsonObject = { type: 'string' };
    for (let i = 0; i < 45; i++) deep = { type: 'array', items: deep };
    const properties = Object.fromEntries(
      Array.from({ length: 9_000 }, (_, i) => [`property_${i}`, { type: 'string' }]),
    );
    for (const schema of [deep, { type: 'object', properties }]) {
      const { tools, skipped } = await startOpenApi(body(schema));
      expect([tools.length, skipped.length]).toEqual([0, 1]);
    }
    expect(await malformed(`{"openapi":"3.1.0","x":${'['.repeat(50_000)}${']'.repeat(50_000)}}`)).toContain('deep');
    expect(await malformed(`openapi: 3.1.0\nx: ${'['.repeat(50_000)}${']'.repeat(50_000)}`)).toContain('deep');
  });

  test('aliases that multiply are refused before they are followed', async () => {
    const lines = ['openapi: 3.1.0', 'x0: &x0 [1,1,1,1,1,1,1,1,1,1]'];
    for (let i = 1; i < 20; i++)
      lines.push(
        `x${i}: &x${i} [${Array(10)
          .fill(`*x${i - 1}`)
          .join(',')}]`,
      );
    await malformed(lines.join('\n'));
    await malformed('openapi: &a 3.1.0\nx: &b\n  y: *b');
    const used = '{ type: string, maxLength: 5 }';
    const fine = `openapi: 3.1.0\ninfo: { title: x, version: '1' }\npaths:\n  /x:\n    get:\n      parameters:\n        - { name: a, in: query, schema: &s ${used} }\n        - { name: b, in: query, schema: *s }\n      responses: { '200': { description: ok } }`;
    expect((await startOpenApi(fine)).tools).toMatchObject([
      { inputSchema: { properties: { a: { maxLength: 5 }, b: { maxLength: 5 } } } },
    ]);
  });

  test('what is no JSON, twice there, or of another kind is refused', async () => {
    expect(await malformed('{"openapi":"3.1.0","openapi":"3.0.0"}')).toContain('twice');
    expect(await malformed('openapi: 3.1.0\nopenapi: 3.0.0')).toContain('unique');
    expect(await malformed('openapi: 3.1.0\nx: .nan')).toContain('JSON does not have');
    expect(await malformed('- 1')).toContain('no object');
    expect(await malformed('swagger: "2.0"')).toContain('no such `openapi` member');
    expect(await malformed('openapi: 4.0.0')).toContain('3.0, 3.1 or 3.2');
    expect(await malformed(documentOf({ x: {} }))).toContain('is no valid OpenAPI 3.1');
  });

  test('too large a document is refused, by file and by address, packed or not', async () => {
    const huge = JSON.stringify(one({ 'x-filler': 'x'.repeat(17_000_000) }));
    expect(await malformed(huge)).toContain('16777216 are read');
    expect(await malformed(`openapi: 3.1.0\nx: ${'y'.repeat(3_000_000)}`)).toContain('keep it as JSON');
    const packed = gzipSync(huge);
    const { origin } = await serve((app) => {
      app.get('/plain', (_, reply) => reply.type('application/json').send(huge));
      app.get('/packed', (_, reply) => reply.header('content-encoding', 'gzip').send(packed));
    });
    for (const path of ['plain', 'packed']) {
      expect((await faultOf(connect({ document: `${origin}/${path}` }))).code).toBe('upstream_malformed');
    }
  });

  test('10 MB of operations are read, and a thousand of them are tools', async () => {
    const description = 'long '.repeat(100);
    const paths = Object.fromEntries(
      Array.from({ length: 15_000 }, (_, i) => [
        `/things/${i}`,
        { get: { operationId: `thing${i}`, description, ...ok } },
      ]),
    );
    const document = documentOf(paths);
    expect(JSON.stringify(document).length).toBeGreaterThan(9_000_000);
    const { tools, skipped } = await startOpenApi(document);
    expect([tools.length, skipped.length, skipped[0]?.why]).toEqual([
      1_000,
      1_000,
      '1000 tools are offered already; choose by `tools`',
    ]);
    const chosen = await startOpenApi(document, { tools: ['thing1499*'] });
    expect(chosen.tools).toHaveLength(11);
  }, 30_000);

  test('no name of the document becomes a place of this process', async () => {
    const hostile = `{"openapi":"3.1.0","info":{"title":"x","version":"1"},
      "x-a":{"$ref":"#/info","constructor":{"prototype":{"polluted":{"$ref":"#/info"}}}},
      "x-b":{"$ref":"#/constructor/prototype","polluted":{"$ref":"#/info"}},
      "x-c":{"__proto__":{"polluted":{"$ref":"#/info"}}},
      "paths":{"__proto__":{"get":{"operationId":"p","responses":{}}},
        "/x":{"__proto__":{"operationId":"q"},"get":{"operationId":"__proto__","parameters":[
          {"name":"constructor","in":"query","schema":{"type":"object","style":"form","properties":{"__proto__":{"type":"string"},"toString":{"type":"string"}}}}],
          "requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/__proto__"}}}},
          "responses":{"200":{"description":"ok"}}}}},
      "components":{"schemas":{"__proto__":{"type":"object"},"constructor":{"type":"object","required":["__proto__"],"properties":{"__proto__":{"type":"string"}}}}}}`;
    const { tools } = await startOpenApi(hostile);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(tools.map(({ name }) => name)).toEqual(['proto']);
    expect(JSON.stringify(tools)).not.toContain('"__proto__"');
    const { tools: constructors } = await startOpenApi(
      body(
        { $ref: '#/components/schemas/constructor' },
        { components: { schemas: { constructor: { type: 'object' } } } },
      ),
    );
    expect(constructors).toMatchObject([{ inputSchema: { $defs: { constructor: { type: 'object' } } } }]);
  });

  test('what makes a validator slow is not given to it', async () => {
    const security = Array.from({ length: 60_000 }, () => ({ key: [] }));
    const tags = Array.from({ length: 60_000 }, (_, i) => ({ name: `t${i}`, description: 'same' }));
    const parameters = Array.from({ length: 3_000 }, (_, i) => query(`p${i}`));
    const document = documentOf({ '/x': { get: { parameters, ...ok } } }, { openapi: '3.0.3', security, tags });
    expect((await startOpenApi(document)).skipped).toMatchObject([{ why: 'its schema is too large' }]);
  }, 30_000);

  test('whatever stands in a schema, it becomes a tool or is told, and no other tool is the worse for it', async () => {
    const words = fc.constantFrom(
      ...(
        '$ref type enum const pattern patternProperties properties required items prefixItems allOf oneOf anyOf not ' +
        'additionalProperties nullable readOnly exclusiveMinimum minimum discriminator propertyName mapping format'
      ).split(' '),
    );
    const { value } = fc.letrec<{ value: Json }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'medium' },
        fc.constantFrom<Json>('#/components/schemas/S', '#', '#/x', 'a', 'object', '(', '__proto__', 5, -1, true, null),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(words, tie('value'), { maxKeys: 4 }),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.dictionary(words, value), { minLength: 8, maxLength: 8 }), async (schemas) => {
        const operation = (schema: JsonObject): JsonObject => ({
          parameters: [{ name: 'q', in: 'query', schema }],
          requestBody: { content: { 'application/json': { schema } } },
          responses: { '200': { description: 'ok', content: { 'application/json': { schema } } } },
        });
        const paths = Object.fromEntries(schemas.map((schema, i) => [`/${i}`, { post: operation(schema) }]));
        const document = documentOf(
          { ...paths, '/good': { get: { operationId: 'good', ...ok } } },
          { components: { schemas: { S: schemas[0] ?? {} } }, openapi: '3.0.0' },
        );
        const { tools, skipped } = await startOpenApi(document);
        expect(tools.map(({ name }) => name)).toContain('good');
        for (let i = 0; i < schemas.length; i++) {
          const isTold = skipped.some(({ operation: told }) => told === `POST /${i}`);
          expect([i, isTold || tools.some(({ name }) => name === `post_${i}`)]).toEqual([i, true]);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('texts of a document reach people without what shows nothing', async () => {
    const info = { title: `Shop\u202e\u0007${'x'.repeat(500)}`, version: '1' };
    const { connection } = await startOpenApi(one({ info }));
    expect(connection.info.serverInfo['name']).toMatch(/^Shop⟨U\+202E⟩⟨U\+0007⟩x+…$/);
  });

  test('a file that is no UTF-8 is told as that', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'openapi-'));
    closeAfter(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'api.yaml'), Buffer.from([0xff, 0xfe, 0x00]));
    expect((await faultOf(connect({ document: 'api.yaml' }, folder))).detail).toContain('cannot be read');
  });
});
