import type { Clock, JsonObject } from '@sallyport/core';
import type { About, Channel, Transport } from './transport.ts';
import type { Incoming, RequestId } from './messages.ts';
import type { Outgoing } from './call.ts';
import { JsonRpcError, RuntimeFault } from '@sallyport/core';
import { Call } from './call.ts';
import { isObject, malformed, metaKeys, ownMeta, rpcCodes } from './messages.ts';

/** What an upstream may ask of a client during a call. */
const questions: ReadonlySet<string> = new Set(['elicitation/create', 'sampling/createMessage', 'roots/list']);
/** Notifications that are about a call, when they come on its stream or name it. */
const ofCalls: ReadonlySet<string> = new Set(['notifications/progress', 'notifications/message']);
const ofConnections: ReadonlySet<string> = new Set([
  'notifications/message',
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/resources/list_changed',
  'notifications/resources/updated',
  'notifications/elicitation/complete',
  'notifications/subscriptions/acknowledged',
]);

/** How many messages that belong to no call are taken in a stretch of time. */
const unaskedFor = { messages: 2_000, micros: 10_000_000 } as const;

export interface CallsOptions {
  readonly upstream: string;
  readonly transport: Transport;
  readonly clock: Clock;
  /** Whether calls of several sessions go over it: then nothing is taken for a call's that does not name it. */
  readonly shared: boolean;
}

type Notified = (method: string, params: JsonObject) => void;

/** Tells messages of one connection apart: which call an answer, a notification or a question belongs to. */
export class Calls {
  readonly #options: CallsOptions;
  readonly #under = new Map<RequestId, Call>();
  readonly #notified = new Set<Notified>();
  readonly #closed = new Set<(reason: string) => void>();
  #lastId = 0;
  #fault: RuntimeFault | undefined;
  #unasked = { since: 0, count: 0 };
  /** Why it is over, where nobody meant it to be. */
  lost: RuntimeFault | undefined;
  /** Of 2026-07-28: what every request carries. */
  envelope: JsonObject | undefined;

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  /** For the transport. */
  readonly channel: Channel = {
    message: (message) => this.#guarded(() => this.#onChannel(message)),
    lost: (fault) => this.end(fault),
  };

