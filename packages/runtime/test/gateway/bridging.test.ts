import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ElicitResultSchema,
  EmptyResultSchema,
  CreateMessageResultSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { McpServer, inputRequired } from '@modelcontextprotocol/server';
import { expect, it } from 'vitest';
import type { JsonObject } from '@sallyport/core';
import { z } from 'zod';
import { startRaw } from './raw-server.ts';
import { serveNew } from '../upstreams/servers.ts';
import { say, stage, textIn, type ScriptedTool } from './stage.ts';

/** Tools that ask the client something, as 2025 servers do: during the call. */
const tools: Record<string, ScriptedTool> = {
  ask: {
    answer: async (_, { sendRequest }) => {
      const params = {
        message: 'Which size?',
        requestedSchema: { type: 'object', properties: { size: { type: 'string' } } },
      } as const;
      const answer = await sendRequest({ method: 'elicitation/create', params }, ElicitResultSchema);
      return say(`${answer.action} ${JSON.stringify(answer.content ?? {})}`);
    },
  },
  sample: {
    answer: async (_, { sendRequest }) => {
      const messages = [{ role: 'user', content: { type: 'text', text: 'Say hi' } }] as const;
      const params = { messages: [...messages], maxTokens: 10 };
      const { content } = await sendRequest({ method: 'sampling/createMessage', params }, CreateMessageResultSchema);
      return say(JSON.stringify(content));
    },
  },
};
const config =
  'tools: { up__ask: { effect: read, results: { trust: trusted } }, up__sample: { effect: read, results: { trust: trusted } } }';

/** The same of 2026: the result asks, and the call is made again. */
async function startNew() {
  const server = await serveNew(() => {
    const made = new McpServer({ name: 'new', version: '1' }, { capabilities: { tools: {} } });
    made.registerTool('ask', { inputSchema: z.object({}) }, (_, context) => {
      const answer = context.mcpReq.inputResponses?.['size'] as { action?: string; content?: object } | undefined;
      if (answer)
        return { content: [{ type: 'text', text: `${answer.action} ${JSON.stringify(answer.content ?? {})}` }] };
      return inputRequired({
        inputRequests: {
          size: inputRequired.elicit({
            message: 'Which size?',
            requestedSchema: { type: 'object', properties: { size: { type: 'string' } } },
          }),
        },
      });
    });
    return made;
  });
  return `upstreams: { up: { kind: mcp, url: "${server.url}/mcp", firstUse: pin } }\n${config}`;
}

const ask = { name: 'up__ask', arguments: {} };
const answered = 'accept {"size":"L"}';
const accept = { action: 'accept', content: { size: 'L' } } as const;

it('a 2025 client answers what a 2025 upstream asks during a call', async () => {
  const client = await (await (await stage({ tools, config })).open()).old({ elicitation: {}, sampling: {} });
  client.setRequestHandler(ElicitRequestSchema, () => accept);
  client.setRequestHandler(CreateMessageRequestSchema, () => ({
    role: 'assistant',
    model: 'm',
    content: { type: 'text', text: 'hi' },
  }));
  expect(textIn(await client.callTool(ask))).toBe(answered);
  expect(textIn(await client.callTool({ name: 'up__sample', arguments: {} }))).toContain('hi');
});

it('a 2026 client answers what a 2025 upstream asks during a call', async () => {
  const client = await (await (await stage({ tools, config })).open()).modern({ elicitation: {} });
  client.setRequestHandler('elicitation/create', () => accept);
  expect(textIn(await client.callTool(ask))).toBe(answered);
});

it('a 2025 client answers what a 2026 upstream asks by its result', async () => {
  const client = await (await (await stage({ config: await startNew() })).open()).old({ elicitation: {} });
  client.setRequestHandler(ElicitRequestSchema, () => accept);
  expect(textIn(await client.callTool(ask))).toBe(answered);
});

it('a 2026 client answers what a 2026 upstream asks by its result', async () => {
  const client = await (await (await stage({ config: await startNew() })).open()).modern({ elicitation: {} });
  client.setRequestHandler('elicitation/create', () => accept);
  expect(textIn(await client.callTool(ask))).toBe(answered);
});

it('nobody is asked who did not say that it can be', async () => {
  const client = await (await (await stage({ tools, config })).open()).old();
  const answer = await client.callTool(ask).catch((error: unknown) => String(error));
  expect(JSON.stringify(answer)).not.toContain('accept');
});

it('an answer leaves the session as a call does: what a policy forbids goes to no upstream', async () => {
  const permissions = "roles: { support: { tools: { '*': allow, 'up__elicitation/create': deny } } }";
  const client = await (await (await stage({ tools, config, permissions })).open()).old({ elicitation: {} });
  client.setRequestHandler(ElicitRequestSchema, () => accept);
  expect(textIn(await client.callTool(ask))).toBe('decline {}');
});

it('a request that waits for an answer is taken up by its own session alone, for the same call, once', async () => {
  const { open } = await stage({ tools, config });
  const [mine, other] = [await open('ann'), await open('bob')];
  const post = (by: typeof mine, params: JsonObject) =>
    by.ask('tools/call', { ...ask, ...params }, { elicitation: {} });
  const { result } = await post(mine, {});
  const [key = ''] = Object.keys(result?.['inputRequests'] ?? {});
  const { requestState = '' } = result ?? {};
  const again = { requestState, inputResponses: { [key]: accept } };
  expect((await post(other, again)).error).toMatchObject({ code: -32602 });
  expect((await post(mine, { ...again, arguments: { other: 1 } })).error).toMatchObject({ code: -32602 });
  expect((await post(mine, { ...again, requestState: `${requestState as string}x` })).error).toMatchObject({
    code: -32602,
  });
  expect(textIn((await post(mine, again)).result)).toBe(answered);
  expect((await post(mine, again)).error).toMatchObject({ code: -32602 });
});

it('a result is written in the words of the client’s revision, whatever the upstream speaks', async () => {
  const contents = [{ uri: 'note://one', text: 'a note' }];
  const answers = {
    'resources/list': () => ({ resources: [{ uri: 'note://one', name: 'one' }] }),
    'resources/read': ({ uri }: JsonObject) =>
      uri === 'note://one' ? { contents } : { code: -32_002, message: 'Resource not found', data: { uri: uri ?? '' } },
  };
  const lasting = { 'resources/read': () => ({ contents, ttlMs: 60_000, cacheScope: 'public' }) };
  const [old, modern] = [await startRaw('2025', answers), await startRaw('2026', { ...answers, ...lasting })];
  const { open } = await stage({
    config: `upstreams: { old: { kind: mcp, url: "${old.url}" }, new: { kind: mcp, url: "${modern.url}" } }
tools: { '*__resources/read': { effect: read, results: { trust: trusted } } }`,
  });
  const session = await open();
  const of2025 = await session.old();
  const read = (uri: string) =>
    of2025.request({ method: 'resources/read', params: { uri } }, EmptyResultSchema.loose());
  expect(await read('new+note://one')).toEqual({ contents });
  await expect(read('old+note://none')).rejects.toMatchObject({ code: -32_002 });
  const of2026 = async (uri: string) => await session.ask('resources/read', { uri });
  expect(await of2026('old+note://one')).toMatchObject({ result: { resultType: 'complete', ttlMs: 0 } });
  expect(await of2026('new+note://one')).toMatchObject({ result: { ttlMs: 60_000, cacheScope: 'private' } });
  expect((await of2026('old+note://none')).error).toMatchObject({ code: -32_602, data: { uri: 'note://none' } });
});
