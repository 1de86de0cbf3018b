import { Agent, request } from 'undici';
import type { Json } from '@sallyport/core';
import { RuntimeFault, isLoopback, parseJson, showText } from '@sallyport/core';

const maxBytes = 262_144;
const maxJsonDepth = 16;

export interface ProviderRequest {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface ProviderAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/**
 * Talks to identity providers. An answer is bounded in size and in time as a whole, however slowly it drips; a redirect is an
 * answer like any other, and followed by nobody.
 */
export class ProviderHttp {
  readonly #agent: Agent;
  readonly #timeoutMs: number;

  /** @param timeoutMs for a whole answer */
  constructor(timeoutMs = 5_000) {
    this.#timeoutMs = timeoutMs;
    this.#agent = new Agent({
      connections: 4,
      connect: { timeout: timeoutMs },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      maxResponseSize: maxBytes,
    });
  }

  /** @throws RuntimeFault `identity_unavailable` */
  async send(url: string, { method = 'GET', headers = {}, body }: ProviderRequest = {}): Promise<ProviderAnswer> {
    try {
      const answer = await request(url, {
        method,
        // It is read as it comes, so it must not be compressed.
        headers: { accept: 'application/json', ...headers, 'accept-encoding': 'identity' },
        ...(body === undefined ? {} : { body }),
        dispatcher: this.#agent,
        signal: AbortSignal.timeout(this.#timeoutMs),
      });
      const given = Object.entries(answer.headers).flatMap(([name, value]) =>
        typeof value === 'string' ? [[name, value] as const] : [],
      );
      return { status: answer.statusCode, headers: Object.fromEntries(given), text: await answer.body.text() };
    } catch (cause) {
      throw unavailable(url, 'did not answer, or not in time', cause);
    }
  }

  /** @throws RuntimeFault `identity_unavailable` when it is not JSON, too deep, or answered with another status than 200 */
  async json(url: string): Promise<Json> {
    const { status, text } = await this.send(url);
    if (status !== 200) throw unavailable(url, `answered ${status}`);
    try {
      return parseJson(text, { maxDepth: maxJsonDepth });
    } catch (cause) {
      throw unavailable(url, 'answered something that is not JSON', cause);
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

/** An address that may be asked: https, or this machine; without credentials in it. */
export function isProviderUrl(text: unknown, mayBeLoopback: boolean): text is string {
  const url = typeof text === 'string' ? URL.parse(text) : null;
  if (url === null || url.username !== '' || url.password !== '') return false;
  // A provider elsewhere that points at this machine would have us ask our own services.
  if (isLoopback(url.hostname)) return mayBeLoopback && /^https?:$/.test(url.protocol);
  return url.protocol === 'https:';
}

export const unavailable = (url: string, what: string, cause?: unknown): RuntimeFault =>
  new RuntimeFault('identity_unavailable', {
    detail: `The identity provider at ${showText(URL.parse(url)?.host ?? 'its address')} ${what}.`,
    cause,
  });
