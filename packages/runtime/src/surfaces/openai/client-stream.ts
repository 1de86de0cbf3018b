import type { ServerResponse } from 'node:http';
import { errorEvent, type OpenAiError } from './errors.ts';
import { singleLined } from '../events.ts';

const keepAliveMs = 15_000;
/** While a person is waited for. */
const holdMs = 5_000;
/** A client that takes nothing for this long has gone, whatever its socket says. */
const stalledMs = 120_000;

/** The client's side of a stream: headers once, events, and an end that cannot be mistaken for success. */
export class ClientStream {
  readonly #response: ServerResponse;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #keepAlive: NodeJS.Timeout;
  #providerHeaders: Readonly<Record<string, string>> = {};
  readonly gone = new AbortController();

  constructor(response: ServerResponse, headers: Readonly<Record<string, string>>) {
    this.#response = response;
    this.#headers = headers;
    this.#keepAlive = setInterval(() => {
      if (response.headersSent && !response.writableEnded) response.write(': keepalive\n\n');
    }, keepAliveMs).unref();
    // Where nothing waits to be taken, it is the model that takes its time.
    response.setTimeout(stalledMs, () => response.writableLength > 0 && response.destroy());
    const over = () => {
      clearInterval(this.#keepAlive);
      if (!response.writableFinished) this.gone.abort(new Error('the client has gone'));
    };
    // It may have gone while its request was judged: then no event will tell.
    if (response.destroyed) over();
    else response.once('close', over);
  }

  get started(): boolean {
    return this.#response.headersSent;
  }

  /** What the provider's headers tell the client; sent with the first event, so that what fails before it is a plain error. */
  start(providerHeaders: Readonly<Record<string, string>>): void {
    this.#providerHeaders = providerHeaders;
  }

  /** False when the client reads more slowly than this; then wait for `drained`. */
  write(text: string): boolean {
    if (this.#response.destroyed) return true;
    this.#begin();
    return this.#response.write(singleLined(text));
  }

  #begin(): void {
    if (this.started) return;
    this.#response.writeHead(200, {
      ...this.#providerHeaders,
      ...this.#headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
    });
  }

  /** A silent connection would be taken for a dead one; comments are no events to any reader. Returns how to stop. */
  keepAlive(): () => void {
    const comment = () => {
      if (!this.#response.writableEnded) this.write(': waiting for approval\n\n');
    };
    comment();
    const timer = setInterval(comment, holdMs);
    return () => clearInterval(timer);
  }

  drained(then: () => void): void {
    this.#response.once('drain', then);
  }

  end(): void {
    if (this.#response.destroyed) return;
    this.#begin();
    this.#response.end('data: [DONE]\n\n');
  }

  /** In-band once the stream has begun, since a stream that merely stops looks like success; a plain answer before. */
  fail(error: OpenAiError): void {
    if (this.#response.destroyed) return;
    if (this.started) this.#response.end(singleLined(errorEvent(error)));
    else this.plain(error.status, error.headers, Buffer.from(JSON.stringify(error.body)));
  }

  /** An answer that is no stream. */
  plain(status: number, headers: Readonly<Record<string, string>>, body: Buffer): void {
    this.#response.writeHead(status, {
      ...headers,
      ...this.#headers,
      'content-type': 'application/json; charset=utf-8',
    });
    this.#response.end(body);
  }
}
