import { JsonRpcError } from '@sallyport/core';
import type {
  Clock,
  Config,
  Json,
  JsonObject,
  Monitor,
  NewId,
  PolicySet,
  Reason,
  Session,
  ToolDefinition,
  ToolPins,
  Upstream,
} from '@sallyport/core';
import type { Gateway, GatewayInfo, ListenFilter, McpClient } from './contract.ts';
import { Calls, type Asked } from './calls.ts';
import { Catalogues } from './catalogues.ts';
import { Connections } from './connections.ts';
import { Exchange, Parked, type Work } from './exchange.ts';
import { Holds, type GatewayApprovals } from './holds.ts';
import { Listeners } from './listeners.ts';
import { Permitted } from './permitted.ts';
import { Reads } from './reads.ts';
import { UpstreamQuestions } from './questions.ts';
import { Watched } from './watched.ts';
import { operationOf } from './operations.ts';
import { judgeList, listing } from './pages.ts';

const invalidParams = -32_602;
const methodNotFound = -32_601;

export interface GatewayOptions {
  readonly monitor: Monitor;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly configured: Config['upstreams'];
  readonly mcp: Config['mcp'];
  readonly pins: ToolPins;
  readonly policies: () => PolicySet;
  readonly approvals: GatewayApprovals;
  readonly approvalUrl: (id: string) => string;
  readonly version: string;
  /** Takes note of a tool that may be called now. */
  readonly onOffered: (definition: ToolDefinition) => void;
  readonly onFault: (fault: string, error: unknown) => void;
}

/** The tool gateway: what upstreams have, under one roof, and every use of it decided. */
export class ToolGateway implements Gateway {
  readonly #options: GatewayOptions;
  readonly #catalogues: Catalogues;
  readonly #connections: Connections;
  readonly #holds: Holds;
  readonly #calls: Calls;
  readonly #parked: Parked;
  readonly #permitted: Permitted;
  readonly #reads = new Reads();
  readonly #watched = new Watched();
  readonly #listeners = new Listeners();
  readonly #stopListening: () => void;
  #isStopping = false;

