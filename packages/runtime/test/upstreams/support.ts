import type { AddressInfo } from 'node:net';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type {
  Cleared,
  Clock,
  Credentials,
  JsonObject,
  ProcessRunner,
  Session,
  ToolCall,
  Upstream,
  UpstreamConfig,
  UpstreamPeer,
  UpstreamTarget,
  UserContexts,
} from '@sallyport/core';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { Monitor, RuntimeFault, zeroCounters } from '@sallyport/core';
import { upstreamSchema } from '../../../core/src/config/upstreams.ts';
import { createUpstream, localProcessRunner } from '../../src/upstreams/index.ts';
import { systemClock } from '../../src/clock.ts';

export const folder = fileURLToPath(new URL('.', import.meta.url));
export const root = fileURLToPath(new URL('../../../../', import.meta.url));

export const sessionOf = (id = 's-1', user = 'ann'): Session => ({
  id,
  tenant: 'default',
  agent: { id: 'a-1', name: 'support', roles: ['support'] },
  user: { id: user, roles: [] },
  purpose: 'tests',
  openedAt: Date.now(),
  expiresAt: Date.now() + 600_000,
  state: 'open',
  counters: zeroCounters,
});

let ids = 0;
const monitor = new Monitor({
  guards: [],
  audit: { append: async () => undefined, enqueue: () => undefined, subscribe: () => () => undefined },
  clock: systemClock,
  newId: () => `id-${++ids}`,
  policyHash: () => 'none',
  modelCalls: 'durable',
  keep: () => undefined,
});

/** A call that a real monitor, which has no guards, let through. */
export async function clearedCall(
  target: UpstreamTarget,
  args: JsonObject = {},
  options: { readonly session?: Session; readonly schema?: JsonObject } = {},
): Promise<Cleared<ToolCall>> {
  const { session = sessionOf(), schema } = options;
  const name = target.tool ?? target.method;
  const event: ToolCall = {
    kind: 'tool_call',
    id: `e-${++ids}`,
    at: Date.now(),
    callId: `c-${ids}`,
    tool: `${target.upstream}__${name}`,
    arguments: args,
    messages: [],
    runs: 'runtime',
    target,
    ...(schema === undefined ? {} : { definition: { name, parameters: schema } }),
  };
  const { cleared } = await monitor.decide(event, session);
  if (!cleared) throw new Error('the monitor let nothing through');
  return cleared;
}

export const callOf = (tool: string, args: JsonObject = {}, session = sessionOf(), schema?: JsonObject) =>
  clearedCall({ upstream: 'up', method: 'tools/call', tool }, args, { session, ...(schema ? { schema } : {}) });

export interface Told {
  readonly method: string;
  readonly params: JsonObject;
}

/** Whoever waits; what it is told is kept. */
export function peerOf(change: Partial<UpstreamPeer> = {}): UpstreamPeer & { readonly told: Told[] } {
  const told: Told[] = [];
  return {
    notify: (method, params) => told.push({ method, params }),
    signal: new AbortController().signal,
    meta: {},
    ...change,
    told,
  };
}

export const noCredentials: Credentials = {
  attach: async () => ({ headers: {}, query: {} }),
  rejected: async () => false,
  environment: async () => ({}),
  mask: (text) => text,
};

/** The machine's clock, on which one stretch of time passes when the test says so, however slow the machine. */
export function heldClock(heldMs: number) {
  const waiting = new Set<() => void>();
  let begun = 0;
  const clock: Clock = {
    ...systemClock,
    after: (ms, then) => {
      if (ms !== heldMs) return systemClock.after(ms, then);
      begun++;
      waiting.add(then);
      return () => waiting.delete(then);
    },
  };
  const pass = () => [...waiting].forEach((then) => then());
  return { clock, pass, waiting, begun: () => begun };
}

interface UpstreamOptions {
  readonly credentials?: Credentials;
  readonly userContexts?: UserContexts;
  readonly runner?: ProcessRunner;
  readonly clock?: Clock;
  readonly onFault?: (fault: string, error: unknown) => void;
}

const opened: Upstream[] = [];

export function upstreamOf(config: JsonObject, options: UpstreamOptions = {}): Upstream {
  const parsed: UpstreamConfig = upstreamSchema.parse(config);
  const upstream = createUpstream('up', parsed, {
    credentials: noCredentials,
    runner: localProcessRunner({ PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' }),
    clock: systemClock,
    newId: () => `n-${++ids}`,
    onFault: () => undefined,
    folder,
    ...options,
  });
  opened.push(upstream);
  return upstream;
}

/** A program that speaks MCP, or does not. */
export const program = (file: string, ...args: string[]) => ({
  kind: 'stdio',
  command: process.execPath,
  args: [`${folder}programs/${file}`, ...args],
});

export const connect = (
  upstream: Upstream,
  session: Session | undefined = sessionOf(),
  capabilities: JsonObject = {},
) => upstream.connect({ capabilities, signal: new AbortController().signal, ...(session ? { session } : {}) });

const servers: (() => Promise<void>)[] = [];

export interface HttpServer {
  readonly url: string;
  readonly requests: { readonly method: string; readonly headers: IncomingMessage['headers']; readonly body: string }[];
}

/** An HTTP server of a test's own, which keeps what it was sent. */
export async function serve(
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void | Promise<void>,
): Promise<HttpServer> {
  const requests: HttpServer['requests'] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts).toString('utf8');
      requests.push({ method: request.method ?? '', headers: request.headers, body });
      void answer(request, response, body);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  servers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, requests };
}

export async function closeAll(): Promise<void> {
  await Promise.all(opened.splice(0).map((upstream) => upstream.close()));
  await Promise.all(servers.splice(0).map((close) => close()));
}

/** The fault that a promise rejects with. */
export async function faultOf(promise: Promise<unknown>): Promise<RuntimeFault> {
  const error: unknown = await promise.then(
    (value) => new Error(`it resolved to ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (error instanceof RuntimeFault) return error;
  throw error;
}
