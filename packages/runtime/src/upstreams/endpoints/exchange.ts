import type { AttachedCredential, Clock, CredentialRefusal } from '@sallyport/core';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Pool } from 'undici';
import { Bytes } from '../bytes.ts';
import { refusalOf } from '../refusal.ts';
import { RuntimeFault } from '@sallyport/core';

export interface ExchangeLimits {
  readonly connectMs: number;
  /** For all of it, to the last byte: an API that drips must end too. */
  readonly timeoutMs: number;
  /** Of the answer's body, also once it is unpacked. */
  readonly maxResultBytes: number;
}

export interface ExchangeRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly tls?: AttachedCredential['tls'];
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  /** Where it redirects to; it is not followed. */
  readonly location?: string;
  /** What it said with a 401. */
  readonly refusal: CredentialRefusal;
  readonly body: Buffer;
}

const unpack = promisify(gunzip);
const longestHeaders = 32_768;

/**
 * Connections to one origin. Redirects are not followed: whoever answers must not choose where a credential goes.
 */
export class Exchange {
  readonly #name: string;
  readonly #limits: ExchangeLimits;
  readonly #clock: Clock;
  readonly #origin: string;
  #pool: { readonly pool: Pool; readonly tls: string } | undefined;
  #closed = false;

  constructor(name: string, origin: string, limits: ExchangeLimits, clock: Clock) {
    this.#name = name;
    this.#origin = origin;
    this.#limits = limits;
    this.#clock = clock;
  }

  /** @throws RuntimeFault `upstream_failed`, `upstream_timeout`, `upstream_malformed` */
  async send(request: ExchangeRequest): Promise<Answer> {
    if (request.url.origin !== this.#origin) throw this.#fault('upstream_failed', 'the request is for another host');
    const controller = new AbortController();
    let late = false;
    const cancel = this.#clock.after(this.#limits.timeoutMs, () => {
      late = true;
      controller.abort();
    });
    const stop = () => controller.abort();
    request.signal.addEventListener('abort', stop, { once: true });
    if (request.signal.aborted) stop();
    try {
      return await this.#answer(request, controller.signal);
    } catch (error) {
      if (error instanceof RuntimeFault) throw error;
      if (late) throw this.#fault('upstream_timeout', `no whole answer within ${this.#limits.timeoutMs} ms`);
      if (request.signal.aborted) throw this.#fault('upstream_failed', 'the call was cancelled');
      throw this.#failure(error);
    } finally {
      cancel();
      request.signal.removeEventListener('abort', stop);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#pool?.pool.destroy();
  }

  async #answer({ url, method, headers, body, tls }: ExchangeRequest, signal: AbortSignal): Promise<Answer> {
    const { timeoutMs } = this.#limits;
    const answered = await this.#poolFor(tls).request({
      path: url.pathname + url.search,
      method,
      headers: { 'accept-encoding': 'gzip', ...headers },
      ...(body !== undefined && { body }),
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      signal,
    });
    const packed = await this.#read(answered.body);
    const location = first(answered.headers['location']);
    return {
      status: answered.statusCode,
      contentType: first(answered.headers['content-type']) ?? '',
      ...(location !== undefined && { location }),
      refusal: refusalOf(answered.headers),
      body: await this.#unpacked(packed, first(answered.headers['content-encoding'])),
    };
  }

  async #read(body: AsyncIterable<Buffer>): Promise<Buffer> {
    const bytes = new Bytes();
    for await (const part of body) {
      if (bytes.length + part.length > this.#limits.maxResultBytes) throw this.#tooLong();
      bytes.push(part);
    }
    return bytes.take();
  }

  async #unpacked(bytes: Buffer, encoding: string | undefined): Promise<Buffer> {
    if (encoding === undefined || /^(?:identity)?$/i.test(encoding) || bytes.length === 0) return bytes;
    if (!/^(?:x-)?gzip$/i.test(encoding)) {
      throw this.#fault('upstream_malformed', 'the answer has a content-encoding that was not asked for');
    }
    try {
      return await unpack(bytes, { maxOutputLength: this.#limits.maxResultBytes });
    } catch (error) {
      if (error instanceof RangeError) throw this.#tooLong();
      throw this.#fault('upstream_malformed', 'the answer is not the gzip that it says it is');
    }
  }

  /** One pool; another where the client certificate was rotated. */
  #poolFor(tls: AttachedCredential['tls']): Pool {
    if (this.#closed) throw this.#fault('upstream_failed', 'it is closed');
    const key = tls ? `${tls.cert}\n${tls.key}\n${tls.ca ?? ''}` : '';
    if (this.#pool?.tls === key) return this.#pool.pool;
    // Requests under way end as they began.
    void this.#pool?.pool.close();
    const pool = new Pool(this.#origin, {
      connections: 64,
      pipelining: 1,
      allowH2: false,
      maxHeaderSize: longestHeaders,
      connect: { timeout: this.#limits.connectMs, ...tls },
    });
    this.#pool = { pool, tls: key };
    return pool;
  }

  #failure(error: unknown): RuntimeFault {
    const { code, name } = error instanceof Error ? (error as Error & { code?: unknown }) : { code: '', name: '' };
    // Never the message: it may quote what the other side sent.
    const what = typeof code === 'string' && /^[\w-]{1,60}$/.test(code) ? code : name;
    if (/TIMEOUT|ETIMEDOUT/.test(what)) return this.#fault('upstream_timeout', what, error);
    if (/^HPE_|HEADERS_OVERFLOW/.test(what)) return this.#fault('upstream_malformed', what, error);
    return this.#fault('upstream_failed', what || 'the request failed', error);
  }

  #tooLong(): RuntimeFault {
    const { maxResultBytes } = this.#limits;
    return this.#fault(
      'upstream_malformed',
      `the answer is longer than ${maxResultBytes} bytes; ask for less, or raise upstreams.${this.#name}.maxResultBytes`,
    );
  }

  #fault(code: 'upstream_failed' | 'upstream_timeout' | 'upstream_malformed', what: string, cause?: unknown) {
    return new RuntimeFault(code, {
      detail: `Upstream ${this.#name}: ${what}.`,
      ...(cause !== undefined && { cause }),
    });
  }
}

const first = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);
