import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { EventStore } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { createMcpHandler } from '@modelcontextprotocol/server';
import type { McpHttpHandler, McpServer } from '@modelcontextprotocol/server';
import type { HttpServer } from './support.ts';
import { newServer } from './new-server.ts';
import { oldServer } from './old-server.ts';
import { serve } from './support.ts';

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