  /** @throws RuntimeFault, or JsonRpcError as the upstream answered */
  request(outgoing: Outgoing): Promise<JsonObject> {
    if (this.#fault) return Promise.reject(this.#fault);
    const { upstream, clock, transport } = this.#options;
    if (outgoing.signal?.aborted) {
      return Promise.reject(new RuntimeFault('upstream_failed', { detail: `Nobody waits for ${upstream} any more.` }));
    }
    const call = new Call(++this.#lastId, outgoing, upstream, clock);
    this.#under.set(call.id, call);
    call.onEnd = () => this.#under.delete(call.id);
    call.onGivenUp = (reason) => this.#stop(call, reason);
    call.start();
    const message = { jsonrpc: '2.0', id: call.id, method: outgoing.method, params: this.#params(call) };
    const closeStream = transport.request(message, outgoing.about, {
      message: (incoming) => {
        try {
          this.#onStream(call, incoming);
        } catch (error) {
          call.fail(asMalformed(error));
        }
      },
      fault: (fault) => call.fail(fault),
    });
    call.closeStream = closeStream;
    return call.answer;
  }

  notify(method: string, params: JsonObject, about: About = {}): Promise<void> {
    return this.#options.transport.send({ jsonrpc: '2.0', method, params }, about);
  }

  onNotification(listener: Notified): () => void {
    this.#notified.add(listener);
    return () => this.#notified.delete(listener);
  }

  /** Called at once where it is over already. */
  onClose(listener: (reason: string) => void): () => void {
    if (this.#fault) listener(this.#fault.message);
    else this.#closed.add(listener);
    return () => this.#closed.delete(listener);
  }

  /** Whoever uses it needs it no more. */
  close(): void {
    const detail = `The connection to upstream ${this.#options.upstream} was closed.`;
    this.end(new RuntimeFault('upstream_failed', { detail }), true);
  }

  /** Everything under way fails, and nothing goes out any more. */
  end(fault: RuntimeFault, meant = false): void {
    if (this.#fault) return;
    this.#fault = fault;
    this.lost = meant ? undefined : fault;
    for (const call of this.#under.values()) call.fail(fault);
    this.#options.transport.close().catch(() => undefined);
    const listeners = [...this.#closed];
    this.#closed.clear();
    for (const listener of listeners) listener(fault.message);
  }

  #params({ id, outgoing, progressToken }: Call): JsonObject {
    const meta = {
      ...ownMeta(outgoing.meta),
      ...(progressToken === undefined ? {} : { progressToken: id }),
      ...this.envelope,
      ...(outgoing.about.userContext !== undefined && !this.#options.transport.streams
        ? { [metaKeys.userContext]: outgoing.about.userContext }
        : {}),
    };
    return Object.keys(meta).length === 0 ? outgoing.params : { ...outgoing.params, _meta: meta };
  }

  /** On a stream of 2026 its end says it; elsewhere it must be told. A handshake cannot be cancelled. */
  #stop({ id, outgoing }: Call, reason: string): void {
    if ((this.envelope && this.#options.transport.streams) || outgoing.method === 'initialize') return;
    this.notify('notifications/cancelled', { requestId: id, reason }, outgoing.about).catch(() => undefined);
  }

  #onStream(call: Call, message: Incoming): void {
    if (call.over) return;
    if (message.kind === 'result' || message.kind === 'error') {
      if (message.id !== call.id && !(message.kind === 'error' && message.id === undefined)) {
        throw malformed('An answer to another request came on the stream of this one.');
      }
      return this.#answered(call, message);
    }
    call.touch();
    if (message.kind === 'request') this.#asked(message, call);
    else if (ofCalls.has(message.method)) this.#tell(call, message.method, message.params);
    else this.#unaskedFor(message.method, message.params);
  }

  #onChannel(message: Incoming): void {
    switch (message.kind) {
      case 'result':
      case 'error':
        return this.#answeredById(message);
      case 'request':
        return this.#asked(message, this.#callOf(message.params));
      case 'notification': {
        const call = ofCalls.has(message.method) ? this.#callOf(message.params) : undefined;
        if (!call) return this.#unaskedFor(message.method, message.params);
        call.touch();
        return this.#tell(call, message.method, message.params);
      }
    }
  }

  #answeredById(message: Extract<Incoming, { kind: 'result' | 'error' }>): void {
    if (this.#options.transport.streams) throw malformed('An answer came outside of the stream of its request.');
    const [only] = this.#under.values();
    const call = message.id === undefined ? (this.#under.size === 1 ? only : undefined) : this.#under.get(message.id);
    if (call) return this.#answered(call, message);
    // What was cancelled, or timed out, may still be answered; what was never asked may not.
    const late = typeof message.id === 'number' && message.id >= 1 && message.id <= this.#lastId;
    if (!late) throw malformed('It answered a request that was never made.');
    this.#count();
  }

  #answered(call: Call, message: Extract<Incoming, { kind: 'result' | 'error' }>): void {
    if (message.kind === 'error') return call.fail(message.error);
    const type = message.result['resultType'];
    const known =
      type === undefined || type === 'complete' || (type === 'input_required' && this.envelope !== undefined);
    if (!known) return call.fail(malformed('A result is of a type that its revision does not know.'));
    call.succeed(message.result);
  }

  /** By the progress token, which is the id. Where nobody else is served, also the only one under way. */
  #callOf(params: JsonObject): Call | undefined {
    const meta = params['_meta'];
    const token = params['progressToken'] ?? (isObject(meta) ? meta['progressToken'] : undefined);
    if (typeof token === 'number') return this.#under.get(token);
    if (token !== undefined || this.#options.shared) return undefined;
    const calls = [...this.#under.values()].filter(({ outgoing }) => outgoing.peer !== undefined);
    return calls.length === 1 ? calls[0] : undefined;
  }

  #tell(call: Call, method: string, params: JsonObject): void {
    if (call.over) return;
    if (method !== 'notifications/progress') return call.outgoing.peer?.notify(method, params);
    const { progressToken } = call;
    if (params['progressToken'] !== call.id || progressToken === undefined) return;
    call.outgoing.peer?.notify(method, { ...params, progressToken });
  }

  #unaskedFor(method: string, params: JsonObject): void {
    this.#count();
    if (ofConnections.has(method)) for (const listener of this.#notified) listener(method, params);
  }

  #count(): void {
    const now = this.#options.clock.micros();
    if (now - this.#unasked.since > unaskedFor.micros) this.#unasked = { since: now, count: 0 };
    if (++this.#unasked.count > unaskedFor.messages) throw malformed('It floods the connection with messages.');
  }

  #asked({ id, method, params }: Extract<Incoming, { kind: 'request' }>, call: Call | undefined): void {
    if (this.envelope) throw malformed('It sent a request, which its revision does not allow.');
    if (!call) this.#count();
    if (method === 'ping') return this.#reply({ jsonrpc: '2.0', id, result: {} }, call);
    const ask = call?.outgoing.peer?.ask;
    if (!call || !ask || !questions.has(method)) {
      const error = { code: rpcCodes.methodNotFound, message: 'Nobody can be asked for this here.' };
      return this.#reply({ jsonrpc: '2.0', id, error }, call);
    }
    this.#answer(id, call, () => ask(method, params)).catch(() => undefined);
  }

  async #answer(id: RequestId, call: Call, ask: () => Promise<JsonObject>): Promise<void> {
    const reply = await call.question(ask).then(
      (result) => ({ jsonrpc: '2.0', id, result }),
      (error: unknown) => ({ jsonrpc: '2.0', id, error: refusal(error) }),
    );
    // Once the call is over nobody may learn what the user said.
    if (!call.over) this.#reply(reply, call);
  }

  #reply(message: JsonObject, call: Call | undefined): void {
    this.#options.transport.send(message, call?.outgoing.about ?? {}).catch((error: unknown) => {
      call?.fail(error instanceof RuntimeFault ? error : asMalformed(error));
    });
  }

  /** What comes by the channel cannot be told from what follows it: one message amiss, and the connection is dropped. */
  #guarded(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.end(asMalformed(error));
    }
  }
}

const asMalformed = (error: unknown): RuntimeFault =>
  error instanceof RuntimeFault ? error : new RuntimeFault('internal', { cause: error });

/** A client's own answer is passed on; why the runtime refused is not the upstream's business. */
const refusal = (error: unknown): JsonObject =>
  error instanceof JsonRpcError
    ? { code: error.code, message: error.message, ...(error.data === undefined ? {} : { data: error.data }) }
    : { code: rpcCodes.refused, message: 'This was refused.' };
