import { JsonRpcError } from '@sallyport/core';
import type { JsonObject, Session } from '@sallyport/core';
import type { Gateway, ListenFilter, McpClient } from '../../gateway/contract.ts';
import { Refusal, errorCodes, invalidRequest, noSuchSession, type RpcErrorBody } from './errors.ts';
import type { EventStream } from './event-stream.ts';
import type { Exchange } from './exchange.ts';
import { isObject, type RpcId } from './message.ts';
import { KeptEvents } from './kept-events.ts';
import type { McpLimits } from './services.ts';

interface Question {
  readonly exchange: Exchange;
  readonly resolve: (result: JsonObject) => void;
  readonly reject: (error: JsonRpcError) => void;
}

export interface Handshake {
  readonly protocol: string;
  readonly capabilities: JsonObject;
  readonly info: JsonObject;
}

export interface ClientSessionServices {
  readonly gateway: Gateway;
  readonly limits: McpLimits;
}

/** What a 2025 client and this surface hold between requests, from `initialize` until either ends it. */
export class ClientSession {
  readonly id: string;
  /** The Sallyport session it belongs to, and may be used by. */
  readonly owner: string;
  readonly handshake: Handshake;
  readonly #gateway: Gateway;
  readonly #limits: McpLimits;
  readonly #running = new Map<RpcId, Exchange>();
  readonly #questions = new Map<RpcId, Question>();
  readonly #kept: KeptEvents;
  /** By address: whether the gateway has agreed to it yet. */
  readonly #watched = new Map<string, boolean>();
  #asked = 0;
  #messages = false;
  #stream: EventStream | undefined;
  #listener: Session | undefined;
  #stopListening: () => void = () => undefined;
  #ended = false;
  usedAt = 0;

  constructor(id: string, owner: string, handshake: Handshake, { gateway, limits }: ClientSessionServices) {
    this.id = id;
    this.owner = owner;
    this.handshake = handshake;
    this.#gateway = gateway;
    this.#limits = limits;
    this.#kept = new KeptEvents(limits);
  }

  get isBusy(): boolean {
    return this.#running.size > 0 || this.#stream !== undefined;
  }

