import type { FastifyReply } from 'fastify';
import { JsonRpcError, asFault } from '@sallyport/core';
import type { JsonObject, Session } from '@sallyport/core';
import { Refusal, errorBody } from './errors.ts';
import { EventStream, type StreamServices } from './event-stream.ts';
import type { RpcId } from './message.ts';
import { isStill } from '../still.ts';

/** A message that has no answer has been taken. */
export const accepted = (reply: FastifyReply): void => void reply.code(202).send();

/** While a person is waited for. */
const holdMs = 5_000;

/**
 * One request and its response: JSON where the answer is all there is to say, a stream of events as soon as anything is
 * said before it, or when it is long in coming.
 */
export class Exchange {
  readonly id: RpcId;
  readonly #reply: FastifyReply;
  readonly #services: StreamServices;
  #ending: readonly (() => void)[] = [];
  readonly #gone = new AbortController();
  readonly #cancelPatience: () => void;
  #stream: EventStream | undefined;
  #over = false;

  constructor(reply: FastifyReply, id: RpcId, services: StreamServices) {
    this.id = id;
    this.#reply = reply;
    this.#services = services;
    this.#cancelPatience = services.clock.after(services.keepAliveMs, () => this.open());
    // It may have gone while its request was read: then no event will tell.
    if (reply.raw.destroyed) this.#lost();
    else reply.raw.on('close', () => this.#lost());
  }

  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** Whether its key would still lead to the session. */
  async isStill(session: Pick<Session, 'id'>): Promise<boolean> {
    return await isStill(this.#services, session, this.#reply.request);
  }

  /** Called once, when nothing more can be said on it. */
  onEnd(then: () => void): void {
    if (this.#over) then();
    else this.#ending = [...this.#ending, then];
  }

  /** The stream, begun if it has not been. Nothing once the exchange is over. */
  open(): EventStream | undefined {
    if (this.#over) return undefined;
    if (this.#stream) return this.#stream;
    const stream = new EventStream(this.#reply, this.#services);
    // What is said at once goes out with the head, in one piece.
    process.nextTick(() => stream.begin());
    this.#stream = stream;
    return stream;
  }

  /** What a reader that lags behind misses: progress and log messages are of the moment. */
  notify(method: string, params: JsonObject): void {
    const stream = this.open();
    if (stream?.keepsUp) stream.send({ jsonrpc: '2.0', method, params });
  }

  /** Returns how to stop. */
  keepAlive(): () => void {
    let stop = () => undefined as void;
    const beat = () => {
      const stream = this.open();
      if (!stream) return;
      if (stream.keepsUp) stream.write(': waiting\n\n');
      stop = this.#services.clock.after(holdMs, beat);
    };
    beat();
    return () => stop();
  }

  succeed(result: JsonObject): void {
    this.#answer({ jsonrpc: '2.0', id: this.id, result }, 200);
  }

  /** What went wrong while a request was carried out is its answer; only what it was refused for has an HTTP status. */
  fail(error: unknown): void {
    const internal = !(error instanceof JsonRpcError) && asFault(error).code === 'internal';
    if (internal && !this.#over) this.#reply.log.error({ err: error }, `request ${this.#reply.request.id} failed`);
    const status = error instanceof Refusal ? error.status : 200;
    this.#answer({ jsonrpc: '2.0', id: this.id, error: errorBody(error) }, status);
  }

  /** The client has taken its request back, and waits for no answer. */
  cancel(): void {
    if (this.#over) return;
    const stream = this.open();
    this.#finish();
    this.#gone.abort(new Error('the client has cancelled its request'));
    stream?.end();
  }

  /** It is ended from here. A stream that merely stopped would be waited for. */
  end(error: Error): void {
    this.fail(error);
    this.#gone.abort(error);
  }

  #answer(message: JsonObject, status: number): void {
    if (this.#over) return;
    this.#finish();
    if (this.#stream) {
      this.#stream.send(message);
      this.#stream.end();
    } else void this.#reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify(message));
  }

  #lost(): void {
    if (this.#over) return;
    if (!this.#reply.sent) this.#reply.hijack();
    this.#finish();
    this.#gone.abort(new Error('the client has gone'));
  }

  #finish(): void {
    this.#over = true;
    this.#cancelPatience();
    for (const then of this.#ending) then();
    this.#ending = [];
  }
}
