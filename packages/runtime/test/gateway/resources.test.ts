import type { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { JsonObject } from '@sallyport/core';
import { expect, it } from 'vitest';
import { startRaw } from './raw-server.ts';
import { stage } from './stage.ts';

/** Servers that list these addresses, and say of each that is read who was asked. */
async function behind(uris: Readonly<Record<string, readonly string[]>>) {
  const entries = await Promise.all(
    Object.entries(uris).map(async ([name, listed]) => {
      const server = await startRaw('2025', {
        'tools/list': () => ({ tools: [] }),
        'resources/list': () => ({ resources: listed.map((uri, at) => ({ uri, name: `number ${at}` })) }),
        'resources/read': ({ uri = '' }) => ({ contents: [{ uri, text: `${uri as string} of ${name}` }] }),
      });
      return `  ${name}: { kind: mcp, url: "${server.url}", firstUse: pin }`;
    }),
  );
  const session = await (
    await stage({
      config: `upstreams:\n${entries.join('\n')}\ntools: { '*__resources/read': { effect: read, results: { trust: trusted } } }`,
    })
  ).open();
  const listed = async (cursor?: string) =>
    (await session.ask('resources/list', cursor === undefined ? {} : { cursor })).result as {
      resources: { uri: string }[];
      nextCursor?: string;
    };
  const read = async (uri: string) => {
    const { contents } = (await session.ask('resources/read', { uri })).result as { contents: JsonObject[] };
    return contents[0]?.['text'];
  };
  return { listed, read };
}

it('an address that begins like the name of an upstream is asked of the server that lists it, and of no other', async () => {
  const { listed, read } = await behind({
    git: ['note://one'],
    repos: ['git+note://a', 'note://two'],
    // A server that would have what is asked of another one by name.
    shadow: ['git+note://one'],
  });
  const { resources } = await listed();
  expect(resources.map(({ uri }) => uri)).toEqual([
    'note://one',
    'repos+git+note://a',
    'note://two',
    'shadow+git+note://one',
  ]);
  expect(await read('repos+git+note://a')).toBe('git+note://a of repos');
  expect(await read('git+note://one')).toBe('note://one of git');
  expect(await read('note://one')).toBe('note://one of git');
});

it('a list in which one address comes again and again has an end', async () => {
  const { listed } = await behind({ loop: Array.from({ length: 1_200 }, (_, at) => `note://${at % 600}`) });
  const first = await listed();
  const second = await listed(first.nextCursor);
  expect(second.nextCursor).toBeUndefined();
  expect(new Set([...first.resources, ...second.resources].map(({ uri }) => uri)).size).toBe(600);
  expect(first.resources.length + second.resources.length).toBe(600);
});

it('of several clients of one session that watch a resource, one that goes takes nothing from the others', async () => {
  const server = await startRaw('2025', {
    'resources/list': () => ({ resources: [{ uri: 'note://one', name: 'one' }] }),
    'resources/read': () => ({ contents: [] }),
  });
  const { open } = await stage({
    config: `upstreams: { up: { kind: mcp, url: "${server.url}", firstUse: pin } }
tools: { 'up__resources/*': { effect: read, results: { trust: trusted } } }`,
  });
  const session = await open();
  const heard = () => server.heard.map(({ method }) => method).filter((method) => method.startsWith('resources/un'));
  const subscribed = () => server.of('resources/subscribe').length;
  const watched = { uri: 'note://one' };
  const [first, second, third] = [await session.old(), await session.old(), await session.modern()];
  await first.subscribeResource(watched);
  await second.subscribeResource(watched);
  await third.listen({ resourceSubscriptions: [watched.uri] });
  await expect.poll(subscribed).toBe(3);
  await first.unsubscribeResource(watched);
  await (second.transport as StreamableHTTPClientTransport).terminateSession();
  await third.readResource(watched);
  expect(heard()).toEqual([]);
  await third.close();
  await expect.poll(heard).toEqual(['resources/unsubscribe']);
});
