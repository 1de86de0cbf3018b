import type { Upstream, UpstreamConfig } from '@sallyport/core';
import type { UpstreamFactory, UpstreamServices } from './services.ts';
import { createEndpointsUpstream } from './endpoints/index.ts';
import { createOpenApiUpstream } from './openapi/index.ts';
import { mcpUpstream } from './mcp/index.ts';
import { stdioUpstream } from './stdio/index.ts';

export { localProcessRunner } from './stdio/process-runner.ts';
export type { UpstreamServices } from './services.ts';

/** One line for each kind of upstream. */
const kinds: { readonly [K in UpstreamConfig['kind']]: UpstreamFactory<K> } = {
  mcp: mcpUpstream,
  stdio: stdioUpstream,
  openapi: createOpenApiUpstream,
  endpoints: createEndpointsUpstream,
};

/** The upstream of one entry of `upstreams`. Nothing is started or reached before the first `connect`. */
export function createUpstream(name: string, config: UpstreamConfig, services: UpstreamServices): Upstream {
  const make = kinds[config.kind] as UpstreamFactory<UpstreamConfig['kind']>;
  return make(name, config, services);
}
