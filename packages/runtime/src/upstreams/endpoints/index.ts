import type { Endpoint, EndpointParameter } from './endpoint.ts';
import type { HttpServices } from './upstream.ts';
import type { EndpointConfig, UpstreamConfig } from '@sallyport/core';
import { RuntimeFault } from '@sallyport/core';
import { problemOfPath } from './endpoint.ts';
import { isHeaderName, isReservedHeader } from './headers.ts';
import { HttpUpstream } from './upstream.ts';

export type { HttpServices };
export { HttpUpstream };

type EndpointsConfig = Extract<UpstreamConfig, { kind: 'endpoints' }>;

/**
 * A hand-written list of HTTP endpoints as an upstream.
 *
 * @throws RuntimeFault `invalid_config` where an endpoint cannot be what it says
 */
export function createEndpointsUpstream(name: string, config: EndpointsConfig, services: HttpServices): HttpUpstream {
  const base = new URL(config.url);
  const taken = takenHeaders(config);
  const endpoints = Object.entries(config.endpoints).map(([tool, endpoint]) => {
    const complain = (key: string, message: string): never => {
      const path = `upstreams.${name}.endpoints.${tool}.${key}`;
      throw new RuntimeFault('invalid_config', { path, detail: `${path}: ${message}` });
    };
    return endpointOf(tool, endpoint, { base, taken, complain });
  });
  const api = { base, endpoints, skipped: [], serverInfo: { name, version: '' } };
  return new HttpUpstream(name, config, services, () => Promise.resolve(api));
}

/** Headers that have a value already, in lower case. */
export function takenHeaders(config: Pick<EndpointsConfig, 'headers' | 'userContext'>): ReadonlySet<string> {
  return new Set([...Object.keys(config.headers), config.userContext.header].map((each) => each.toLowerCase()));
}

interface Context {
  readonly base: URL;
  readonly taken: ReadonlySet<string>;
  readonly complain: (key: string, message: string) => never;
}

function endpointOf(tool: string, config: EndpointConfig, { base, taken, complain }: Context): Endpoint {
  const { method, path, description } = config;
  const problem = problemOfPath(path, base);
  if (problem !== undefined) complain('path', problem);
  const headers = new Set<string>();
  const parameters = Object.entries(config.parameters).map(([name, parameter]): EndpointParameter => {
    const key = `parameters.${name}.in`;
    if (name === '__proto__') complain(key, 'no parameter can have this name');
    if (parameter.in === 'header' && (!isHeaderName(name) || isReservedHeader(name, taken))) {
      complain(key, 'this header belongs to the protocol, to a credential or to `headers`; no argument may set it');
    }
    if (parameter.in === 'header' && headers.size === headers.add(name.toLowerCase()).size) {
      complain(key, 'another parameter names the same header, which is the same in either case');
    }
    if (parameter.in === 'body' && method === 'GET') complain(key, 'a GET has no body; say `in: query`');
    return {
      argument: name,
      name,
      in: parameter.in,
      required: parameter.required || parameter.in === 'path',
      schema: parameter.schema,
      style: parameter.in === 'query' ? 'form' : 'simple',
      explode: parameter.in === 'query',
      ...(parameter.in === 'query' && { members: [] }),
    };
  });
  const placed = new Set(parameters.filter((each) => each.in === 'path').map(({ name }) => name));
  const named = [...path.matchAll(/\{([^{}/]*)\}/g)].map(([, name = '']) => name);
  for (const name of named) {
    if (!placed.has(name)) complain('path', `{${name}} has no parameter; add parameters.${name}: { in: path }`);
  }
  for (const name of placed) {
    if (!named.includes(name)) complain(`parameters.${name}.in`, `{${name}} does not occur in the path`);
  }
  return { tool, method, path, description, parameters };
}
