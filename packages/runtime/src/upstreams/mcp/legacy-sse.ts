import type { JsonObject } from '@sallyport/core';
import type { About, Channel, StreamReceiver, Transport } from '../protocol/transport.ts';
import type { StreamableOptions } from './streamable.ts';
import type { Sending } from '../http/endpoint.ts';
import type { ServerSentEvent } from '../http/events.ts';
import { RuntimeFault } from '@sallyport/core';
import { NotUnderstood } from '../protocol/transport.ts';
import { malformed, readMessages } from '../protocol/messages.ts';

/**
 * HTTP+SSE of 2024-11-05: one event stream on which everything comes, and an address that it names for everything that
 * goes. When the stream ends, the connection is lost: what it would still have said cannot be had.
 */
export class LegacySse implements Transport {
  readonly streams = false;
  readonly #options: StreamableOptions;
  readonly #controller = new AbortController();
  readonly #sending = new Set<AbortController>();
  #channel: Channel | undefined;
  #messages: URL | undefined;
  #protocol = '';

  constructor(options: StreamableOptions) {
    this.#options = options;
  }

  open(channel: Channel, signal: AbortSignal, about: About): Promise<void> {
    this.#channel = channel;
    return new Promise((resolve, reject) => {
      const aborted = () => reject(signal.reason as Error);
      signal.addEventListener('abort', aborted, { once: true });
      this.#follow(about, (url) => {
        signal.removeEventListener('abort', aborted);
        this.#messages = url;
        resolve();
      }).catch((error: unknown) => {
        const fault = error instanceof RuntimeFault ? error : new RuntimeFault('internal', { cause: error });
        reject(fault);
        channel.lost(fault);
      });
    });
  }

  speak(protocol: string): void {
    this.#protocol = protocol;
  }

  request(message: JsonObject, about: About, receiver: StreamReceiver): () => void {
    this.send(message, about).catch((error: unknown) => {
      receiver.fault(error instanceof RuntimeFault ? error : new RuntimeFault('internal', { cause: error }));
    });
    return () => undefined;
  }

  async send(message: JsonObject, about: About): Promise<void> {
    const { upstream, endpoint, clock, connectMs, maxBytes, userContextHeader } = this.#options;
    if (!this.#messages)
      throw new RuntimeFault('upstream_failed', { detail: `Upstream ${upstream} is not connected.` });
    const controller = new AbortController();
    this.#sending.add(controller);
    const stop = clock.after(connectMs, () => {
      const detail = `Upstream ${upstream} did not take a message within ${connectMs} ms.`;
      controller.abort(new RuntimeFault('upstream_timeout', { detail }));
    });
    const sending: Sending = {
      method: 'POST',
      url: this.#messages,
      headers: {
        ...(about.userContext === undefined ? {} : { [userContextHeader]: about.userContext }),
        'content-type': 'application/json',
        ...(this.#protocol === '' ? {} : { 'mcp-protocol-version': this.#protocol }),
      },
      body: JSON.stringify(message),
      maxBytes,
      ...(about.session === undefined ? {} : { session: about.session }),
      ...(about.tool === undefined ? {} : { tool: about.tool }),
    };
    try {
      const { status } = await endpoint.send(sending, controller.signal);
      if (status >= 300) throw new NotUnderstood(upstream, status);
    } finally {
      stop();
      this.#sending.delete(controller);
    }
  }

  async close(): Promise<void> {
    const closed = new RuntimeFault('upstream_failed', { detail: 'The connection was closed.' });
    this.#controller.abort(closed);
    for (const controller of this.#sending) controller.abort(closed);
  }

  async #follow({ session }: About, named: (url: URL) => void): Promise<void> {
    const { upstream, endpoint, maxBytes } = this.#options;
    const onEvent = ({ event, data }: ServerSentEvent): void => {
      if (event === 'endpoint' && !this.#messages) named(this.#endpointOf(data));
      else if (event === 'message') this.#read(data);
    };
    const headers = { accept: 'text/event-stream' };
    const sending: Sending = {
      method: 'GET',
      headers,
      long: true,
      maxBytes,
      onEvent,
      ...(session === undefined ? {} : { session }),
    };
    const answer = await endpoint.send(sending, this.#controller.signal);
    if (!answer.events) throw new NotUnderstood(upstream, answer.status);
    const detail = `Upstream ${upstream} ended its event stream. Whether calls under way had their effect is not known.`;
    throw new RuntimeFault('upstream_failed', { detail });
  }

  /** Credentials go there: an upstream that names another host does not get them there. */
  #endpointOf(data: string): URL {
    const { url } = this.#options.endpoint;
    const messages = URL.parse(data, url.href);
    if (messages?.origin !== url.origin) throw malformed('It names an address at another origin for its messages.');
    return messages;
  }

  #read(data: string): void {
    for (const message of readMessages(this.#options.mask(data))) this.#channel?.message(message);
  }
}
