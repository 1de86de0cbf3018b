import type { JsonObject } from '@sallyport/core';
import { describe, expect, test } from 'vitest';
import { proposeManifest, RuntimeFault } from '@sallyport/core';
import { Validator } from '@cfworker/json-schema';
import { clear, echo, peer } from './http-fixtures.ts';
import { documentOf, ok, petStore, query, startOpenApi } from './openapi-fixtures.ts';

const named = (tools: readonly JsonObject[], name: string): JsonObject => {
  const tool = tools.find((each) => each['name'] === name);
  if (!tool) throw new Error(`no ${name} among ${JSON.stringify(tools.map((each) => each['name']))}`);
  return tool;
};

describe('a document becomes tools', () => {
  test('operations, parameters, bodies and answers of a 3.0 document, as JSON Schema 2020-12', async () => {
    const { tools, skipped, connection } = await startOpenApi(petStore);
    expect(connection.info).toMatchObject({ protocol: 'http', serverInfo: { name: 'Pet store', version: '1.2.0' } });
    expect(tools.map(({ name }) => name)).toEqual(['listPets', 'addPet', 'get_pets_petId', 'pets_remove', 'renamePet']);
    expect(named(tools, 'listPets')).toEqual({
      name: 'listPets',
      description: 'List pets\n\nNewest first.',
      inputSchema: {
        type: 'object',
        properties: {
          status: {
            type: 'array',
            items: { type: 'string', enum: ['free', 'sold'] },
            $comment: 'query, form',
          },
          filter: { type: 'object', properties: { kind: { type: 'string' } }, $comment: 'query, deepObject, explode' },
          limit: { type: 'integer', maximum: 100, $comment: 'query' },
          'X-Trace': { type: 'string', $comment: 'header' },
        },
        additionalProperties: false,
      },
      annotations: { title: 'GET https://shop.example/v1/pets', readOnlyHint: true, openWorldHint: false },
    });
    expect(named(tools, 'addPet')).toMatchObject({
      inputSchema: {
        properties: { body: { $ref: '#/$defs/Pet', $comment: 'the body, application/json' } },
        required: ['body'],
        $defs: {
          Pet: {
            type: 'object',
            required: ['name'],
            properties: {
              name: { type: 'string' },
              nick: { type: ['string', 'null'] },
              parent: { $ref: '#/$defs/Pet' },
              secret: { type: 'string' },
            },
          },
        },
      },
      outputSchema: {
        type: 'object',
        properties: { id: { type: ['integer', 'null'] }, parent: { $ref: '#/$defs/Pet' } },
      },
    });
    const pet = JSON.stringify(named(tools, 'addPet')['inputSchema']);
    expect(pet).not.toContain('"id"');
    expect(JSON.stringify(named(tools, 'addPet')['outputSchema'])).not.toMatch(/secret|required/);
    expect(named(tools, 'pets_remove')).toMatchObject({
      inputSchema: {
        properties: {
          petId: { type: 'integer', exclusiveMinimum: 0, description: 'Which one', $comment: 'path' },
          reason: { type: ['string', 'null'], enum: ['ill', 'gone', null] },
        },
        required: ['petId', 'reason'],
      },
      annotations: { destructiveHint: true, idempotentHint: true, readOnlyHint: false },
    });
    expect(skipped).toEqual([
      { operation: 'OPTIONS /pets/{petId}/photo', why: 'no tool can have this method' },
      { operation: 'GET /pets', why: 'the parameter session is a cookie, and cookies are not sent; it is left out' },
      {
        operation: 'GET /pets',
        why: 'the parameter api_key is a key; keys are attached by `credential`; it is left out',
      },
      { operation: 'POST /pets/{petId}/photo', why: 'its body is multipart/form-data: files are not sent for agents' },
    ]);
  });

  test('schemas are ones that a validator of JSON Schema takes, and that hold what they say', async () => {
    const { tools } = await startOpenApi(petStore);
    const validator = new Validator(named(tools, 'addPet')['inputSchema'] as object, '2020-12');
    expect(validator.validate({ body: { name: 'Rex', nick: null, parent: { name: 'Max' } } }).valid).toBe(true);
    expect(validator.validate({ body: { name: 'Rex', parent: { nick: 'x' } } }).valid).toBe(false);
    expect(validator.validate({ body: { name: 'Rex' }, more: 1 }).valid).toBe(false);
  });

  test('requests are made as the document writes them', async () => {
    const { origin, received } = await echo();
    const { connection } = await startOpenApi(petStore, { url: `${origin}/v2` });
    const filter = { kind: 'cat&dog' };
    await connection.run(await clear('listPets', { status: ['free', 'a,b'], filter, limit: 5 }), peer());
    await connection.run(await clear('addPet', { body: { name: 'Rex' } }), peer());
    await connection.run(await clear('pets_remove', { petId: 7, reason: 'ill' }), peer());
    await connection.run(await clear('renamePet', { petId: 7, body: { name: 'A&b=c', tags: ['x', 'y'] } }), peer());
    expect(received).toMatchObject([
      { method: 'GET', url: '/v2/pets?status=free,a%2Cb&filter%5Bkind%5D=cat%26dog&limit=5' },
      { method: 'POST', url: '/v2/pets', body: '{"name":"Rex"}', headers: { 'content-type': 'application/json' } },
      { method: 'DELETE', url: '/v2/pets/7?reason=ill' },
      {
        method: 'PUT',
        body: 'name=A%26b%3Dc&tags=x&tags=y',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      },
    ]);
  });

  test('lists and objects in the query, in each style', async () => {
    const { origin, received } = await echo();
    const list = { type: 'array', items: { type: 'string' } };
    const object = { type: 'object', properties: { a: { type: 'string' }, b: { type: 'integer' } } };
    const parameters = [
      query('multi', { schema: list }),
      query('space', { schema: list, style: 'spaceDelimited', explode: false }),
      query('pipe', { schema: list, style: 'pipeDelimited', explode: false }),
      query('flat', { schema: object }),
      query('pair', { schema: object, explode: false }),
      { name: 'json', in: 'query', content: { 'application/json': { schema: object } } },
    ];
    const { connection } = await startOpenApi(
      documentOf({ '/x': { get: { operationId: 'find', parameters, ...ok } } }),
      {
        url: origin,
      },
    );
    const run = async (args: JsonObject) => connection.run(await clear('find', args), peer());
    await run({ multi: ['1', '2'], space: ['1', '2'], pipe: ['1', '2'], flat: { a: 'x', b: 1 }, pair: { a: 'x' } });
    await run({ json: { a: '&' } });
    expect(received.map(({ url }) => url)).toEqual([
      '/x?multi=1&multi=2&space=1%202&pipe=1%7C2&a=x&b=1&pair=a,x',
      '/x?json=%7B%22a%22%3A%22%26%22%7D',
    ]);
    for (const flat of [{ c: 'stranger' }, { a: { deep: true } }, { 'a&b': '1' }]) {
      expect(await run({ flat })).toMatchObject({ isError: true });
    }
    expect(received).toHaveLength(2);
  });

  test('a 3.1 and a 3.2 document in JSON, and names that agents can say', async () => {
    for (const openapi of ['3.1.1', '3.2.0']) {
      const { tools } = await startOpenApi(
        documentOf(
          {
            '/search': {
              get: {
                operationId: '  Search: all things! ',
                parameters: [query('$top'), query('filter[kind]'), query('id'), { ...query('id'), in: 'header' }],
                ...ok,
              },
            },
          },
          { openapi },
        ),
      );
      expect(tools.map(({ name }) => name)).toEqual(['Search_all_things']);
      expect(named(tools, 'Search_all_things')).toMatchObject({
        inputSchema: {
          properties: {
            top: { $comment: 'query as $top' },
            filter_kind: { $comment: 'query as filter[kind]' },
            id: { $comment: 'query' },
            header_id: { $comment: 'header as id' },
          },
        },
      });
    }
  });

  test('operations that would share a name are named after their address, in whatever order they stand', async () => {
    const twice = { operationId: 'read it', ...ok };
    const paths = { '/a': { get: twice }, '/b': { get: { ...twice, operationId: 'read_it' } } };
    const one = await startOpenApi(documentOf(paths));
    const other = await startOpenApi(documentOf(Object.fromEntries(Object.entries(paths).toReversed())));
    expect(one.tools.map(({ name }) => name)).toEqual(['get_a', 'get_b']);
    expect(other.tools.map(({ name }) => name)).toEqual(['get_b', 'get_a']);
  });

  test('only what is offered is made, and the rest is not even complained about', async () => {
    const { tools, skipped } = await startOpenApi(petStore, { tools: ['get_*'] });
    expect(tools.map(({ name }) => name)).toEqual(['get_pets_petId']);
    expect(skipped).toEqual([{ operation: 'OPTIONS /pets/{petId}/photo', why: 'no tool can have this method' }]);
  });
});

