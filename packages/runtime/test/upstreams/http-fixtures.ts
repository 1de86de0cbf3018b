import type { AttachedCredential, Credentials, JsonObject, Session, ToolCall, UpstreamPeer } from '@sallyport/core';
import type { FastifyInstance } from 'fastify';
import { afterEach } from 'vitest';
import fastify from 'fastify';
import { Monitor, parseConfig, RuntimeFault } from '@sallyport/core';
import { createEndpointsUpstream } from '../../src/upstreams/endpoints/index.ts';
import { MemoryLog, realClock, session, toolCall } from '../../../core/test/fixtures.ts';

/** What a test server received. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
export const closeAfter = (close: () => unknown): void => void closing.push(close);

/** A real server on a free loopback port. Bodies stay text. */
export async function serve(routes: (app: FastifyInstance) => void): Promise<{ origin: string; received: Received[] }> {
  const app = fastify({ exposeHeadRoutes: false, routerOptions: { ignoreTrailingSlash: false } });
  const received: Received[] = [];
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => done(null, body));
  app.addHook('preHandler', (request, _, done) => {
    const body = typeof request.body === 'string' ? request.body : '';
    received.push({ method: request.method, url: request.raw.url ?? '', headers: request.headers, body });
    done();
  });
  routes(app);
  const origin = await app.listen({ host: '127.0.0.1', port: 0 });
  closeAfter(() => app.close());
  return { origin, received };
}

/** Answers everything with what it received. */
export const echo = () =>
  serve((app) => {
    app.all('/*', (request) => ({ method: request.method, url: request.raw.url, body: request.body ?? null }));
  });

/** Credentials that attach what a test says, and know the secret that must never come out. */
export class TestCredentials implements Credentials {
  attached: AttachedCredential;
  secret: string;
  fresh: string | undefined;
  readonly uses: Parameters<Credentials['attach']>[0][] = [];

  constructor(attached: Partial<AttachedCredential> = {}, secret = 'sk-very-secret-0042') {
    this.attached = { headers: {}, query: {}, ...attached };
    this.secret = secret;
  }

  attach(use: Parameters<Credentials['attach']>[0]): Promise<AttachedCredential> {
    this.uses.push(use);
    return Promise.resolve(this.attached);
  }

  rejected(): Promise<boolean> {
    if (this.fresh === undefined) return Promise.resolve(false);
    this.attached = { ...this.attached, headers: { Authorization: `Bearer ${this.fresh}` } };
    return Promise.resolve(true);
  }

  environment(): Promise<Record<string, string>> {
    return Promise.resolve({});
  }

  mask(text: string): string {
    return text.replaceAll(this.secret, '[credential]');
  }
}

export const services = (change: Partial<{ credentials: Credentials; folder: string }> = {}) => ({
  credentials: new TestCredentials(),
  clock: realClock,
  folder: '/nowhere',
  ...change,
});

/** An upstream as `sallyport.yaml` would have it, with all defaults. */
export function configOf<K extends 'openapi' | 'endpoints'>(kind: K, entries: JsonObject) {
  const text = JSON.stringify({ upstreams: { shop: { kind, ...entries } } });
  const readFile = () => {
    throw new Error('no files here');
  };
  const upstream = parseConfig(text, { env: {}, readFile }).upstreams['shop'];
  if (upstream?.kind !== kind) throw new Error('no such upstream');
  return upstream as Extract<typeof upstream, { kind: K }>;
}

let ids = 0;

/** What the monitor clears when no guard minds. */
export async function clear(tool: string, args: JsonObject, change: Partial<ToolCall> = {}, of?: Partial<Session>) {
  const monitor = new Monitor({
    guards: [],
    audit: new MemoryLog(),
    clock: realClock,
    newId: () => `id-${ids++}`,
    policyHash: () => 'none',
    modelCalls: 'durable',
    keep: () => undefined,
  });
  const call = toolCall(args, {
    tool: `shop__${tool}`,
    runs: 'runtime',
    target: { upstream: 'shop', method: 'tools/call', tool },
    ...change,
  });
  const { cleared } = await monitor.decide(call, session(of));
  if (!cleared) throw new Error('not cleared');
  return cleared;
}

export const peer = (change: Partial<UpstreamPeer> = {}): UpstreamPeer => ({
  notify: () => undefined,
  signal: new AbortController().signal,
  meta: {},
  ...change,
});

export const never = new AbortController().signal;
export const textOf = (result: JsonObject): string =>
  ((result['content'] as unknown as { text?: string }[])[0] ?? {}).text ?? '';

export const get = (path: string, parameters: JsonObject = {}) => ({ method: 'GET', path, parameters });
export const inPath = { in: 'path' };

/** A list of endpoints, connected. */
export async function startEndpoints(entries: JsonObject, credentials = new TestCredentials(), more: object = {}) {
  const upstream = createEndpointsUpstream('shop', configOf('endpoints', entries), {
    ...services({ credentials }),
    ...more,
  });
  closeAfter(() => upstream.close());
  return upstream.connect({ capabilities: {}, signal: never });
}

export const faultOf = async (running: Promise<unknown>): Promise<RuntimeFault> => {
  const error: unknown = await running.then(
    () => 'no fault',
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof RuntimeFault)) throw new Error(`no fault but ${JSON.stringify(error)}`);
  return error;
};
