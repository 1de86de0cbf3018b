import type {
  Clock,
  ConnectOptions,
  JsonObject,
  Json,
  ToolCall,
  UpstreamConnection,
  UpstreamInfo,
  UpstreamList,
  UpstreamMethod,
  UpstreamPeer,
  UserContexts,
} from '@sallyport/core';
import type { About, Transport } from './transport.ts';
import type { Agreed, Era } from './handshake.ts';
import type { Calls } from './calls.ts';
import { Cleared, JsonRpcError, RuntimeFault, showText } from '@sallyport/core';
import { SessionGone } from './transport.ts';
import { Subscriptions } from './subscriptions.ts';
import { headerParams, paramHeaders } from './header-params.ts';
import { isObject, malformed, metaKeys, rpcCodes } from './messages.ts';

export interface ConnectionOptions {
  readonly upstream: string;
  readonly calls: Calls;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly shared: boolean;
  readonly connect: ConnectOptions;
  readonly agreed: Agreed;
  readonly offers: (tool: string) => boolean;
  /** To begin a new session with a 2025 server that has forgotten the old one. */
  readonly again: (signal: AbortSignal) => Promise<UpstreamInfo>;
  /** For whom statements about users are. */
  readonly audience: string;
  readonly userContexts: UserContexts | undefined;
  /** What it was found to speak is no longer so. */
  readonly forget: () => void;
}

/** What each method takes of the cleared arguments. Nothing else of them goes out, such as a `_meta` of the agent's. */
const taken: Readonly<Record<Exclude<UpstreamMethod, 'tools/call'>, readonly string[]>> = {
  'resources/read': ['uri'],
  'resources/subscribe': ['uri'],
  'resources/unsubscribe': ['uri'],
  'prompts/get': ['name', 'arguments'],
  'completion/complete': ['ref', 'argument', 'context'],
};

