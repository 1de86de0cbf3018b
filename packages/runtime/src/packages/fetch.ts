import { request, type Dispatcher } from 'undici';
import type { Json } from '@sallyport/core';
import { RuntimeFault, isLoopback, parseJson, showText } from '@sallyport/core';

export interface FetchOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly maxBytes: number;
  readonly method?: 'GET' | 'HEAD';
  /** Of GET without credentials: how often a redirect is followed. */
  readonly redirects?: number;
  /** Who named the address. A registry elsewhere has nothing to say about what listens on this machine. */
  readonly by?: URL;
}

export interface Fetched {
  readonly status: number;
  readonly headers: Dispatcher.ResponseData['headers'];
  readonly body: Buffer;
}

const longestMs = 30_000;
const largestJson = 32 * 1024 * 1024;
const deepest = 64;

/** One request to a registry: bounded in size and time, over TLS but for this machine. */
export async function fetchBytes(url: URL, options: FetchOptions): Promise<Fetched> {
  const { headers = {}, maxBytes, method = 'GET', redirects = 0, by = url } = options;
  if (isLoopback(url.hostname) && !isLoopback(by.hostname)) {
    throw new RuntimeFault('upstream_malformed', { detail: `${hostOf(by)} names an address of this machine.` });
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    throw new RuntimeFault('upstream_failed', { detail: `${hostOf(url)} is not asked over plain HTTP.` });
  }
  try {
    const answer = await request(url, { method, headers, signal: AbortSignal.timeout(longestMs) });
    const { location } = answer.headers;
    if (answer.statusCode >= 300 && answer.statusCode < 400 && typeof location === 'string' && redirects > 0) {
      await answer.body.dump();
      const { authorization: _, ...rest } = headers;
      return await fetchBytes(new URL(location, url), {
        ...options,
        headers: rest,
        redirects: redirects - 1,
        by: url,
      });
    }
    const parts: Buffer[] = [];
    let bytes = 0;
    for await (const part of answer.body as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > maxBytes) throw tooLarge(url, maxBytes);
      parts.push(part);
    }
    return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) };
  } catch (error) {
    if (error instanceof RuntimeFault) throw error;
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw new RuntimeFault('upstream_failed', { detail: `The registry ${hostOf(url)} cannot be reached${code}.` });
  }
}

/** @returns nothing for 404 */
export async function fetchJson(url: URL, accept: string, by = url): Promise<Json | undefined> {
  const { status, body } = await fetchBytes(url, { headers: { accept }, maxBytes: largestJson, redirects: 2, by });
  if (status === 404) return undefined;
  if (status !== 200) throw answered(url, status);
  return parseRegistryJson(body, url);
}

/** @throws RuntimeFault `upstream_malformed` */
export function parseRegistryJson(body: Buffer, url: URL): Json {
  try {
    return parseJson(new TextDecoder('utf-8', { fatal: true }).decode(body), { maxDepth: deepest });
  } catch (cause) {
    throw new RuntimeFault('upstream_malformed', { detail: `${hostOf(url)} did not answer with JSON.`, cause });
  }
}

export const answered = (url: URL, status: number): RuntimeFault =>
  new RuntimeFault('upstream_failed', { detail: `The registry ${hostOf(url)} answered ${status}.` });

const tooLarge = (url: URL, maxBytes: number): RuntimeFault =>
  new RuntimeFault('upstream_malformed', { detail: `${hostOf(url)} answered with more than ${maxBytes} bytes.` });

const hostOf = ({ host }: URL): string => showText(host, 80);
