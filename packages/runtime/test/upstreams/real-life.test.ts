import type { JsonObject } from '@sallyport/core';
import { argumentsSchema } from '@sallyport/core';
import { describe, expect, test } from 'vitest';
import { clear, echo, peer, serve } from './http-fixtures.ts';
import { documentOf, ok, startOpenApi } from './openapi-fixtures.ts';
import { animals, cluster, oddNames, payments, repositories, tasks } from './real-life-documents.ts';

/** An API that keeps what it was sent, and its tools, each with what the arguments guard says of a call. */
async function start(document: string | JsonObject) {
  const { origin, received } = await echo();
  const { connection, tools, skipped } = await startOpenApi(document, { url: origin });
  const schemas = new Map(tools.map(({ name, inputSchema }) => [name, inputSchema as JsonObject]));
  const problem = (tool: string, args: JsonObject) => argumentsSchema(schemas.get(tool) ?? {}).problem(args, 8)?.path;
  const run = async (tool: string, args: JsonObject) => {
    expect([tool, problem(tool, args)]).toEqual([tool, undefined]);
    const result = await connection.run(await clear(tool, args), peer());
    expect(result['isError']).toBeUndefined();
    return received.at(-1);
  };
  return { connection, names: tools.map(({ name }) => name), tools, skipped, problem, run, received };
}

