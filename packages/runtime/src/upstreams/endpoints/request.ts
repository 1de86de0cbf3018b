import type { Json, JsonObject } from '@sallyport/core';
import type { Endpoint, EndpointParameter } from './endpoint.ts';
import { showText } from '@sallyport/core';
import { prefixOf } from './endpoint.ts';
import { formText, headerValue, jsonText, pathSegment, queryPairs, UnsendableArgument } from './values.ts';

/** A request as the arguments make it, before credentials are attached. */
export interface EndpointRequest {
  readonly url: URL;
  readonly method: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Names in the query, decoded; `a` of `a[b]`, which some take for the same. */
  readonly queryNames: ReadonlySet<string>;
  readonly body?: { readonly contentType: string; readonly text: string };
}

const longestUrl = 16_384;

/**
 * Makes the request. What is not declared is refused, never dropped: what was judged is what is sent.
 *
 * @throws UnsendableArgument
 */
export function requestOf(endpoint: Endpoint, base: URL, given: JsonObject): EndpointRequest {
  refuseStrangers(endpoint, given);
  const present = endpoint.parameters.flatMap((parameter) => {
    const value = valueOf(given, parameter);
    return value === undefined ? [] : [{ parameter, value }];
  });
  const within = (place: EndpointParameter['in']) => present.filter(({ parameter }) => parameter.in === place);
  const segments = new Map(
    within('path').map(({ parameter, value }) => [parameter.name, pathSegment(parameter, value)]),
  );
  const query = within('query').flatMap(({ parameter, value }) => queryPairs(parameter, value));
  const headers = within('header').map(
    ({ parameter, value }) => [parameter.name.toLowerCase(), headerValue(parameter, value)] as const,
  );
  const body = bodyOf(endpoint, given, within('body'));
  return {
    url: addressOf(base, endpoint.path, segments, query),
    method: endpoint.method,
    headers: new Map(headers),
    queryNames: new Set(query.map((pair) => decodeURIComponent(pair.slice(0, pair.indexOf('='))).replace(/\[.*/, ''))),
    ...(body && { body }),
  };
}

function refuseStrangers({ parameters, body }: Endpoint, given: JsonObject): void {
  const known = new Set([...parameters, ...(body ? [body] : [])].map(({ argument }) => argument));
  const stranger = Object.keys(given).find((name) => !known.has(name));
  if (stranger === undefined) return;
  const has = known.size === 0 ? 'it takes none' : `it takes ${[...known].join(', ')}`;
  throw new UnsendableArgument(`The tool has no argument ${showText(stranger, 60)}; ${has}.`);
}

/** Null is as good as nothing, save in a body. */
function valueOf(
  given: JsonObject,
  { argument, required, in: place }: Pick<EndpointParameter, 'argument' | 'required' | 'in'>,
): Json | undefined {
  const value = Object.hasOwn(given, argument) ? given[argument] : undefined;
  if (value !== undefined && (value !== null || place === 'body')) return value;
  if (required) throw new UnsendableArgument(`The argument ${argument} is required.`);
  return undefined;
}

function bodyOf(
  { body, parameters }: Endpoint,
  given: JsonObject,
  members: readonly { readonly parameter: EndpointParameter; readonly value: Json }[],
): EndpointRequest['body'] {
  if (body) {
    const value = valueOf(given, { ...body, in: 'body' });
    if (value === undefined) return undefined;
    const text = body.encoding === 'json' ? jsonText(body.argument, value) : formText(body, value);
    return { contentType: body.contentType, text };
  }
  if (!parameters.some((each) => each.in === 'body')) return undefined;
  const object = Object.fromEntries(members.map(({ parameter, value }) => [parameter.name, value]));
  return { contentType: 'application/json', text: jsonText('of the body', object) };
}

/** The address, made sure of: it is below the base, and a URL parser reads it exactly as it was put together. */
function addressOf(base: URL, template: string, segments: ReadonlyMap<string, string>, query: readonly string[]): URL {
  const path =
    prefixOf(base) +
    template.replaceAll(/\{([^{}/]*)\}/g, (_, name: string) => {
      const segment = segments.get(name);
      if (segment === undefined) throw new UnsendableArgument(`The path parameter ${showText(name, 60)} has no value.`);
      return segment;
    });
  const search = query.length > 0 ? `?${query.join('&')}` : '';
  if (path.length + search.length > longestUrl) throw new UnsendableArgument('The arguments make too long an address.');
  const url = URL.parse(base.origin + path + search);
  const exact = url?.origin === base.origin && url.pathname === path && url.search === search && url.hash === '';
  if (!exact || !path.startsWith(`${prefixOf(base)}/`)) {
    throw new UnsendableArgument('The arguments would make an address outside of this API.');
  }
  return url;
}
