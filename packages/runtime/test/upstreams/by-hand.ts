import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JsonObject } from '@sallyport/core';
import type { HttpServer } from './support.ts';
import { serve } from './support.ts';

export const never = new AbortController().signal;
/** Of the first part of a tool's result. */
export const textOf = (result: JsonObject) => (result['content'] as { text: string }[])[0]?.text ?? '';
export const json = (response: ServerResponse, body: unknown, status = 200, headers: Record<string, string> = {}) =>
  void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

export interface Rpc {
  readonly id?: number;
  readonly method: string;
  readonly params: JsonObject;
}

export type Answer = (message: Rpc, response: ServerResponse, request: IncomingMessage) => void;

/** A 2025 server by hand; what a test is about answers `tools/call`. */
export const by2025 = (onCall: Answer, session = 'sid-1') =>
  serve((request, response, body) => {
    if (request.method !== 'POST') return void response.writeHead(405).end();
    const message = JSON.parse(body) as Rpc;
    const { id, method } = message;
    if (id === undefined) return void response.writeHead(202).end();
    if (method === 'server/discover') return json(response, { error: 'no session' }, 400);
    const headers: Record<string, string> = session === '' ? {} : { 'mcp-session-id': session };
    const result = {
      protocolVersion: '2025-11-25',
      capabilities: { tools: {} },
      serverInfo: { name: 'x', version: '1' },
    };
    if (method === 'initialize') return json(response, { jsonrpc: '2.0', id, result }, 200, headers);
    return onCall(message, response, request);
  });

/** A 2026 server by hand. */
export const by2026 = (onCall: Answer) =>
  serve((request, response, body) => {
    const message = JSON.parse(body) as Rpc;
    const { id, method } = message;
    const result = { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: { tools: {} } };
    if (method === 'server/discover') return json(response, { jsonrpc: '2.0', id, result });
    return onCall(message, response, request);
  });

export const done = (id: number | undefined, text = 'done') => ({
  jsonrpc: '2.0',
  id,
  result: { resultType: 'complete', content: [{ type: 'text', text }] },
});

export const callsIn = (server: HttpServer) => server.requests.filter(({ body }) => body.includes('"tools/call"'));
