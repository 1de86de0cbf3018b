import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { McpServer as OldServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { EventStore } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { McpServer, createMcpHandler } from '@modelcontextprotocol/server';
import type { McpHttpHandler } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { HttpServer } from './support.ts';
import { serve } from './support.ts';

/** Servers made with the official SDKs: of the 2025 line, and of the 2026 one. */

export function oldServer(): OldServer {
  const server = new OldServer(
    { name: 'old', version: '1.2.3' },
    { capabilities: { logging: {}, tools: { listChanged: true } }, instructions: 'Be kind.' },
  );
  server.registerTool('echo', { inputSchema: { text: z.string() } }, ({ text }, extra) => ({
    content: [{ type: 'text', text: `${text} ${JSON.stringify(extra['_meta'] ?? {})}` }],
  }));
  server.registerTool('headers', {}, (extra) => ({
    content: [{ type: 'text', text: JSON.stringify(extra.requestInfo?.headers ?? {}) }],
  }));
  server.registerTool('slow', { inputSchema: { steps: z.number() } }, async ({ steps }, extra) => {
    for (let step = 1; step <= steps && !extra.signal.aborted; step++) {
      const progressToken = extra['_meta']?.progressToken;
      if (progressToken !== undefined) {
        await extra.sendNotification({
          method: 'notifications/progress',
          params: { progressToken, progress: step, total: steps, message: `step ${step}` },
        });
      }
      await extra.sendNotification({ method: 'notifications/message', params: { level: 'info', data: `log ${step}` } });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return { content: [{ type: 'text', text: 'done' }] };
  });
  server.registerTool('wait', { inputSchema: { label: z.string() } }, ({ label }, extra) => stop(label, extra.signal));
  server.registerTool('ask', { inputSchema: { question: z.string() } }, async ({ question }, extra) => {
    const answer = await extra
      .sendRequest(
        {
          method: 'elicitation/create',
          params: { message: question, requestedSchema: { type: 'object', properties: { ok: { type: 'boolean' } } } },
        },
        z.looseObject({}),
      )
      .catch((error: unknown) => ({ refused: String(error) }));
    return { content: [{ type: 'text', text: JSON.stringify(answer) }] };
  });
  server.registerTool('grow', {}, () => {
    server.registerTool(`grown-${randomUUID()}`, {}, () => ({ content: [] }));
    return { content: [] };
  });
  server.registerResource('note', 'note://one', {}, (uri) => ({ contents: [{ uri: uri.href, text: 'a note' }] }));
  server.registerPrompt('greet', { argsSchema: { name: z.string() } }, ({ name }) => ({
    messages: [{ role: 'user', content: { type: 'text', text: `Hello ${name}` } }],
  }));
  return server;
}

/** Labels of the calls of `wait` that began, and that were told to stop. */
export const begun: string[] = [];
export const stopped: string[] = [];

/** Says nothing, until it is told to stop. */
async function stop(label: string, signal: AbortSignal): Promise<{ content: [] }> {
  begun.push(label);
  await new Promise((resolve) => {
    signal.addEventListener('abort', resolve);
  });
  stopped.push(label);
  return { content: [] };
}

/** Remembers events, so that streams can be taken up again. */
class Events implements EventStore {
  readonly #events: { id: string; stream: string; message: unknown }[] = [];

  async storeEvent(stream: string, message: unknown): Promise<string> {
    const id = `${stream}_${this.#events.length}`;
    this.#events.push({ id, stream, message });
    return id;
  }

  async getStreamIdForEventId(id: string): Promise<string | undefined> {
    return this.#events.find((event) => event.id === id)?.stream;
  }

  async replayEventsAfter(last: string, { send }: { send: (id: string, message: never) => Promise<void> }) {
    const from = this.#events.findIndex(({ id }) => id === last);
    const stream = this.#events[from]?.stream ?? '';
    for (const event of this.#events.slice(from + 1)) {
      if (event.stream === stream) await send(event.id, event.message as never);
    }
    return stream;
  }
}

export interface OldHttpServer extends HttpServer {
  readonly sessions: Map<string, StreamableHTTPServerTransport>;
}

/** Streamable HTTP of 2025 with sessions. */
export async function serveOld(options: { resumable?: boolean; json?: boolean } = {}): Promise<OldHttpServer> {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const server = await serve(async (request, response, body) => {
    const id = request.headers['mcp-session-id'];
    const known = typeof id === 'string' ? sessions.get(id) : undefined;
    if (id !== undefined && !known) {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end('{"jsonrpc":"2.0","error":{"code":-32001,"message":"Session not found"},"id":null}');
      return;
    }
    const transport =
      known ??
      new StreamableHTTPServerTransport({
        sessionIdGenerator: () => randomUUID(),
        enableJsonResponse: options.json ?? false,
        retryInterval: 10,
        ...(options.resumable ? { eventStore: new Events() } : {}),
        onsessioninitialized: (made) => void sessions.set(made, transport),
        onsessionclosed: (made) => void sessions.delete(made),
      });
    if (!known) await oldServer().connect(transport);
    await transport.handleRequest(request, response, body === '' ? undefined : (JSON.parse(body) as unknown));
  });
  return { ...server, sessions };
}

/** HTTP+SSE of 2024-11-05. */
export async function serveSse(): Promise<HttpServer> {
  const transports = new Map<string, SSEServerTransport>();
  const server = await serve(async (request, response, body) => {
    const url = new URL(request.url ?? '', 'http://localhost');
    if (request.method === 'GET' && url.pathname === '/mcp') {
      const transport = new SSEServerTransport('/messages', response);
      transports.set(transport.sessionId, transport);
      await oldServer().connect(transport);
      return;
    }
    const transport = transports.get(url.searchParams.get('sessionId') ?? '');
    if (!transport || url.pathname !== '/messages') {
      response.writeHead(405).end();
      return;
    }
    await transport.handlePostMessage(request, response, JSON.parse(body));
  });
  return server;
}

export function newServer(): McpServer {
  const server = new McpServer(
    { name: 'new', version: '2.0.0' },
    { capabilities: { tools: { listChanged: true }, resources: { subscribe: true } }, instructions: 'Be brief.' },
  );
  server.registerTool('echo', { inputSchema: z.object({ text: z.string() }) }, ({ text }) => ({
    content: [{ type: 'text', text }],
  }));
  server.registerTool('slow', { inputSchema: z.object({ steps: z.number() }) }, async ({ steps }, context) => {
    const progressToken = context.mcpReq['_meta']?.progressToken;
    for (let step = 1; step <= steps && !context.mcpReq.signal.aborted; step++) {
      if (progressToken !== undefined) {
        await context.mcpReq.notify({
          method: 'notifications/progress',
          params: { progressToken, progress: step, total: steps },
        });
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return { content: [{ type: 'text', text: 'done' }] };
  });
  server.registerTool('wait', { inputSchema: z.object({ label: z.string() }) }, ({ label }, context) =>
    stop(label, context.mcpReq.signal),
  );
  server.registerResource('note', 'note://one', {}, (uri) => ({ contents: [{ uri: uri.href, text: 'a note' }] }));
  return server;
}

export interface NewHttpServer extends HttpServer {
  readonly handler: McpHttpHandler;
}

/** 2026-07-28 only, unless `legacy`. */
export async function serveNew(make: () => McpServer = newServer): Promise<NewHttpServer> {
  const handler = createMcpHandler(make, { legacy: 'reject' });
  const server = await serve((request, response, body) => hand(handler, request, response, body));
  return { ...server, handler };
}

async function hand(handler: McpHttpHandler, request: IncomingMessage, response: ServerResponse, body: string) {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)] as [string, string]);
  const answer = await handler.fetch(
    new Request(`http://${request.headers.host}${request.url}`, {
      method: request.method ?? 'GET',
      headers,
      signal: gone.signal,
      ...(body === '' ? {} : { body }),
    }),
  );
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  try {
    for await (const part of answer.body ?? []) response.write(part);
  } catch {
    // The other side has gone.
  }
  response.end();
}
