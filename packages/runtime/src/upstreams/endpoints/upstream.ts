import type {
  Clock,
  ConnectOptions,
  Credentials,
  JsonObject,
  Session,
  ToolCall,
  Upstream,
  UpstreamConfig,
  UpstreamConnection,
  UpstreamInfo,
  UpstreamList,
  UpstreamPeer,
  UpstreamStatus,
  UserContexts,
} from '@sallyport/core';
import type { Endpoint, HttpApi, Skipped } from './endpoint.ts';
import type { Answer } from './exchange.ts';
import type { EndpointRequest } from './request.ts';
import { asFault, Cleared, JsonRpcError, RuntimeFault } from '@sallyport/core';
import { offeredBy } from '../offered.ts';
import { toolOf } from './endpoint.ts';
import { Exchange } from './exchange.ts';
import { requestOf } from './request.ts';
import { refusal, resultOf } from './result.ts';
import { UnsendableArgument } from './values.ts';

/** What an HTTP API needs of the rest; the services of all upstreams hold it. */
export interface HttpServices {
  readonly credentials: Credentials;
  readonly userContexts?: UserContexts;
  readonly clock: Clock;
  /** Of `sallyport.yaml`. */
  readonly folder: string;
}

export type HttpConfig = Extract<UpstreamConfig, { kind: 'openapi' | 'endpoints' }>;

/** An HTTP API as an upstream. It keeps nothing between calls, so that all sessions share it. */
export class HttpUpstream implements Upstream {
  readonly name: string;
  readonly shared = true;
  readonly #config: HttpConfig;
  readonly #services: HttpServices;
  readonly #describe: (signal: AbortSignal) => Promise<HttpApi>;
  readonly #closing = new AbortController();
  #api: Promise<OfferedApi> | undefined;
  #status: UpstreamStatus;

  /** @param describe finds out what the API is; asked again after it failed */
  constructor(
    name: string,
    config: HttpConfig,
    services: HttpServices,
    describe: (signal: AbortSignal) => Promise<HttpApi>,
  ) {
    this.name = name;
    this.#config = config;
    this.#services = services;
    this.#describe = describe;
    this.#status = { state: 'idle', since: services.clock.now() };
  }

  /** `connected` as soon as it is known what the API is; whether it answers shows at the first call. */
  status(): UpstreamStatus {
    return this.#status;
  }