describe('documents that people have come through, and so do their calls', () => {
  test('payments: nested forms, and lists in the query', async () => {
    const { names, run, skipped } = await start(payments);
    expect(names).toEqual(['GetCustomers', 'PostCustomers']);
    expect(skipped).toEqual([{ operation: 'GET /v1/customers', why: 'a GET has no body; it is left out' }]);
    expect(
      await run('GetCustomers', { created: { gt: 5 }, expand: ['data.source'], email: 'a@b.example' }),
    ).toMatchObject({
      url: '/v1/customers?created%5Bgt%5D=5&email=a%40b.example&expand%5B%5D=data.source',
      body: '',
    });
    expect((await run('GetCustomers', { created: 5 }))?.url).toBe('/v1/customers?created=5');
    const body: JsonObject = {
      address: { city: 'Paris & Lyon' },
      email: 'a@b.example',
      expand: ['x', 'y'],
      items: [{ price: 'p_1', quantity: 2 }, { price: 'p_2' }],
      metadata: { order_id: '7' },
      note: 'x'.repeat(2_000),
      options: { mode: 'a&b' },
      'phases[]': ['1', '2'],
    };
    const sent = await run('PostCustomers', { body });
    expect(sent?.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect([...new URLSearchParams(sent?.body)]).toEqual([
      ['address[city]', 'Paris & Lyon'],
      ['email', 'a@b.example'],
      ['expand[]', 'x'],
      ['expand[]', 'y'],
      ['items[0][price]', 'p_1'],
      ['items[0][quantity]', '2'],
      ['items[1][price]', 'p_2'],
      ['metadata[order_id]', '7'],
      ['note', 'x'.repeat(2_000)],
      ['options', '{"mode":"a&b"}'],
      ['phases[]', '1'],
      ['phases[]', '2'],
    ]);
    expect((await run('PostCustomers', { body: { metadata: '' } }))?.body).toBe('metadata=');
  });

  test('how a form is written is part of what is pinned', async () => {
    const { tools } = await start(payments);
    expect(JSON.stringify(tools[1]?.['inputSchema'])).toContain(
      'address, deepObject, explode; expand, deepObject, explode',
    );
  });

  test('no member of a form passes for another one', async () => {
    const { connection, received } = await start(payments);
    const nested = [{ 'a]&email=b': '1' }, { 'a][b': '1' }, { a: [['x']] }, { a: { 'b[c': '1' } }];
    const bodies: JsonObject[] = nested.map((metadata) => ({ metadata }));
    bodies.push({ 'metadata[order_id]': '7' }, { 'items[]': 'x' }, JSON.parse('{"__proto__":"x"}') as JsonObject);
    for (const body of bodies) {
      const result = await connection.run(await clear('PostCustomers', { body }), peer());
      expect(result).toMatchObject({ isError: true });
    }
    expect(received).toEqual([]);
  });

  test('repositories: parameters by reference, and the same server said again', async () => {
    const { names, run, skipped } = await start(repositories);
    expect(names).toEqual(['issues_list', 'issues_create']);
    expect(skipped).toMatchObject([
      { operation: 'POST /repos/{owner}/{repo}/assets', why: expect.stringContaining('servers of its own') },
    ]);
    const args = { owner: 'o', repo: 'r' };
    expect((await run('issues_list', { ...args, page: 2, per_page: 5 }))?.url).toBe(
      '/repos/o/r/issues?page=2&per_page=5',
    );
    const body = { title: 7, labels: ['bug', { name: 'x' }] };
    expect((await run('issues_create', { ...args, body }))?.body).toBe(JSON.stringify(body));
  });

  test('tasks: words of later versions in a document of 3.0, and patterns that nobody can check in linear time', async () => {
    const { run, problem, skipped } = await start(tasks);
    const tool = 'update_task_tasks__task_id__put';
    expect(skipped).toEqual([]);
    const body = { title: 'x', priority: 3, kind: 'task', password: 'weak', extra: { 'x-a': 'b' } };
    expect(await run(tool, { task_id: 1, q: 'y', body })).toMatchObject({ method: 'PUT', url: '/tasks/1?q=y' });
    expect(problem(tool, { task_id: 0, body })).toBe('arguments.task_id');
    expect(problem(tool, { task_id: 1, body: { ...body, priority: 10 } })).toContain('priority');
    expect(problem(tool, { task_id: 1, body: { ...body, kind: 'other' } })).toContain('kind');
  });

  test('animals: of alternatives that a discriminator tells apart one fits', async () => {
    const { run, problem } = await start(animals);
    const bodies = [{ kind: 'kitten', lives: 9 }, { kind: 'dog', tricks: null }, { kind: 'Owl' }];
    for (const body of bodies) {
      expect(await run('addAnimal', { body })).toMatchObject({
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    }
    for (const body of [{ kind: 'Cat' }, { kind: 'horse' }, { lives: 9 }]) {
      expect(problem('addAnimal', { body })).toBeDefined();
    }
  });

  test('cluster: bodies in the media type that the document names, lists in the path', async () => {
    const { run, connection } = await start(cluster);
    expect((await run('patchDeployment', { name: 'web', body: { spec: {} } }))?.headers['content-type']).toBe(
      'application/merge-patch+json',
    );
    expect((await run('addArticle', { body: { data: {} } }))?.headers['content-type']).toBe('application/vnd.api+json');
    expect((await run('getArticles', { ids: ['1', '2,3', 'a b'] }))?.url).toBe('/articles/1,2%2C3,a%20b');
    for (const ids of [['..'], ['a/b'], ['%2e%2e/x'], []]) {
      expect(await connection.run(await clear('getArticles', { ids }), peer())).toMatchObject({ isError: true });
    }
  });

  test('odd names: what people call `schema` is no schema', async () => {
    const { run, connection } = await start(oddNames);
    const sent = await run('x', { schema: 'a', 'X-Which': ['1', '2'], body: { schema: 'b' } });
    expect(sent).toMatchObject({ url: '/x?schema=a', body: 'schema=b', headers: { 'x-which': '1,2' } });
    expect(await connection.run(await clear('x', { 'X-Which': ['1,2'] }), peer())).toMatchObject({ isError: true });
  });
});

test('a tool whose arguments are too long for people to be told of is offered without what is told', async () => {
  const members = (description: string) =>
    Object.fromEntries(
      Array.from({ length: 300 }, (_, i) => [`field_${i}`, { type: 'string', maxLength: 9, description }]),
    );
  const schema = { type: 'object', required: ['field_7'], properties: members('Long. '.repeat(50)) };
  const { skipped, problem, run } = await start(
    documentOf({
      '/x': {
        post: { operationId: 'x', requestBody: { required: true, content: { 'application/json': { schema } } }, ...ok },
      },
    }),
  );
  expect(skipped).toMatchObject([
    { operation: 'POST /x', why: expect.stringContaining('descriptions of its arguments are left out') },
  ]);
  await run('x', { body: { field_7: 'a' } });
  expect(problem('x', { body: {} })).toBeDefined();
  expect(problem('x', { body: { field_7: 'much too long' } })).toBeDefined();
});

test('where the API promised JSON and answers something else, clients that check the promise take the answer', async () => {
  const schema = { type: 'object', properties: { id: { type: 'string' } } };
  const responses = { '200': { description: 'ok', content: { 'application/json': { schema } } } };
  const document = documentOf({ '/x': { get: { operationId: 'x', responses } } });
  const { origin } = await serve((app) => {
    app.get('/x', (_, reply) => reply.type('text/plain').send('accepted'));
  });
  const { connection } = await startOpenApi(document, { url: origin });
  expect(await connection.run(await clear('x', {}), peer())).toEqual({
    content: [{ type: 'text', text: 'accepted' }],
    structuredContent: {},
  });
});

test('of two headers whose names differ in case, one is an argument', async () => {
  const header = (name: string) => ({ name, in: 'header', schema: { type: 'string' } });
  const item = { parameters: [header('X-Id')], get: { operationId: 'x', parameters: [header('x-id')], ...ok } };
  const { run, connection } = await start(documentOf({ '/x': item }));
  expect((await run('x', { 'x-id': '1' }))?.headers['x-id']).toBe('1');
  expect(await connection.run(await clear('x', { 'x-id': '1', 'X-Id': '2' }), peer())).toMatchObject({ isError: true });
});

test('an item that holds what separates items is refused where nothing tells the two apart', async () => {
  const list = (name: string, style: string) => ({
    name,
    in: 'query',
    style,
    explode: false,
    schema: { type: 'array', items: { type: 'string' } },
  });
  const parameters = [list('pipe', 'pipeDelimited'), list('space', 'spaceDelimited')];
  const { run, connection } = await start(documentOf({ '/x': { get: { operationId: 'x', parameters, ...ok } } }));
  expect((await run('x', { pipe: ['1', '2 3'], space: ['1', '2|3'] }))?.url).toBe('/x?pipe=1%7C2%203&space=1%202%7C3');
  for (const args of [{ pipe: ['1|2'] }, { space: ['1 2'] }]) {
    expect(await connection.run(await clear('x', args), peer())).toMatchObject({ isError: true });
  }
});
