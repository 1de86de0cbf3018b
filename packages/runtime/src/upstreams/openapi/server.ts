import type { Json } from '@sallyport/core';
import type { OpenApiDocument } from './document.ts';
import { isLoopback, showText } from '@sallyport/core';
import { isObject } from '../endpoints/values.ts';
import { documentFault } from './document.ts';
import { listOf, membersOf, textOf } from './references.ts';

export interface BaseOptions {
  readonly upstream: string;
  readonly url: string | undefined;
  readonly allowPlaintext: boolean;
}

/**
 * Where calls go: the configured address, or else the document's first server. A document that was fetched may only name
 * its own origin: whoever can change it must not be able to send calls and credentials somewhere else.
 *
 * @throws RuntimeFault `invalid_config`
 */
export function baseOf({ root, address }: OpenApiDocument, { upstream, url, allowPlaintext }: BaseOptions): URL {
  if (url !== undefined) return new URL(url);
  const refuse = (what: string) => documentFault(upstream, 'invalid_config', `${what}; say upstreams.${upstream}.url`);
  const [server] = listOf(root['servers']);
  const written = server === undefined && address ? '/' : serverUrl(server);
  if (written === undefined) throw refuse('it names no server');
  const base = URL.parse(written, address?.href);
  if (!base || !/^https?:$/.test(base.protocol)) throw refuse(`its server ${showText(written)} is no whole address`);
  if (base.username !== '' || base.password !== '' || base.search !== '' || base.hash !== '') {
    throw refuse(`its server ${showText(written)} has more than a host and a path`);
  }
  if (address && base.origin !== address.origin) {
    throw refuse(`it names the server ${showText(base.origin)}, but was fetched from ${address.origin}`);
  }
  if (base.protocol === 'http:' && !isLoopback(base.hostname) && !allowPlaintext) {
    throw refuse(`its server ${showText(base.origin)} would be called in clear`);
  }
  return base;
}

/** With the defaults of its variables: OpenAPI 3.1 section 4.8.6. */
export function serverUrl(server: Json | undefined): string | undefined {
  if (!isObject(server)) return undefined;
  const variables = new Map(membersOf(server['variables']));
  return textOf(server, 'url')?.replaceAll(/\{([^{}]*)\}/g, (whole, name: string) => {
    const variable = variables.get(name);
    return (isObject(variable) ? textOf(variable, 'default') : undefined) ?? whole;
  });
}