  /** @throws Refusal where the id is in use, or too much is under way */
  begin(exchange: Exchange): void {
    // Of two requests with one id, a cancellation could mean either.
    if (this.#running.has(exchange.id)) throw invalidRequest('A request with this id is under way.');
    if (this.#running.size >= this.#limits.requests)
      throw new Refusal(429, errorCodes.invalidRequest, `${this.#running.size} requests are under way; wait for some.`);
    this.#running.set(exchange.id, exchange);
    exchange.onEnd(() => this.#over(exchange));
  }

  client(exchange: Exchange, meta: JsonObject): McpClient {
    const { protocol, capabilities, info } = this.handshake;
    return {
      protocol,
      capabilities,
      info,
      meta,
      notify: (method, params) => exchange.notify(method, params),
      ask: (method, params) => this.#ask(exchange, method, params),
      keepAlive: () => exchange.keepAlive(),
      isStill: () => exchange.isStill({ id: this.owner }),
      signal: exchange.signal,
    };
  }

  cancel(id: RpcId): void {
    this.#running.get(id)?.cancel();
  }

  /** @throws Refusal where nothing of this id was asked */
  answer(id: RpcId, { result, error }: { readonly result?: JsonObject; readonly error?: RpcErrorBody }): void {
    const question = this.#questions.get(id);
    if (!question) throw invalidRequest('No question of this id is open.');
    this.#questions.delete(id);
    if (result) return question.resolve(result);
    question.reject(new JsonRpcError(error?.code ?? errorCodes.internal, error?.message ?? '', error?.data));
  }

  /** What the method means for what comes outside requests; called once the gateway has agreed to it. */
  learn(session: Session, method: string, { uri }: JsonObject): void {
    if (method === 'logging/setLevel') this.#messages = true;
    else if (method === 'resources/unsubscribe' && typeof uri === 'string') this.#watched.delete(uri);
    else if (method === 'resources/subscribe' && typeof uri === 'string') this.#watched.set(uri, true);
    else return;
    if (!this.#ended) this.#listen(session);
    // It ended meanwhile.
    else if (method === 'resources/subscribe') this.#gateway.unwatch(session, uri as string);
  }

  /** Whether it watches a resource, or has asked to: the gateway counts each client once. */
  watches({ uri }: JsonObject): boolean {
    return typeof uri === 'string' && this.#watched.has(uri);
  }

  /** Returns what to do where the gateway does not agree. @throws Refusal where it watches as many as it may */
  watch({ uri }: JsonObject): () => void {
    if (this.#watched.size >= this.#limits.watched)
      throw invalidRequest(`${this.#watched.size} resources are watched; unsubscribe from some.`);
    if (typeof uri !== 'string') return () => undefined;
    this.#watched.set(uri, false);
    return () => void this.#watched.delete(uri);
  }

  /**
   * The stream for what comes outside requests. A newer one takes the place of an older, which its client may have lost.
   *
   * @param after `Last-Event-ID`; without it, what no stream has carried yet is sent
   */
  attach(session: Session, stream: EventStream, after: string | undefined): void {
    this.#stream?.end();
    this.#stream = stream;
    stream.onClose(() => {
      if (this.#stream === stream) this.#stream = undefined;
    });
    for (const lines of this.#kept.after(after)) stream.write(lines);
    if (!this.#listener) this.#listen(session);
  }

  end(): void {
    if (this.#ended) return;
    this.leave();
    const listener = this.#listener;
    for (const [uri, agreed] of this.#watched) if (agreed && listener) this.#gateway.unwatch(listener, uri);
    for (const exchange of this.#running.values()) exchange.end(noSuchSession());
  }

  /** Nothing comes outside of requests any more, and nobody is asked; what is under way goes on. */
  leave(): void {
    this.#ended = true;
    this.#stopListening();
    this.#stream?.end();
    for (const id of this.#questions.keys()) this.#unasked(id, 'The session ends: nobody can be asked.');
  }

  #ask(exchange: Exchange, method: string, params: JsonObject): Promise<JsonObject> {
    return new Promise((resolve, reject) => {
      const stream = this.#ended ? undefined : exchange.open();
      if (!stream) return reject(new JsonRpcError(errorCodes.internal, 'The client has gone.'));
      if (this.#questions.size >= this.#limits.questions || !stream.keepsUp)
        return reject(new JsonRpcError(errorCodes.internal, 'The client has too many questions open.'));
      const id = ++this.#asked;
      this.#questions.set(id, { exchange, resolve, reject });
      stream.send({ jsonrpc: '2.0', id, method, params });
    });
  }

  #over(exchange: Exchange): void {
    this.#running.delete(exchange.id);
    for (const [id, question] of this.#questions)
      if (question.exchange === exchange) this.#unasked(id, 'The request that asked is over.');
  }

  #unasked(id: RpcId, why: string): void {
    const question = this.#questions.get(id);
    this.#questions.delete(id);
    question?.reject(new JsonRpcError(errorCodes.internal, why));
  }

  #listen(session: Session): void {
    if (this.#ended) return;
    this.#listener = session;
    this.#stopListening();
    const filter: ListenFilter = {
      toolsListChanged: true,
      promptsListChanged: true,
      resourcesListChanged: true,
      resources: [...this.#watched.keys()],
      messages: this.#messages,
    };
    this.#stopListening = this.#gateway.listen(session, filter, (method, params) => this.#tell(method, params));
  }

  #tell(method: string, params: JsonObject): void {
    const stream = this.#stream;
    const message = { jsonrpc: '2.0', method, ...(isObject(params) ? { params } : {}) };
    if (stream && !stream.keepsUp) {
      stream.drop();
      this.#stream = undefined;
    }
    const lines = this.#kept.add(message, this.#stream !== undefined);
    this.#stream?.write(lines);
  }
}