/** A connection to an MCP server, whatever carries it. */
export class McpConnection implements UpstreamConnection {
  readonly #options: ConnectionOptions;
  readonly #era: Era;
  readonly #subscriptions: Subscriptions | undefined;
  #info: UpstreamInfo;
  #logLevel: Json | undefined;
  #beginning: Promise<UpstreamInfo> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#era = options.agreed.era;
    this.#info = options.agreed.info;
    const { calls, clock } = options;
    if (this.#era === 'modern') {
      this.#subscriptions = new Subscriptions(calls, clock, this.#about, this.#info.capabilities);
    }
  }

  get info(): UpstreamInfo {
    return this.#info;
  }

  async list(method: UpstreamList, params: JsonObject, signal: AbortSignal): Promise<JsonObject> {
    const { calls, timeoutMs } = this.#options;
    const { _meta, ...rest } = params;
    const meta = isObject(_meta) ? _meta : {};
    const ask = () => calls.request({ method, params: rest, meta, about: this.#about, timeoutMs, signal });
    const result = await ask().catch(async (error: unknown) => {
      // Asking for a list again has no effect; a call is never made twice.
      if (!(error instanceof SessionGone)) throw this.#understood(error);
      await this.#begin(signal);
      return ask();
    });
    return method === 'tools/list' ? this.#offered(result) : result;
  }

  async run(cleared: Cleared<ToolCall>, peer: UpstreamPeer): Promise<JsonObject> {
    Cleared.assert(cleared);
    const { event } = cleared;
    const { upstream, connect, shared } = this.#options;
    if (event.target?.upstream !== upstream) throw misdirected(`It is not for upstream ${upstream}.`);
    if (!shared && connect.session?.id !== cleared.session.id)
      throw misdirected('The connection is of another session.');
    const { method, tool } = event.target;
    if (method === 'tools/call' && (tool === undefined || !this.#options.offers(tool))) throw notOffered(tool);
    if (this.#subscriptions && method === 'resources/subscribe') return this.#subscribe(event.arguments, peer);
    if (this.#subscriptions && method === 'resources/unsubscribe') {
      this.#subscriptions.unsubscribe(uriOf(event.arguments));
      return {};
    }
    await this.#setLogLevel(peer);
    return this.#call(cleared, peer);
  }

  notify(method: string, params: JsonObject): void {
    // 2026 servers take none.
    if (this.#era === 'legacy' && method === 'notifications/roots/list_changed') {
      this.#options.calls.notify(method, params, this.#about).catch(() => undefined);
    }
  }

  onNotification(listener: (method: string, params: JsonObject) => void): () => void {
    this.#subscriptions?.listen();
    return this.#options.calls.onNotification((method, params) => {
      if (method !== 'notifications/subscriptions/acknowledged') listener(method, params);
    });
  }

  onClose(listener: (reason: string) => void): () => void {
    return this.#options.calls.onClose(listener);
  }

  async close(): Promise<void> {
    const { calls, transport } = this.#options;
    calls.close();
    await transport.close();
  }

  get #about(): About {
    const { session } = this.#options.connect;
    return session ? { session } : {};
  }

  /** A client must leave out tools whose headers are not well declared ("Custom Headers from Tool Parameters"). */
  #offered(result: JsonObject): JsonObject {
    const { tools } = result;
    if (!Array.isArray(tools)) throw malformed(`Upstream ${this.#options.upstream} answered tools/list without tools.`);
    const offered = (tools as readonly Json[]).filter(
      (tool) =>
        isObject(tool) &&
        typeof tool['name'] === 'string' &&
        this.#options.offers(tool['name']) &&
        !(this.#mirrors && isObject(tool['inputSchema']) && !declaresWell(tool['inputSchema'])),
    );
    return { ...result, tools: offered };
  }

  /** Whether arguments go into headers as well. */
  get #mirrors(): boolean {
    return this.#era === 'modern' && this.#options.transport.streams;
  }

  async #call(cleared: Cleared<ToolCall>, peer: UpstreamPeer): Promise<JsonObject> {
    const { calls, timeoutMs } = this.#options;
    const { event } = cleared;
    const { method = 'tools/call' } = event.target ?? {};
    const isModern = this.#era === 'modern';
    const params = isModern && peer.again ? { ...paramsOf(event), ...again(peer.again) } : paramsOf(event);
    const about = await this.#aboutCall(cleared);
    try {
      const meta = isModern ? peer.meta : without(peer.meta, metaKeys.logLevel);
      return await calls.request({ method, params, meta, about, timeoutMs, signal: peer.signal, peer });
    } catch (error) {
      if (error instanceof SessionGone) calls.end(error);
      throw this.#understood(error);
    }
  }

  async #aboutCall({ event, session }: Cleared<ToolCall>): Promise<About> {
    const { userContexts, audience } = this.#options;
    const { tool } = event.target ?? {};
    const named = tool ?? event.tool;
    const signed = await userContexts?.sign({ session, audience, tool: named, callId: event.callId });
    const schema = event.definition?.parameters;
    return {
      session,
      ...(tool === undefined ? {} : { tool }),
      ...(signed === undefined ? {} : { userContext: signed }),
      ...(this.#mirrors && tool !== undefined && schema ? { headers: paramHeaders(schema, event.arguments) } : {}),
    };
  }

  async #subscribe(args: JsonObject, peer: UpstreamPeer): Promise<JsonObject> {
    await this.#subscriptions?.subscribe(uriOf(args), this.#options.timeoutMs, peer.signal);
    return {};
  }

  /** 2025 servers are told once, and for all that follows; so not where others are served as well. */
  async #setLogLevel({ meta, signal }: UpstreamPeer): Promise<void> {
    const level = meta[metaKeys.logLevel];
    const { shared, calls, timeoutMs } = this.#options;
    if (this.#era === 'modern' || shared || level === undefined || level === this.#logLevel) return;
    if (this.#info.capabilities['logging'] === undefined) return;
    this.#logLevel = level;
    const asked = { method: 'logging/setLevel', params: { level }, meta: {}, about: this.#about, timeoutMs, signal };
    await calls.request(asked).catch((error: unknown) => {
      // How much it logs is no reason not to make the call.
      if (!(error instanceof JsonRpcError)) throw error;
    });
  }

  async #begin(signal: AbortSignal): Promise<void> {
    this.#beginning ??= this.#options.again(signal).finally(() => {
      this.#beginning = undefined;
    });
    this.#info = await this.#beginning;
    this.#logLevel = undefined;
  }

  /** A server that stopped to speak what it spoke is asked anew, by the next connection. */
  #understood(error: unknown): unknown {
    if (error instanceof JsonRpcError && error.code === rpcCodes.unsupportedProtocol) {
      const { calls, forget, upstream } = this.#options;
      forget();
      const detail = `Upstream ${upstream} no longer speaks ${this.#info.protocol}; nothing was run.`;
      calls.end(new RuntimeFault('upstream_failed', { detail }));
    }
    return error;
  }
}

const misdirected = (detail: string): RuntimeFault => new RuntimeFault('internal', { detail });

function paramsOf({ target, arguments: args }: ToolCall): JsonObject {
  if (target === undefined || target.method === 'tools/call') return { name: target?.tool ?? '', arguments: args };
  return pick(args, taken[target.method]);
}

const again = (given: JsonObject): JsonObject => pick(given, ['inputResponses', 'requestState']);

const pick = (object: JsonObject, keys: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([key]) => keys.includes(key)));

const without = (object: JsonObject, key: string): JsonObject =>
  Object.hasOwn(object, key) ? Object.fromEntries(Object.entries(object).filter(([each]) => each !== key)) : object;

function uriOf({ uri }: JsonObject): string {
  if (typeof uri === 'string') return uri;
  throw new JsonRpcError(rpcCodes.invalidParams, 'uri: is missing.');
}

function declaresWell(schema: JsonObject): boolean {
  try {
    headerParams(schema);
    return true;
  } catch {
    return false;
  }
}

const notOffered = (tool: string | undefined): JsonRpcError =>
  new JsonRpcError(rpcCodes.invalidParams, `Unknown tool: ${showText(tool ?? '')}`);
