import { JsonRpcError } from '@sallyport/core';
import type { JsonObject, Session } from '@sallyport/core';
import type { Gateway, ListenFilter, McpClient } from '../../gateway/contract.ts';
import { Refusal, errorCodes, invalidRequest, type RpcErrorBody } from './errors.ts';
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
  readonly #watched = new Set<string>();
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
    else if (method === 'resources/subscribe' && typeof uri === 'string') this.#watched.add(uri);
    else return;
    this.#listen(session);
  }

  /** @throws Refusal where it watches as many as it may */
  mayWatch({ uri }: JsonObject): void {
    if (this.#watched.size < this.#limits.watched || (typeof uri === 'string' && this.#watched.has(uri))) return;
    throw invalidRequest(`${this.#watched.size} resources are watched; unsubscribe from some.`);
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
    this.#ended = true;
    this.#stopListening();
    this.#stream?.end();
    for (const exchange of this.#running.values()) exchange.cancel();
  }

  #ask(exchange: Exchange, method: string, params: JsonObject): Promise<JsonObject> {
    return new Promise((resolve, reject) => {
      const stream = exchange.open();
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
    for (const [id, question] of this.#questions) {
      if (question.exchange !== exchange) continue;
      this.#questions.delete(id);
      question.reject(new JsonRpcError(errorCodes.internal, 'The request that asked is over.'));
    }
  }

  #listen(session: Session): void {
    if (this.#ended) return;
    this.#listener = session;
    this.#stopListening();
    const filter: ListenFilter = {
      toolsListChanged: true,
      promptsListChanged: true,
      resourcesListChanged: true,
      resources: [...this.#watched],
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
