import type { IncomingMessage, ServerResponse } from 'node:http';
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { Server as ModernServer, createMcpHandler } from '@modelcontextprotocol/server';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { listening } from './gateway-process.ts';
import { servers, type Era } from './mcp-traffic.ts';

/*
 * A bare pass-through as one writes it: the official SDK's server in front, the official SDK's client behind, of each
 * revision its own. Nothing is decided and nothing is recorded, nobody is authenticated, one connection upstream serves
 * all callers. Progress is not passed on.
 */

const info = { name: 'bench-sdk', version: '1.0.0' };
const capabilities = { tools: {} };
const upstream = (era: Era): URL => new URL(`${process.env['UPSTREAM_ORIGIN'] ?? ''}${servers[era].path}`);
const bare = (name: string): string => name.slice(name.indexOf('__') + 2);

const legacy = new Client(info);
await legacy.connect(new StreamableHTTPClientTransport(upstream('2025-11-25')));
const sessions = new Map<string, StreamableHTTPServerTransport>();

async function openSession(): Promise<StreamableHTTPServerTransport> {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: () => randomUUID(),
    enableJsonResponse: true,
    onsessioninitialized: (id) => void sessions.set(id, transport),
  });
  const server = new Server(info, { capabilities });
  server.setRequestHandler(ListToolsRequestSchema, ({ params }) => legacy.listTools(params));
  server.setRequestHandler(
    CallToolRequestSchema,
    async ({ params }, { signal }) =>
      await legacy.callTool({ name: bare(params.name), arguments: params.arguments }, undefined, { signal }),
  );
  await server.connect(transport);
  return transport;
}

const modern = new ModernClient(info, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
await modern.connect(new ModernTransport(upstream('2026-07-28')));
const handler = createMcpHandler(
  () => {
    const server = new ModernServer(info, { capabilities });
    server.setRequestHandler('tools/list', ({ params }) => modern.listTools(params));
    server.setRequestHandler(
      'tools/call',
      async ({ params }) => await modern.callTool({ name: bare(params.name), arguments: params.arguments ?? {} }),
    );
    return server;
  },
  { legacy: 'reject' },
);

async function answerModern(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)] as [string, string]);
  const url = `http://${request.headers.host}${request.url}`;
  const answer = await handler.fetch(new Request(url, { method: 'POST', headers, body: Buffer.concat(parts) }));
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.end(Buffer.from(await answer.arrayBuffer()));
}

async function answerLegacy(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const id = request.headers['mcp-session-id'];
  const transport = typeof id === 'string' ? sessions.get(id) : await openSession();
  if (!transport) return void response.writeHead(404).end();
  await transport.handleRequest(request, response);
}

const server = createServer((request, response) => {
  const isModern = request.headers['mcp-protocol-version'] === '2026-07-28';
  (isModern ? answerModern : answerLegacy)(request, response).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    response.destroy();
  });
});
server.keepAliveTimeout = 60_000;
listening(server);
