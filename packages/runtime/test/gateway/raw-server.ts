import type { IncomingHttpHeaders } from 'node:http';
import type { Json, JsonObject } from '@sallyport/core';
import { serve } from '../upstreams/support.ts';

interface Heard {
  readonly method: string;
  readonly params: JsonObject;
  readonly headers: IncomingHttpHeaders;
}

/** A result, or an error by its code. */
type Answer = (params: JsonObject) => JsonObject;

const capabilities = { tools: {}, resources: { subscribe: true }, prompts: {}, completions: {}, logging: {} };

/** An MCP server of either era that answers in JSON exactly what a test says, and keeps all that it heard. */
export async function startRaw(era: '2025' | '2026', answers: Readonly<Record<string, Answer>> = {}) {
  const heard: Heard[] = [];
  const own: Readonly<Record<string, Answer>> = {
    ...(era === '2026'
      ? { 'server/discover': () => ({ supportedVersions: ['2026-07-28'], capabilities }) }
      : {
          initialize: () => ({
            protocolVersion: '2025-11-25',
            capabilities,
            serverInfo: { name: 'raw', version: '1' },
          }),
        }),
    'tools/list': () => ({ tools: [{ name: 'echo', inputSchema: { type: 'object' } }] }),
    'tools/call': () => ({ content: [{ type: 'text', text: 'done' }] }),
    'resources/list': () => ({ resources: [] }),
    'resources/templates/list': () => ({ resourceTemplates: [] }),
    'prompts/list': () => ({ prompts: [] }),
    'resources/subscribe': () => ({}),
    'resources/unsubscribe': () => ({}),
    'logging/setLevel': () => ({}),
    ...answers,
  };
  const server = await serve((request, response, body) => {
    if (request.method !== 'POST') return void response.writeHead(405).end();
    const { id, method, params = {} } = JSON.parse(body) as { id?: Json; method: string; params?: JsonObject };
    heard.push({ method, params, headers: request.headers });
    if (id === undefined) return void response.writeHead(202).end();
    const answer = own[method]?.(params) ?? { code: -32_601, message: 'Method not found' };
    const complete = era === '2026' ? { resultType: 'complete', ...answer } : answer;
    const said = 'code' in answer ? { error: answer } : { result: complete };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ jsonrpc: '2.0', id, ...said }));
  });
  const of = (method: string) => heard.filter((each) => each.method === method);
  return { url: server.url, heard, of };
}
