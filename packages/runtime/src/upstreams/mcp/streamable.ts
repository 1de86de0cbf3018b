import type { Clock, JsonObject } from '@sallyport/core';
import type { About, Channel, StreamReceiver, Transport } from '../protocol/transport.ts';
import type { Endpoint, Sending } from '../http/endpoint.ts';
import type { HttpAnswer, HttpHeaders } from '../http/exchange.ts';
import type { Incoming } from '../protocol/messages.ts';
import { RuntimeFault } from '@sallyport/core';
import { NotUnderstood, SessionGone } from '../protocol/transport.ts';
import { errorIn, malformed, modernProtocol, readMessages } from '../protocol/messages.ts';
import { headerValue } from '../protocol/header-params.ts';
import { mediaType, textOf } from '../http/exchange.ts';
import { EventStreams } from './event-streams.ts';

export interface StreamableOptions {
  readonly upstream: string;
  readonly endpoint: Endpoint;
  readonly clock: Clock;
  readonly maxBytes: number;
  readonly connectMs: number;
  /** Header of the statement for whom a call is made. */
  readonly userContextHeader: string;
  /** Takes credentials out of what the upstream says. */
  readonly mask: (text: string) => string;
}

/** How long a stream may stay open after its answer, before the connection is given up with it. */
const lingerMs = 1_000;
const goodbyeMs = 2_000;
/** What `Mcp-Name` says (2026-07-28, "Standard Request Headers"). */
const named: Readonly<Record<string, 'name' | 'uri'>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
};

