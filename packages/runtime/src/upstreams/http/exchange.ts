import { isUtf8 } from 'node:buffer';
import type { Dispatcher } from 'undici';
import { RuntimeFault } from '@sallyport/core';
import type { ServerSentEvent } from './events.ts';
import { Bytes } from '../bytes.ts';
import { EventReader } from './events.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export type HttpHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface HttpAnswer {
  readonly status: number;
  readonly headers: HttpHeaders;
  /** Empty where events came. */
  readonly body: Buffer;
  /** Of an event stream: where it stood when it ended. */
  readonly events?: { readonly lastId: string; readonly retry: number | undefined };
  /** Why an event stream broke off; absent where it ended. */
  readonly broken?: Error;
}

export interface ExchangeOptions {
  /** Of an answer, and of one event. */
  readonly maxBytes: number;
  /** Called with each event of a 200 `text/event-stream`; without it, one is refused. */
  readonly onEvent?: (event: ServerSentEvent) => void;
  /** Called with the headers of a success, before anything of its body. */
  readonly onHead?: (headers: HttpHeaders) => void;
}

/** What went wrong with an exchange. */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError';
}

/** What is read of an answer that is no success: enough for an error of the protocol. */
const maxErrorBytes = 65_536;

export const mediaType = (headers: HttpHeaders): string => {
  const type = headers['content-type'];
  return typeof type === 'string' ? (type.split(';', 1)[0]?.trim().toLowerCase() ?? '') : '';
};

/**
 * One HTTP request and its answer, over undici's dispatch interface: no stream object stands between the socket and us.
 * Redirects are answers like any other. Time is the caller's business: it aborts.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<HttpAnswer>;
  readonly #options: ExchangeOptions;
  #controller: Dispatcher.DispatchController | undefined;
  #resolve!: (answer: HttpAnswer) => void;
  #reject!: (error: Error) => void;
  #status = 0;
  #headers: HttpHeaders = {};
  #reader: EventReader | undefined;
  readonly #body = new Bytes();
  #over = false;

  constructor(dispatcher: Dispatcher, request: HttpRequest, options: ExchangeOptions) {
    this.#options = options;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever aborts does not wait for the answer.
    this.answer.catch(() => undefined);
    dispatcher.dispatch(request, this);
  }

  /** The answer rejects, and the connection is closed if the request was under way. */
  abort(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#reject(error);
    this.#controller?.abort(error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) controller.abort(new ExchangeError('aborted'));
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: HttpHeaders): void {
    // 1xx answers come first and are not the answer.
    if (this.#over || status < 200) return;
    this.#status = status;
    this.#headers = headers;
    const encoding = headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') {
      return this.#malformed('An answer is compressed, though it was asked not to be.');
    }
    const { onEvent, onHead, maxBytes } = this.#options;
    if (status < 300) this.#guarded(() => onHead?.(headers));
    if (this.#over || status !== 200 || mediaType(headers) !== 'text/event-stream') return;
    if (!onEvent) return this.#malformed('An event stream came where one answer was expected.');
    this.#reader = new EventReader(maxBytes, (event) => {
      if (!this.#over) onEvent(event);
    });
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return;
    const reader = this.#reader;
    if (reader) return this.#guarded(() => reader.push(chunk));
    const success = this.#status < 300;
    const most = success ? this.#options.maxBytes : maxErrorBytes;
    if (this.#body.length + chunk.length <= most) return this.#body.push(chunk);
    if (success) return this.#malformed(`An answer is longer than ${most} bytes (maxResultBytes).`);
    this.#finish(Buffer.alloc(0));
    // Of what is too long to be read, the rest is not waited for.
    this.#controller?.abort(new ExchangeError('too long'));
  }

  onResponseEnd(): void {
    if (!this.#over) this.#finish(this.#body.take());
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (this.#over) return;
    if (this.#reader) return this.#finish(Buffer.alloc(0), error);
    this.#over = true;
    this.#reject(error);
  }

  #finish(body: Buffer, broken?: Error): void {
    this.#over = true;
    const reader = this.#reader;
    this.#resolve({
      status: this.#status,
      headers: this.#headers,
      body,
      ...(reader ? { events: { lastId: reader.lastId, retry: reader.retry } } : {}),
      ...(broken ? { broken } : {}),
    });
  }

  #guarded(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.abort(error instanceof Error ? error : new ExchangeError('unreadable'));
    }
  }

  #malformed(detail: string): void {
    this.abort(new RuntimeFault('upstream_malformed', { detail }));
  }
}

/** @throws RuntimeFault `upstream_malformed` for what is no UTF-8 */
export function textOf(body: Buffer): string {
  if (!isUtf8(body)) throw new RuntimeFault('upstream_malformed', { detail: 'An answer is not UTF-8.' });
  return body.toString('utf8');
}
