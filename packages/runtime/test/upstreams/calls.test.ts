import type { JsonObject, UpstreamConnection } from '@sallyport/core';
import { afterEach, describe, expect, test } from 'vitest';
import { callOf, clearedCall, closeAll, connect, peerOf, program, root, upstreamOf } from './support.ts';
import { serveNew, serveOld, serveSse } from './servers.ts';

afterEach(closeAll);

const everything = {
  kind: 'stdio',
  command: process.execPath,
  args: [`${root}node_modules/@modelcontextprotocol/server-everything/dist/index.js`],
};

const kinds: readonly [string, string, () => Promise<JsonObject>][] = [
  [
    '2025 over HTTP, answered by event streams',
    '2025-11-25',
    async () => ({ kind: 'mcp', url: (await serveOld()).url }),
  ],
  [
    '2025 over HTTP, answered by JSON',
    '2025-11-25',
    async () => ({ kind: 'mcp', url: (await serveOld({ json: true })).url }),
  ],
  ['2026 over HTTP', '2026-07-28', async () => ({ kind: 'mcp', url: (await serveNew()).url })],
  ['HTTP+SSE of 2024', '2025-11-25', async () => ({ kind: 'mcp', url: (await serveSse()).url })],
  ['2025 over standard input and output', '2025-11-25', async () => program('old.ts')],
  ['2026 over standard input and output', '2026-07-28', async () => program('new.ts')],
];

const namesOf = ({ tools }: JsonObject) => (tools as { name: string }[]).map(({ name }) => name);
const list = (connection: UpstreamConnection, method: 'tools/list' | 'resources/list' = 'tools/list') =>
  connection.list(method, {}, new AbortController().signal);

describe.each(kinds)('%s', (_, protocol, configOf) => {
  test('what it speaks is found out, its lists are read and its tools called', async () => {
    const upstream = upstreamOf(await configOf());
    const connection = await connect(upstream);
    expect(connection.info.protocol).toBe(protocol);
    expect(connection.info.serverInfo['name']).toBe(protocol === '2026-07-28' ? 'new' : 'old');
    expect(namesOf(await list(connection))).toContain('echo');
    const result = await connection.run(await callOf('echo', { text: 'grüße\n\u2028 日本' }), peerOf());
    expect(result).toMatchObject({ content: [{ type: 'text', text: expect.stringContaining('grüße\n\u2028 日本') }] });
    const read = await clearedCall({ upstream: 'up', method: 'resources/read' }, { uri: 'note://one' });
    expect(await connection.run(read, peerOf())).toMatchObject({ contents: [{ text: 'a note' }] });
    expect(upstream.status()).toMatchObject({ state: 'connected', protocol });
    await connection.close();
    expect(upstream.status().state).toBe('idle');
  });

  test('many calls at once each get their own answer', async () => {
    const connection = await connect(upstreamOf(await configOf()));
    const texts = Array.from({ length: 50 }, (__, i) => `text ${i}.`);
    const results = await Promise.all(
      texts.map(async (text) => connection.run(await callOf('echo', { text }), peerOf())),
    );
    results.forEach((result, i) => {
      expect(result).toMatchObject({ content: [{ text: expect.stringContaining(texts[i] ?? '-') }] });
    });
  });
});

test('server-everything and server-filesystem work over standard input and output', async () => {
  const connection = await connect(upstreamOf(everything));
  expect(namesOf(await list(connection))).toContain('echo');
  expect(await connection.run(await callOf('echo', { message: 'hello' }), peerOf())).toMatchObject({
    content: [{ text: 'Echo: hello' }],
  });
  const files = await connect(
    upstreamOf({
      ...everything,
      args: [`${root}node_modules/@modelcontextprotocol/server-filesystem/dist/index.js`, `${root}docs`],
    }),
  );
  const read = await files.run(await callOf('read_text_file', { path: `${root}docs/concepts.md`, head: 1 }), peerOf());
  expect(read).toMatchObject({ content: [{ text: expect.stringMatching(/^#/) }] });
});
