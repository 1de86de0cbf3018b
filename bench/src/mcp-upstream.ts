import type { ServerResponse } from 'node:http';
import type { Era } from './mcp-traffic.ts';
import { createServer } from 'node:http';
import { listening } from './gateway-process.ts';
import { eras, orderResult, servers, stepMs, steps, toolsOf } from './mcp-traffic.ts';

/*
 * The MCP server behind all gateways, of both eras: raw node:http and nothing that a call does not need, so that it costs as
 * little as it can.
 */

interface Rpc {
  readonly id?: number | string;
  readonly method: string;
  readonly params?: {
    readonly name?: string;
    readonly arguments?: { readonly order_id?: string };
    readonly _meta?: { readonly progressToken?: number | string };
  };
}

const serverInfo = { name: 'bench', version: '1.0.0' };
const capabilities = { tools: {} };

function resultOf(era: Era, { method, params }: Rpc): object | undefined {
  const complete = era === '2026-07-28' ? { resultType: 'complete' } : {};
  switch (method) {
    case 'tools/call':
      return { ...orderResult(params?.arguments?.order_id ?? ''), ...complete };
    case 'tools/list':
      return {
        tools: toolsOf(servers[era]),
        ...(era === '2026-07-28' ? { ...complete, ttlMs: 0, cacheScope: 'private' } : {}),
      };
    case 'server/discover':
      if (era !== '2026-07-28') return undefined;
      return {
        supportedVersions: [era],
        capabilities,
        ...complete,
        ttlMs: 0,
        cacheScope: 'private',
        _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
      };
    case 'initialize':
      return era === '2025-11-25' ? { protocolVersion: era, capabilities, serverInfo } : undefined;
    default:
      return undefined;
  }
}

function streamed(response: ServerResponse, rpc: Rpc, result: object): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const say = (message: object) =>
    response.write(`event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`);
  const progressToken = rpc.params?.['_meta']?.progressToken;
  let step = 0;
  const timer = setInterval(() => {
    step++;
    const params = { progressToken, progress: step, total: steps, message: `step ${step} of ${steps}` };
    if (step <= steps) return void say({ method: 'notifications/progress', params });
    clearInterval(timer);
    say({ id: rpc.id, result });
    response.end();
  }, stepMs);
  response.on('close', () => clearInterval(timer));
}

let sessions = 0;
const server = createServer((request, response) => {
  const era = eras.find((each) => servers[each].path === request.url);
  if (!era || request.method !== 'POST') return void response.writeHead(405).end();
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const rpc = JSON.parse(Buffer.concat(parts).toString()) as Rpc;
    if (rpc.id === undefined) return void response.writeHead(202).end();
    const result = resultOf(era, rpc);
    if (!result) return void response.writeHead(400).end();
    if (rpc.method === 'tools/call' && rpc.params?.name === servers[era].watch) return streamed(response, rpc, result);
    const body = JSON.stringify({ jsonrpc: '2.0', id: rpc.id, result });
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...(rpc.method === 'initialize' ? { 'mcp-session-id': `bench-${++sessions}` } : {}),
    });
    response.end(body);
  });
});
server.keepAliveTimeout = 60_000;
listening(server);
