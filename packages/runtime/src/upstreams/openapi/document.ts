import type { Clock, Json, JsonObject } from '@sallyport/core';
import { readFile, realpath, stat } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { parseDocument } from 'yaml';
import { asFault, isLoopback, parseJson, RuntimeFault, showText } from '@sallyport/core';
import { Exchange } from '../endpoints/exchange.ts';
import { isObject } from '../endpoints/values.ts';

export interface OpenApiDocument {
  readonly root: JsonObject;
  /** Where it was fetched; a file has none. */
  readonly address?: URL;
}

export interface DocumentSource {
  readonly upstream: string;
  /** File below the folder, or an address. */
  readonly document: string;
  readonly folder: string;
  readonly allowPlaintext: boolean;
  readonly limits: { readonly connectMs: number; readonly timeoutMs: number };
  readonly clock: Clock;
  /** Nobody waits for it any more. */
  readonly signal: AbortSignal;
}

/** YAML takes a hundred times as long to read. */
const longest = { json: 16_777_216, yaml: 2_097_152 } as const;
const deepest = 100;
/** Values that aliases may make of a document of YAML. */
const mostValues = 500_000;

/**
 * Reads an OpenAPI document, which is hostile text: bounded in size, depth and in what its aliases make of it.
 *
 * @throws RuntimeFault `upstream_failed` where it is not to be had, `upstream_malformed` where it cannot be read
 */
export async function loadDocument(source: DocumentSource): Promise<OpenApiDocument> {
  const address = /^https?:/i.test(source.document) ? addressOf(source) : undefined;
  const text = address ? await fetchText(source, address) : await readText(source);
  try {
    return { root: parse(text), ...(address && { address }) };
  } catch (error) {
    throw documentFault(source.upstream, 'upstream_malformed', asFault(error).message, error);
  }
}

export function documentFault(
  upstream: string,
  code: 'upstream_failed' | 'upstream_malformed' | 'invalid_config',
  what: string,
  cause?: unknown,
): RuntimeFault {
  const path = `upstreams.${upstream}.document`;
  return new RuntimeFault(code, { path, detail: `${path}: ${what}`, ...(cause !== undefined && { cause }) });
}

function addressOf({ upstream, document, allowPlaintext }: DocumentSource): URL {
  const url = URL.parse(document);
  if (!url || url.username !== '' || url.password !== '') {
    throw documentFault(upstream, 'invalid_config', 'is no address without credentials in it');
  }
  if (url.protocol !== 'https:' && !isLoopback(url.hostname) && !allowPlaintext) {
    throw documentFault(upstream, 'invalid_config', 'would be fetched in clear, and it says where calls go: use https');
  }
  return url;
}

async function fetchText({ upstream, limits, clock, signal }: DocumentSource, url: URL): Promise<string> {
  const exchange = new Exchange(upstream, url.origin, { ...limits, maxResultBytes: longest.json }, clock);
  try {
    const { status, body, location } = await exchange.send({
      url,
      method: 'GET',
      headers: { accept: 'application/json, application/yaml, */*;q=0.5', 'user-agent': 'sallyport' },
      signal,
    });
    if (status === 200) return utf8(body);
    const to = location === undefined ? '' : ` and redirects to ${showText(location)}, which is not followed`;
    throw documentFault(upstream, 'upstream_failed', `its address answers ${status}${to}`);
  } finally {
    await exchange.close();
  }
}

async function readText({ upstream, document, folder }: DocumentSource): Promise<string> {
  let file: string;
  try {
    file = await realpath(resolve(folder, document));
    const root = await realpath(folder);
    if (!file.startsWith(root.endsWith(sep) ? root : root + sep)) {
      throw documentFault(upstream, 'invalid_config', 'lies outside of the folder of sallyport.yaml');
    }
    const { size } = await stat(file);
    if (size > longest.json) throw documentFault(upstream, 'upstream_malformed', tooLong(size, 'json'));
    return utf8(await readFile(file));
  } catch (error) {
    if (error instanceof RuntimeFault) throw error;
    const { code } = error as { code?: string };
    throw documentFault(upstream, 'upstream_failed', `${document} cannot be read (${code ?? 'no UTF-8'})`, error);
  }
}

const utf8 = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes);
const tooLong = (bytes: number, format: keyof typeof longest): string =>
  `it has ${bytes} bytes; ${longest[format]} are read${format === 'yaml' ? ' as YAML, so keep it as JSON' : ''}`;

/** @throws Error with a message that is safe to show */
function parse(text: string): JsonObject {
  const isJson = /^\s*\{/.test(text);
  const format = isJson ? 'json' : 'yaml';
  if (text.length > longest[format])
    throw new RuntimeFault('upstream_malformed', { detail: tooLong(text.length, format) });
  const value = isJson ? parseJson(text, { maxDepth: deepest }) : parseYaml(text);
  if (!isObject(value)) throw new RuntimeFault('upstream_malformed', { detail: 'it is no object' });
  return value;
}

function parseYaml(text: string): Json {
  let raw: unknown;
  try {
    const document = parseDocument(text, { uniqueKeys: true, prettyErrors: false, logLevel: 'silent' });
    const [error] = document.errors;
    if (error) throw error;
    raw = document.toJS({ maxAliasCount: 1_000 });
  } catch (error) {
    const message = messageOf(error);
    const why = message.includes('call stack') ? 'it is nested too deep' : message;
    throw new RuntimeFault('upstream_malformed', { detail: `it is no YAML that can be read: ${why}`, cause: error });
  }
  return asJson(raw, { values: 0 }, 0);
}

const messageOf = (error: unknown): string =>
  showText(error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'unknown');

/** A tree of its own: what aliases share stands in each place, and is counted there. */
function asJson(value: unknown, seen: { values: number }, depth: number): Json {
  if (++seen.values > mostValues || depth > deepest) {
    throw new RuntimeFault('upstream_malformed', {
      detail: 'it is nested too deep, or its aliases make too much of it',
    });
  }
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return value.map((item) => asJson(item, seen, depth + 1));
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asJson(item, seen, depth + 1)]));
  }
  throw new RuntimeFault('upstream_malformed', { detail: 'it holds a value that JSON does not have' });
}
