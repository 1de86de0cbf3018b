import type { AddressInfo } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { RuntimeFault, zeroCounters } from '@sallyport/core';
import type { JsonObject, Session } from '@sallyport/core';
import type { Gateway, GatewayInfo, ListenFilter, McpClient } from '../../../src/gateway/contract.ts';
import { systemClock } from '../../../src/clock.ts';
import { createHttpServer } from '../../../src/surfaces/http.ts';
import { mcpRoutes, type McpServices } from '../../../src/surfaces/mcp/routes.ts';

export interface Listener {
  readonly session: Session;
  readonly filter: ListenFilter;
  readonly tell: (method: string, params: JsonObject) => void;
}

type Handler = (params: JsonObject, client: McpClient, session: Session) => Promise<JsonObject> | JsonObject;

/** A gateway that decides nothing: what the surface hands over and gives back is what is looked at. */
export class PlainGateway implements Gateway {
  readonly handlers: Record<string, Handler> = {
    'tools/list': () => ({ tools: [{ name: 'echo', inputSchema: { type: 'object' } }] }),
    'tools/call': ({ arguments: given }) => ({ content: [{ type: 'text', text: JSON.stringify(given ?? {}) }] }),
    'resources/subscribe': () => ({}),
    'resources/unsubscribe': () => ({}),
    'logging/setLevel': () => ({}),
  };
  info: GatewayInfo = {
    serverInfo: { name: 'plain', version: '1' },
    capabilities: {
      tools: { listChanged: true },
      resources: { subscribe: true, listChanged: true },
      prompts: { listChanged: true },
      logging: {},
    },
  };
  schemas: Record<string, JsonObject> = {};
  readonly handled: { readonly session: string; readonly method: string; readonly params: JsonObject }[] = [];
  readonly notes: string[] = [];
  readonly listeners = new Set<Listener>();

  async describe(): Promise<GatewayInfo> {
    return await Promise.resolve(this.info);
  }

  async handle(session: Session, method: string, params: JsonObject, client: McpClient): Promise<JsonObject> {
    this.handled.push({ session: session.id, method, params });
    const handler = this.handlers[method];
    if (!handler) throw new RuntimeFault('not_found', { detail: `nothing for ${method}` });
    return await handler(params, client, session);
  }

  async inputSchema(_: Session, tool: string): Promise<JsonObject | undefined> {
    return await Promise.resolve(this.schemas[tool]);
  }

  notified(_: Session, method: string): void {
    this.notes.push(method);
  }

  unwatch(_: Session, uri: string): void {
    this.notes.push(`unwatch ${uri}`);
  }

  stopHolding(): void {
    this.notes.push('stopHolding');
  }

  listen(session: Session, filter: ListenFilter, tell: Listener['tell']): () => void {
    const listener = { session, filter, tell };
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

export const sessionFor = (id: string): Session => ({
  id,
  tenant: 'default',
  agent: { id: `agent-${id}`, name: id, roles: [] },
  user: { id: 'anonymous', roles: [] },
  purpose: 'test',
  openedAt: 0,
  expiresAt: Number.MAX_SAFE_INTEGER,
  state: 'open',
  counters: zeroCounters,
});

export interface Served {
  readonly url: string;
  readonly port: number;
  readonly gateway: PlainGateway;
  /** Tokens that are good, each a Sallyport session of its own name. */
  readonly tokens: Set<string>;
  readonly faults: string[];
  close(): Promise<void>;
}

/** The surface on the real HTTP server; `Authorization: Bearer ada` is session `ada`. */
export async function serve(more: Partial<McpServices> = {}): Promise<Served> {
  const gateway = new PlainGateway();
  const tokens = new Set(['ada', 'bob']);
  const faults: string[] = [];
  const app = createHttpServer({
    server: { maxBodyBytes: 1_048_576, requestTimeoutMs: 30_000 } as never,
    newId: () => crypto.randomUUID(),
    logFault: (line) => faults.push(line),
  });
  const authenticate = async ({ headers }: FastifyRequest): Promise<Session> => {
    const token = headers.authorization?.replace('Bearer ', '') ?? '';
    if (!tokens.has(token)) throw new RuntimeFault('unauthenticated');
    return await Promise.resolve(sessionFor(token));
  };
  await app.register(mcpRoutes, {
    gateway,
    authenticate,
    clock: systemClock,
    maxJsonDepth: 64,
    keepAliveMs: 15_000,
    resultTtlMs: 0,
    allowedOrigins: [],
    allowedHosts: () => [],
    resourceMetadataUrl: () => 'https://sallyport.test/.well-known/oauth-protected-resource/mcp',
    ...more,
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/mcp`, port, gateway, tokens, faults, close: () => app.close() };
}
