import type { CredentialUse, Credentials, Session } from '@sallyport/core';
import { refusalOf } from '../refusal.ts';
import { RuntimeFault, showText } from '@sallyport/core';
import type { ExchangeOptions, HttpAnswer, HttpHeaders, HttpRequest } from './exchange.ts';
import { Exchange } from './exchange.ts';
import { Pools } from './pools.ts';

export interface EndpointOptions {
  readonly upstream: string;
  readonly url: URL;
  /** Of the configuration: the weakest, so that it can replace neither a credential nor what the protocol says. */
  readonly headers: Readonly<Record<string, string>>;
  readonly connectMs: number;
  readonly credentials: Credentials;
}

export interface Sending extends ExchangeOptions {
  readonly method: HttpRequest['method'];
  /** Where it is not the endpoint's own. Of the same origin. */
  readonly url?: URL;
  /** Stays open for long, so it must not take a place that calls need. */
  readonly long?: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly session?: Session;
  readonly tool?: string;
}

/** One address of one upstream: attaches its credentials at the wire, and nowhere else. */
export class Endpoint {
  readonly #options: EndpointOptions;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #path: string;
  readonly #calls: Pools;
  readonly #streams: Pools;

  constructor(options: EndpointOptions) {
    this.#options = options;
    const { url, connectMs, headers } = options;
    this.#headers = merged({}, headers);
    this.#path = pathOf(url);
    this.#calls = new Pools(url.origin, connectMs, 256);
    this.#streams = new Pools(url.origin, connectMs, null);
  }

  get url(): URL {
    return this.#options.url;
  }

  /**
   * Sends a request, once more only where the upstream answered 401 to a credential of which there is a fresh one.
   *
   * @param signal aborts with a RuntimeFault as its reason
   * @throws RuntimeFault
   */
  async send(sending: Sending, signal: AbortSignal): Promise<HttpAnswer> {
    const use = this.#use(sending);
    const first = await this.#attempt(sending, use, signal);
    if (first.status !== 401) return this.#permitted(first);
    const fresh = await this.#options.credentials.rejected(use, refusalOf(first.headers));
    const answer = fresh ? await this.#attempt(sending, use, signal) : first;
    if (answer.status !== 401) return this.#permitted(answer);
    const detail = `Upstream ${this.#options.upstream} refused the credential (HTTP 401); nothing was run.`;
    throw new RuntimeFault('upstream_failed', { detail });
  }

  async close(): Promise<void> {
    await Promise.all([this.#calls.close(), this.#streams.close()]);
  }

  #use({ method, session, tool, url }: Sending): CredentialUse {
    const { upstream } = this.#options;
    return {
      upstream,
      url: (url ?? this.#options.url).href,
      httpMethod: method,
      ...(tool === undefined ? {} : { tool }),
      ...(session === undefined ? {} : { session }),
    };
  }

  async #attempt(sending: Sending, use: CredentialUse, signal: AbortSignal): Promise<HttpAnswer> {
    const attached = await this.#options.credentials.attach(use);
    signal.throwIfAborted();
    const request: HttpRequest = {
      method: sending.method,
      path: withQuery(sending.url ? pathOf(sending.url) : this.#path, attached.query),
      headers: merged(this.#headers, attached.headers, sending.headers, uncompressed),
      ...(sending.body === undefined ? {} : { body: sending.body }),
    };
    const pools = sending.long === true ? this.#streams : this.#calls;
    const exchange = new Exchange(pools.for(attached.tls), request, sending);
    const stop = () => exchange.abort(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await exchange.answer;
    } catch (error) {
      throw this.#fault(error);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** A redirect would carry the call, and what is attached to it, to where nobody has said that it may go. */
  #permitted(answer: HttpAnswer): HttpAnswer {
    const { status, headers } = answer;
    const { upstream, credentials } = this.#options;
    if (status >= 300 && status < 400) {
      const detail = `Upstream ${upstream} redirects (HTTP ${status}), which is not followed: set its url to where it is.`;
      throw new RuntimeFault('upstream_failed', { detail });
    }
    if (status === 403) {
      const scope = missingScope(headers);
      const why = scope === undefined ? '' : `: its credential lacks a scope (${credentials.mask(scope)})`;
      throw new RuntimeFault('upstream_failed', { detail: `Upstream ${upstream} forbids it (HTTP 403)${why}.` });
    }
    return answer;
  }

  #fault(error: unknown): RuntimeFault {
    if (error instanceof RuntimeFault) return error;
    const { code } = (error instanceof Error ? error : {}) as { code?: unknown };
    const why = typeof code === 'string' ? code : 'the connection broke off';
    const timedOut = /TIMEOUT|ETIMEDOUT/.test(why);
    const detail = `Upstream ${this.#options.upstream}: ${showText(why, 60)}.`;
    return new RuntimeFault(timedOut ? 'upstream_timeout' : 'upstream_failed', { detail, cause: error });
  }
}

const uncompressed = { 'accept-encoding': 'identity' } as const;

/** Later ones replace earlier ones, however they are spelt. @param first in lower case */
function merged(
  first: Readonly<Record<string, string>>,
  ...others: readonly Readonly<Record<string, string>>[]
): Record<string, string> {
  const headers = { ...first };
  for (const each of others) for (const name of Object.keys(each)) headers[name.toLowerCase()] = each[name] as string;
  return headers;
}

const pathOf = ({ pathname, search }: URL): string => pathname + search;

/** With what a credential adds to the query. */
function withQuery(path: string, query: Readonly<Record<string, string>>): string {
  if (Object.keys(query).length === 0) return path;
  return `${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams(query).toString()}`;
}

/** Of a 403 (RFC 6750, section 3.1): the scope that would be enough, as far as it is one and no message to the agent. */
function missingScope(headers: HttpHeaders): string | undefined {
  const challenge = headers['www-authenticate'];
  const text = (Array.isArray(challenge) ? challenge.join(', ') : (challenge ?? '')).slice(0, 4_096);
  if (!/\berror="?insufficient_scope\b/i.test(text)) return undefined;
  const scopes = /\bscope="([^"]*)"/i.exec(text)?.[1]?.split(' ') ?? [];
  const named = scopes.filter((scope) => /^[A-Za-z0-9:._/-]{1,64}$/.test(scope)).slice(0, 5);
  return named.length === 0 ? 'it does not say which' : named.join(', ');
}