  constructor(options: GatewayOptions) {
    const { monitor, clock, newId, upstreams, configured, mcp, approvals, approvalUrl } = options;
    this.#options = options;
    this.#parked = new Parked(clock);
    this.#permitted = new Permitted(options);
    this.#catalogues = new Catalogues(options);
    this.#connections = new Connections({
      upstreams,
      clock,
      connectMs: (name) => configured[name]?.connectMs ?? 15_000,
      idleMs: mcp.idleMinutes * 60_000,
      mustStay: (name, sessionId) => this.#watched.has(sessionId, name),
      onNotification: (name, sessionId, method, params) => {
        if (method !== 'notifications/resources/updated') return this.#catalogues.changed(name, method);
        const uri = this.#watched.askedAs(sessionId, name, params['uri']);
        if (uri !== undefined) this.#listeners.tell(sessionId, method, { uri });
      },
    });
    this.#holds = new Holds({ approvals, approvalUrl, holdOpenMs: mcp.holdOpenMs, clock });
    const questions = new UpstreamQuestions({ monitor, clock, newId });
    const judging = { monitor, clock, newId, approvalUrl, reads: this.#reads, listeners: this.#listeners };
    this.#calls = new Calls({ ...judging, connections: this.#connections, questions, holds: this.#holds });
    this.#stopListening = this.#catalogues.onChange((kind) =>
      this.#listeners.tellAll(`notifications/${kind}/list_changed`),
    );
  }

  async describe(): Promise<GatewayInfo> {
    const offers = await this.#catalogues.all();
    const has = (capability: string) => offers.some(({ capabilities }) => capabilities[capability] !== undefined);
    return {
      serverInfo: { name: 'sallyport', title: 'Sallyport', version: this.#options.version },
      capabilities: {
        tools: { listChanged: true },
        ...(has('resources') ? { resources: { subscribe: true, listChanged: true } } : {}),
        ...(has('prompts') ? { prompts: { listChanged: true } } : {}),
        ...(has('completions') ? { completions: {} } : {}),
        ...(has('logging') ? { logging: {} } : {}),
      },
      instructions,
    };
  }

  async handle(session: Session, method: string, params: JsonObject, client: McpClient): Promise<JsonObject> {
    switch (method) {
      case 'tools/list': {
        const tools = [...(await this.#tools(session))].map(([name, { tool }]) => ({ ...tool, name }));
        return listing('tools', tools, 'name', params);
      }
      case 'resources/list':
        return await this.#told(session, method, this.#mine(session, await this.#catalogues.resources()), (resources) =>
          listing('resources', resources, 'uri', params),
        );
      case 'resources/templates/list':
        return await this.#told(session, method, this.#mine(session, await this.#catalogues.templates()), (templates) =>
          listing('resourceTemplates', templates, 'uriTemplate', params),
        );
      case 'prompts/list': {
        const prompts = [...(await this.#catalogues.prompts())].filter(([, { upstream }]) =>
          this.#permitted.may(session, operationOf(upstream, 'prompts/get').name),
        );
        const named = prompts.map(([name, { upstream, prompt }]) => ({ upstream, item: { ...prompt, name } }));
        return await this.#told(session, method, named, (listed) => listing('prompts', listed, 'name', params));
      }
      case 'logging/setLevel':
        this.#listeners.setLevel(session.id, params['level']);
        return {};
      default: {
        const asked = await this.#asked(session, method, params);
        if (method === 'resources/unsubscribe' && this.#othersWatch(asked)) return {};
        const result = await this.#run(asked, method, params, client);
        this.#watch(asked, method, params['uri']);
        return result;
      }
    }
  }

  async inputSchema(session: Session, tool: string): Promise<JsonObject | undefined> {
    const found = (await this.#catalogues.tools()).get(tool);
    return found && this.#permitted.may(session, tool) ? found.definition.parameters : undefined;
  }

  notified(session: Session, method: string, params: JsonObject): void {
    if (method === 'notifications/roots/list_changed') this.#connections.notify(session, method, params);
  }

  listen(session: Session, filter: ListenFilter, listener: (method: string, params: JsonObject) => void): () => void {
    const stop = this.#listeners.add(session.id, filter, listener);
    // A 2026 client watches by listening; what it may not watch it does not hear of.
    const uris = new Set(filter.watch ? filter.resources : []);
    const watching = [...uris].map((uri) => ({ uri, begun: this.#follow(session, 'resources/subscribe', uri) }));
    return () => {
      stop();
      for (const { uri, begun } of watching) void begun.then((isBegun) => isBegun && this.unwatch(session, uri));
    };
  }

  unwatch(session: Session, uri: string): void {
    // With its session, and with the runtime, its connections end.
    if (!this.#isStopping && this.#watched.has(session.id)) void this.#follow(session, 'resources/unsubscribe', uri);
  }

  stopHolding(): void {
    this.#isStopping = true;
    this.#holds.stop();
  }

  /** Whether the runtime itself carries out calls of this tool, for proposals that come by on another surface. */
  serves(tool: string): Asked['target'] | undefined {
    const found = this.#catalogues.knownTools().get(tool);
    return found && { upstream: found.upstream, method: 'tools/call', tool: found.tool.name };
  }

  /** Nothing is kept of a session that has ended. */
  async end(sessionId: string): Promise<void> {
    this.#parked.end(sessionId);
    this.#reads.end(sessionId);
    this.#listeners.end(sessionId);
    this.#watched.end(sessionId);
    await this.#connections.end(sessionId);
  }

  async close(): Promise<void> {
    this.#stopListening();
    this.#parked.close();
    await this.#connections.close();
    await this.#catalogues.close();
    await Promise.all([...this.#options.upstreams.values()].map((upstream) => upstream.close()));
  }

  /** Then the upstream is not told that one of this session's clients does no more. */
  #othersWatch({ session, target: { upstream }, arguments: { uri } }: Asked): boolean {
    return typeof uri === 'string' && this.#watched.leave(session.id, upstream, uri);
  }

  #watch({ session, target: { upstream }, arguments: { uri } }: Asked, method: string, asked: Json | undefined): void {
    if (typeof uri !== 'string' || typeof asked !== 'string') return;
    if (method === 'resources/subscribe') this.#watched.add(session.id, upstream, uri, asked);
    else if (method === 'resources/unsubscribe') this.#watched.remove(session.id, upstream, uri);
  }

  /** For a client that waits for no answer. Resolves to whether it was done. */
  async #follow(session: Session, method: string, uri: string): Promise<boolean> {
    const { signal } = new AbortController();
    const nobody = { protocol: '', capabilities: {}, info: {}, meta: {}, notify: () => undefined, signal };
    const still = { keepAlive: () => () => undefined, isStill: () => Promise.resolve(true) };
    try {
      await this.handle(session, method, { uri }, { ...nobody, ...still });
      return true;
    } catch (error) {
      if (!(error instanceof JsonRpcError)) this.#options.onFault(`${method} for a listening client failed`, error);
      return false;
    }
  }

  async #run(asked: Asked, method: string, params: JsonObject, client: McpClient): Promise<JsonObject> {
    const { exchange, work } =
      params['requestState'] === undefined ? this.#start(asked, client) : this.#resume(asked, method, params);
    const reached = await exchange.until(client, work);
    if ('done' in reached) return reached.done;
    // Never heard of by anybody, should its client not come back.
    work.catch(() => undefined);
    const requestState = this.#parked.park(asked.session, requestKey(method, asked), exchange, work);
    return { resultType: 'input_required', inputRequests: reached.questions as unknown as JsonObject, requestState };
  }

  #start(asked: Asked, client: McpClient): Work {
    const exchange = new Exchange(client);
    return { exchange, work: this.#begin(asked, exchange) };
  }

  #resume(asked: Asked, method: string, params: JsonObject): Work {
    const { inputResponses = {}, requestState } = params;
    if (typeof inputResponses !== 'object' || inputResponses === null || Array.isArray(inputResponses))
      throw new JsonRpcError(invalidParams, 'inputResponses must be an object.');
    const waiting = this.#parked.take(asked.session, requestKey(method, asked), requestState);
    waiting.exchange.answer(inputResponses as JsonObject);
    return waiting;
  }

  /** In the next turn, so that whoever is to be asked is listening. */
  async #begin(asked: Asked, exchange: Exchange): Promise<JsonObject> {
    await this.#userSaid(asked.session, exchange.client.meta);
    return await this.#calls.run(asked, exchange);
  }

  /** What the user asked for, where the agent's model is not asked through this runtime. */
  async #userSaid(session: Session, meta: JsonObject): Promise<void> {
    const text = meta['sallyport/userMessage'];
    if (typeof text !== 'string' || text === '') return;
    const { monitor, clock, newId } = this.#options;
    await monitor.decide({ id: newId(), at: clock.now(), kind: 'user_message', text }, session);
  }

  async #asked(session: Session, method: string, params: JsonObject): Promise<Asked> {
    switch (method) {
      case 'tools/call':
        return await this.#toolCall(session, params);
      case 'resources/read':
      case 'resources/subscribe':
      case 'resources/unsubscribe': {
        const { upstream, uri, own } = await this.#catalogues.ownerOf(params['uri']);
        return this.#operation(session, upstream, method, { uri }, own);
      }
      case 'prompts/get': {
        const { upstream, prompt } = await this.#catalogues.prompt(params['name']);
        const values = params['arguments'] === undefined ? {} : { arguments: params['arguments'] };
        return this.#operation(session, upstream, method, { name: prompt.name, ...values });
      }
      case 'completion/complete': {
        const { upstream, ref } = await this.#catalogues.completed(params['ref']);
        const context = params['context'] === undefined ? {} : { context: params['context'] };
        return this.#operation(session, upstream, method, { ref, argument: params['argument'] ?? {}, ...context });
      }
      default:
        throw new JsonRpcError(methodNotFound, 'Method not found');
    }
  }

  async #toolCall(session: Session, params: JsonObject): Promise<Asked> {
    const { name, arguments: values = {} } = params;
    if (typeof name !== 'string') throw new JsonRpcError(invalidParams, 'name must be the name of a tool.');
    if (typeof values !== 'object' || values === null || Array.isArray(values)) {
      throw new JsonRpcError(invalidParams, 'arguments must be an object.');
    }
    const found = (await this.#catalogues.tools()).get(name);
    if (found) {
      const { upstream, tool, definition } = found;
      const target = { upstream, method: 'tools/call', tool: tool.name } as const;
      return { session, tool: name, definition, target, arguments: values as JsonObject };
    }
    const upstream = await this.#catalogues.quarantinedOf(name);
    // Unknown alike for those who may not know that it exists.
    if (upstream === undefined || !this.#permitted.may(session, name))
      throw new JsonRpcError(invalidParams, 'Unknown tool');
    const broken: Reason = { code: 'tool_quarantined', path: 'tool', value: name };
    const target = { upstream, method: 'tools/call', tool: name } as const;
    return { session, tool: name, definition: { name }, target, arguments: values as JsonObject, broken };
  }

  #operation(
    session: Session,
    upstream: string,
    method: Asked['target']['method'],
    values: JsonObject,
    own = false,
  ): Asked {
    const definition = operationOf(upstream, method);
    const target = { upstream, method, ...(own ? { own } : {}) };
    return { session, tool: definition.name, definition, target, arguments: values };
  }

  /** Nobody reviews these lists. */
  #told<Item extends JsonObject>(
    session: Session,
    method: string,
    offered: readonly { readonly upstream: string; readonly item: Item }[],
    listed: (items: readonly Item[]) => JsonObject,
  ): Promise<JsonObject> {
    const owners = new Map<Json, string>(offered.map(({ upstream, item }) => [item, upstream]));
    const page = listed(offered.map(({ item }) => item));
    return judgeList(this.#options, session, method, page, (item) => owners.get(item) ?? '');
  }

  async #tools(session: Session) {
    return [...(await this.#catalogues.tools())].filter(([name]) => this.#permitted.may(session, name));
  }

  #mine<Offered extends { readonly upstream: string }>(session: Session, offered: readonly Offered[]): Offered[] {
    return offered.filter(({ upstream }) => this.#permitted.may(session, operationOf(upstream, 'resources/read').name));
  }
}

/** Said to clients once; models read it. */
const instructions =
  'Every call passes a checkpoint. A call that is refused comes back as an error that says why and whether to try again; ' +
  'one that waits for a person says where it is answered. What stands in angle brackets as a type and a number, such as ' +
  '<TYPE_1>, stands for a value that was taken out: copy it exactly wherever the value belongs.';

const requestKey = (method: string, { tool, target, arguments: values }: Asked): string =>
  JSON.stringify([method, tool, target, values]);