/** Streamable HTTP, of 2025 (sessions, a stream of the server's own, streams that can be taken up again) and of 2026. */
export class StreamableHttp implements Transport {
  readonly streams = true;
  readonly #options: StreamableOptions;
  readonly #open = new Set<AbortController>();
  readonly #eventStreams: EventStreams;
  #channel: Channel | undefined;
  #about: About = {};
  #protocol = '';
  #sessionId: string | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: StreamableOptions) {
    this.#options = options;
    this.#eventStreams = new EventStreams({
      clock: options.clock,
      get: (about, lastId, onEvent, signal) => this.#get(about, lastId, onEvent, signal),
    });
  }

  async open(channel: Channel, _: AbortSignal, about: About): Promise<void> {
    this.#channel = channel;
    this.#about = about;
  }

  speak(protocol: string): void {
    this.#protocol = protocol;
    if (protocol === '') this.#sessionId = undefined;
  }

  request(message: JsonObject, about: About, receiver: StreamReceiver): () => void {
    const controller = this.#begin();
    void this.#exchange(message, about, receiver, controller);
    return () => controller.abort(new RuntimeFault('upstream_failed', { detail: 'The stream was closed.' }));
  }

  async send(message: JsonObject, about: About): Promise<void> {
    const controller = this.#begin();
    const stop = this.#abortAfter(controller, this.#options.connectMs);
    try {
      const answer = await this.#post(message, about, () => undefined, controller.signal);
      if (answer.status >= 300) throw this.#refused(answer);
    } finally {
      stop();
      this.#open.delete(controller);
    }
  }

  listen(): void {
    const controller = this.#begin();
    this.#eventStreams
      .follow(
        this.#about,
        (data) => this.#read(data).forEach((message) => this.#channel?.message(message)),
        controller.signal,
      )
      .catch((error: unknown) => this.#channel?.lost(asFailed(error)))
      .finally(() => this.#open.delete(controller));
  }

  close(): Promise<void> {
    this.#closing ??= this.#goodbye();
    return this.#closing;
  }

  async #goodbye(): Promise<void> {
    for (const controller of this.#open) controller.abort(closed());
    if (this.#sessionId === undefined) return;
    const controller = new AbortController();
    const stop = this.#abortAfter(controller, goodbyeMs);
    const sending = {
      method: 'DELETE',
      headers: this.#headers({}),
      maxBytes: this.#options.maxBytes,
      ...sessionOf(this.#about),
    } as const;
    await this.#options.endpoint.send(sending, controller.signal).catch(() => undefined);
    stop();
  }

  #begin(): AbortController {
    const controller = new AbortController();
    this.#open.add(controller);
    if (this.#closing) controller.abort(closed());
    return controller;
  }

  #abortAfter(controller: AbortController, ms: number): () => void {
    const { clock, upstream } = this.#options;
    const detail = `Upstream ${upstream} did not answer within ${ms} ms.`;
    return clock.after(ms, () => controller.abort(new RuntimeFault('upstream_timeout', { detail })));
  }

  async #exchange(
    message: JsonObject,
    about: About,
    receiver: StreamReceiver,
    controller: AbortController,
  ): Promise<void> {
    let answered = false;
    const deliver = (text: string): void => {
      for (const each of this.#read(text)) {
        receiver.message(each);
        if (each.kind === 'result' || each.kind === 'error') answered = true;
      }
    };
    let stop = (): void => undefined;
    const onData = (data: string): void => {
      const lingers = answered;
      deliver(data);
      // Once: what it goes on to say gains it no time.
      if (answered && !lingers) stop = this.#abortAfter(controller, lingerMs);
    };
    try {
      const answer = await this.#post(message, about, onData, controller.signal);
      if (answer.status >= 300) return this.#deliverError(answer, receiver, message['method'] === 'server/discover');
      if (!answer.events) deliver(this.#json(answer));
      else if (!answered && this.#protocol !== modernProtocol) {
        await this.#eventStreams.resume(answer, about, onData, () => answered, controller.signal);
      }
      if (!answered)
        throw asFailed(undefined, 'Its stream ended before the answer; whether the call had its effect is not known.');
    } catch (error) {
      receiver.fault(error instanceof RuntimeFault ? error : new RuntimeFault('internal', { cause: error }));
    } finally {
      stop();
      this.#open.delete(controller);
    }
  }

  #post(message: JsonObject, about: About, onData: (data: string) => void, signal: AbortSignal): Promise<HttpAnswer> {
    const { method } = message;
    const sending: Sending = {
      method: 'POST',
      headers: this.#headers(about, message),
      body: JSON.stringify(message),
      maxBytes: this.#options.maxBytes,
      long: method === 'subscriptions/listen',
      onEvent: ({ event, data }) => {
        if (event === 'message') onData(data);
      },
      ...(method === 'initialize' ? { onHead: (headers) => this.#keepSession(headers) } : {}),
      ...sessionOf(about),
      ...(about.tool === undefined ? {} : { tool: about.tool }),
    };
    return this.#options.endpoint.send(sending, signal);
  }

  #get(about: About, lastId: string, onEvent: (data: string) => void, signal: AbortSignal): Promise<HttpAnswer> {
    const sending: Sending = {
      method: 'GET',
      headers: {
        ...this.#headers(about),
        accept: 'text/event-stream',
        ...(lastId === '' ? {} : { 'last-event-id': lastId }),
      },
      maxBytes: this.#options.maxBytes,
      long: true,
      onEvent: ({ event, data }) => {
        if (event === 'message') onEvent(data);
      },
      ...sessionOf(about),
    };
    return this.#options.endpoint.send(sending, signal);
  }

  #headers({ userContext, headers }: About, message?: JsonObject): Record<string, string> {
    const modern = this.#protocol === modernProtocol;
    return {
      ...(userContext === undefined ? {} : { [this.#options.userContextHeader]: userContext }),
      ...(modern ? headers : {}),
      accept: 'application/json, text/event-stream',
      ...(message ? { 'content-type': 'application/json' } : {}),
      ...(this.#protocol === '' ? {} : { 'mcp-protocol-version': this.#protocol }),
      ...(this.#sessionId === undefined ? {} : { 'mcp-session-id': this.#sessionId }),
      ...(modern && message ? mirrored(message) : {}),
    };
  }

  /** Of 2025: from now on every request names it. */
  #keepSession(headers: HttpHeaders): void {
    const id = headers['mcp-session-id'];
    if (id === undefined) return;
    if (typeof id !== 'string' || !/^[\x21-\x7e]{1,1024}$/.test(id)) throw malformed('Its session id is none.');
    this.#sessionId = id;
  }

  #read(text: string): Incoming[] {
    return readMessages(this.#options.mask(text));
  }

  #json({ headers, body, status }: HttpAnswer): string {
    if (status !== 200 || mediaType(headers) !== 'application/json') {
      throw malformed(`Upstream ${this.#options.upstream} answered a request with neither JSON nor an event stream.`);
    }
    return textOf(body);
  }

  /** @param probing servers of the era before may fail at the question in any way */
  #deliverError(answer: HttpAnswer, receiver: StreamReceiver, probing: boolean): void {
    const gone = answer.status === 404 && this.#sessionId !== undefined;
    const error = gone ? undefined : errorIn(this.#options.mask(answer.body.toString('utf8')));
    if (error) receiver.message({ kind: 'error', id: undefined, error });
    else if (probing && answer.status >= 500) receiver.fault(new NotUnderstood(this.#options.upstream, answer.status));
    else receiver.fault(this.#refused(answer));
  }

  #refused({ status }: HttpAnswer): RuntimeFault {
    const { upstream } = this.#options;
    if (status === 404 && this.#sessionId !== undefined) {
      this.#sessionId = undefined;
      return new SessionGone(upstream);
    }
    if (status >= 400 && status < 500 && status !== 408 && status !== 429) return new NotUnderstood(upstream, status);
    return new RuntimeFault('upstream_failed', { detail: `Upstream ${upstream} answered HTTP ${status}.` });
  }
}

/** What intermediaries may read instead of the body: taken from the body, so that the two cannot differ. */
function mirrored({ method, params }: JsonObject): Record<string, string> {
  if (typeof method !== 'string') return {};
  const key = named[method];
  const name = key === undefined ? undefined : (params as JsonObject | undefined)?.[key];
  return { 'mcp-method': method, ...(typeof name === 'string' ? { 'mcp-name': headerValue(name) } : {}) };
}

const closed = (): RuntimeFault => new RuntimeFault('upstream_failed', { detail: 'The connection was closed.' });

const sessionOf = ({ session }: About): Pick<About, 'session'> => (session === undefined ? {} : { session });

const asFailed = (cause: unknown, detail?: string): RuntimeFault =>
  cause instanceof RuntimeFault
    ? cause
    : new RuntimeFault('upstream_failed', { cause, ...(detail === undefined ? {} : { detail }) });