describe('what is proposed of such tools follows their method', () => {
  const effectOf = async (method: string, operationId: string) => {
    const { tools } = await startOpenApi(documentOf({ '/x': { [method]: { operationId, ...ok } } }));
    const tool = named(tools, operationId);
    const proposal = proposeManifest({
      name: `shop__${operationId}`,
      description: tool['description'] as string,
      parameters: tool['inputSchema'] as JsonObject,
      annotations: tool['annotations'] as JsonObject,
    });
    return proposal.manifest.effect;
  };

  test('a DELETE deletes and a POST writes, however harmless it is called', async () => {
    expect(await effectOf('delete', 'getThing')).toBe('delete');
    expect(await effectOf('post', 'getThing')).toBe('write');
    expect(await effectOf('put', 'readThing')).toBe('write');
    expect(await effectOf('get', 'getThing')).toBe('read');
    expect(await effectOf('get', 'deleteThing')).toBe('delete');
  });
});

describe('what cannot be offered is told', () => {
  const skippedOf = async (operation: JsonObject, item: JsonObject = {}, path = '/x') => {
    const { tools, skipped } = await startOpenApi(documentOf({ [path]: { get: { ...ok, ...operation }, ...item } }));
    return { tools: tools.length, why: skipped.map(({ why }) => why) };
  };

  test.each([
    ['a cookie that is required', { parameters: [{ ...query('c'), in: 'cookie', required: true }] }, 'cookie'],
    ['a reference to another file', { parameters: [{ $ref: './common.yaml#/X' }] }, 'bundle it into one file'],
    [
      'a reference to another host',
      { parameters: [{ $ref: 'https://evil.example/x.json' }] },
      'outside of the document',
    ],
    ['a reference to nothing', { parameters: [{ $ref: '#/components/parameters/No' }] }, 'does not exist'],
    ['a reference to what this process has', { parameters: [{ $ref: '#/constructor/prototype' }] }, 'does not exist'],
    ['servers of its own', { servers: [{ url: 'https://evil.example' }] }, 'servers of its own'],
    ['a body that is required, of a GET', { requestBody: { required: true, content: {} } }, 'has no body'],
    ['a parameter called __proto__', { parameters: [query('__proto__', { required: true })] }, 'no object may have'],
    [
      'a header of the connection',
      { parameters: [{ ...query('Host'), in: 'header', required: true }] },
      'no argument may set',
    ],
  ])('%s', async (_, operation, why) => {
    const found = await skippedOf(operation);
    expect(found.tools).toBe(0);
    expect(found.why.join()).toContain(why);
  });

  test('paths that would leave the API', async () => {
    for (const path of ['/../admin', '/a/%2e%2e/b', '/a?b=c', '/a#b', '/{x', '/a\\b', '/a b']) {
      const found = await skippedOf({}, {}, path);
      expect([path, found.tools, found.why.length]).toEqual([path, 0, 1]);
    }
    const described = await skippedOf({ parameters: [{ ...query('x'), in: 'path', required: true }] });
    expect(described.why.join()).toContain('does not occur');
    expect((await skippedOf({}, {}, '/a/{x}')).why.join()).toContain('is not described');
  });

  test('a parameter called constructor is a parameter, and a header that says nothing is none', async () => {
    const { origin, received } = await echo();
    const parameters = [
      query('constructor'),
      { ...query('Accept'), in: 'header', required: true },
      { ...query('Authorization'), in: 'header', required: true },
    ];
    const document = documentOf({ '/x': { get: { operationId: 'x', parameters, ...ok } } });
    const { connection, skipped } = await startOpenApi(document, { url: origin });
    expect(skipped).toEqual([]);
    await connection.run(await clear('x', { constructor: 'v' }), peer());
    expect(await connection.run(await clear('x', { Authorization: 'v' }), peer())).toMatchObject({ isError: true });
    expect(received.map(({ url }) => url)).toEqual(['/x?constructor=v']);
  });

  test('an answer whose form is refused does not cost the tool', async () => {
    const schema = { type: 'object', properties: { a: { $ref: 'https://evil.example/x' } } };
    const responses = { '200': { description: 'ok', content: { 'application/json': { schema } } } };
    const { tools } = await startOpenApi(documentOf({ '/x': { get: { responses } } }));
    expect(tools).toHaveLength(1);
    expect(tools[0]).not.toHaveProperty('outputSchema');
  });

  test('a fault says which key of the configuration it is about', async () => {
    const failing = startOpenApi('openapi: 3.1.0\ninfo: 5');
    await expect(failing).rejects.toBeInstanceOf(RuntimeFault);
    await expect(failing).rejects.toThrow('upstreams.shop.document: it is no valid OpenAPI 3.1');
  });
});