  async connect({ signal }: ConnectOptions): Promise<UpstreamConnection> {
    if (this.#closing.signal.aborted) throw new RuntimeFault('shutting_down');
    this.#api ??= this.#open();
    const opening = this.#api;
    try {
      const api = await opening;
      if (this.#status.state !== 'connected') {
        this.#become({ state: 'connected', protocol: 'http', skipped: api.skipped });
      }
      signal.throwIfAborted();
      return new HttpConnection(this.name, this.#config, this.#services, api);
    } catch (error) {
      if (this.#api === opening && !signal.aborted) {
        this.#api = undefined;
        this.#become({ state: 'failing', detail: asFault(error).message });
      }
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const opened = await this.#api?.catch(() => undefined);
    await opened?.exchange.close();
  }

  #become(status: Omit<UpstreamStatus, 'since'>): void {
    this.#status = { ...status, since: this.#services.clock.now() };
  }

  async #open(): Promise<OfferedApi> {
    const { base, endpoints, skipped, serverInfo } = await this.#describe(this.#closing.signal);
    const offers = offeredBy(this.name, this.#config.tools);
    const offered = endpoints.filter(({ tool }) => offers(tool));
    return {
      base,
      endpoints: new Map(offered.map((endpoint) => [endpoint.tool, endpoint])),
      tools: offered.map((endpoint) => toolOf(endpoint, base)),
      skipped,
      serverInfo,
      exchange: new Exchange(this.name, base.origin, this.#config, this.#services.clock),
    };
  }
}

interface OfferedApi {
  readonly base: URL;
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly tools: readonly JsonObject[];
  readonly skipped: readonly Skipped[];
  readonly serverInfo: JsonObject;
  readonly exchange: Exchange;
}

const otherLists = {
  'resources/list': { resources: [] },
  'resources/templates/list': { resourceTemplates: [] },
  'prompts/list': { prompts: [] },
} as const;

class HttpConnection implements UpstreamConnection {
  readonly info: UpstreamInfo;
  readonly #name: string;
  readonly #config: HttpConfig;
  readonly #services: HttpServices;
  readonly #api: OfferedApi;
  readonly #closing = new Set<(reason: string) => void>();

  constructor(name: string, config: HttpConfig, services: HttpServices, api: OfferedApi) {
    this.#name = name;
    this.#config = config;
    this.#services = services;
    this.#api = api;
    this.info = { protocol: 'http', capabilities: { tools: {} }, serverInfo: api.serverInfo };
  }

  list(method: UpstreamList, params: JsonObject): Promise<JsonObject> {
    if (params['cursor'] !== undefined) return Promise.reject(new JsonRpcError(-32602, 'There is no such page.'));
    return Promise.resolve(method === 'tools/list' ? { tools: this.#api.tools } : otherLists[method]);
  }

  async run(cleared: Cleared<ToolCall>, peer: UpstreamPeer): Promise<JsonObject> {
    Cleared.assert(cleared);
    const { event, session } = cleared;
    const { upstream, method, tool } = event.target ?? {};
    if (upstream !== this.#name) throw new JsonRpcError(-32603, 'The call is for another upstream.');
    if (method !== 'tools/call') throw new JsonRpcError(-32601, 'An HTTP API has tools and nothing else.');
    const endpoint = this.#api.endpoints.get(tool ?? '');
    if (!endpoint) throw new JsonRpcError(-32602, 'There is no such tool.');
    try {
      const request = requestOf(endpoint, this.#api.base, event.arguments);
      const call = { tool: endpoint.tool, callId: event.callId, session };
      const answer = await this.#answer(request, call, peer);
      const { credentials } = this.#services;
      return resultOf(answer, {
        upstream: this.#name,
        url: request.url,
        structured: endpoint.outputSchema !== undefined,
        mask: (text) => credentials.mask(text),
      });
    } catch (error) {
      if (error instanceof UnsendableArgument) return refusal(error.message);
      throw error;
    }
  }

  notify(): void {
    // No API of HTTP's has a use for MCP's notifications.
  }

  onNotification(): () => void {
    return () => undefined;
  }

  onClose(listener: (reason: string) => void): () => void {
    this.#closing.add(listener);
    return () => this.#closing.delete(listener);
  }

  close(): Promise<void> {
    for (const listener of this.#closing) listener('closed');
    this.#closing.clear();
    return Promise.resolve();
  }

  /** A request that only reads is made again, once, where a fresh credential may help. */
  async #answer(request: EndpointRequest, call: Call, peer: UpstreamPeer): Promise<Answer> {
    const use = {
      upstream: this.#name,
      url: request.url.href,
      httpMethod: request.method,
      tool: call.tool,
      session: call.session,
    };
    const answer = await this.#send(request, use, call, peer);
    if (answer.status !== 401) return answer;
    const again = await this.#services.credentials.rejected(use, answer.refusal);
    const reads = request.method === 'GET' || request.method === 'HEAD';
    return again && reads ? this.#send(request, use, call, peer) : answer;
  }

  async #send(
    request: EndpointRequest,
    use: Parameters<Credentials['attach']>[0],
    { tool, callId, session }: Call,
    peer: UpstreamPeer,
  ): Promise<Answer> {
    const { credentials, userContexts } = this.#services;
    const { audience = this.#api.base.origin, header } = this.#config.userContext;
    const [attached, context] = await Promise.all([
      credentials.attach(use),
      userContexts?.sign({ session, audience, tool, callId }),
    ]);
    const added = lowered(attached.headers);
    for (const name of [...Object.keys(added), header.toLowerCase()]) {
      if (request.headers.has(name)) throw new UnsendableArgument(`No argument may set the header ${name}.`);
    }
    const url = new URL(request.url);
    for (const [name, value] of Object.entries(attached.query)) {
      if (request.queryNames.has(name)) throw new UnsendableArgument(`No argument may set the parameter ${name}.`);
      url.searchParams.append(name, value);
    }
    return this.#api.exchange.send({
      url,
      method: request.method,
      headers: {
        accept: 'application/json, */*;q=0.5',
        'user-agent': 'sallyport',
        ...lowered(this.#config.headers),
        ...Object.fromEntries(request.headers),
        ...(request.body && { 'content-type': request.body.contentType }),
        ...traceOf(peer.meta),
        ...(context !== undefined && { [header.toLowerCase()]: context }),
        ...added,
      },
      ...(request.body && { body: request.body.text }),
      ...(attached.tls && { tls: attached.tls }),
      signal: peer.signal,
    });
  }
}

interface Call {
  readonly tool: string;
  readonly callId: string;
  readonly session: Session;
}

const lowered = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** W3C Trace Context section 3.2, as MCP carries it in `_meta`. */
function traceOf({ traceparent, tracestate }: JsonObject): Record<string, string> {
  if (typeof traceparent !== 'string' || !/^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/.test(traceparent))
    return {};
  const state = typeof tracestate === 'string' && /^[\x20-\x7e]{1,512}$/.test(tracestate) ? { tracestate } : {};
  return { traceparent, ...state };
}
