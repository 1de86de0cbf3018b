import type { HttpServices } from '../endpoints/upstream.ts';
import type { HttpApi } from '../endpoints/endpoint.ts';
import type { UpstreamConfig } from '@sallyport/core';
import { takenHeaders } from '../endpoints/index.ts';
import { HttpUpstream } from '../endpoints/upstream.ts';
import { offeredBy } from '../offered.ts';
import { documentFault, loadDocument } from './document.ts';
import { operationsOf, serverInfoOf } from './operations.ts';
import { baseOf } from './server.ts';
import { validate } from './validate.ts';

type OpenApiConfig = Extract<UpstreamConfig, { kind: 'openapi' }>;

/**
 * An API that an OpenAPI document describes, as an upstream: each operation is a tool. The document is read when it is
 * first connected, and not again.
 */
export function createOpenApiUpstream(name: string, config: OpenApiConfig, services: HttpServices): HttpUpstream {
  return new HttpUpstream(name, config, services, (signal) => describe(name, config, services, signal));
}

async function describe(
  upstream: string,
  config: OpenApiConfig,
  { clock, folder }: HttpServices,
  signal: AbortSignal,
): Promise<HttpApi> {
  const { document, url, allowPlaintext } = config;
  const loaded = await loadDocument({ upstream, document, folder, allowPlaintext, limits: config, clock, signal });
  const checked = await validate(loaded.root);
  if ('problem' in checked) throw documentFault(upstream, 'upstream_malformed', checked.problem);
  const base = baseOf(loaded, { upstream, url, allowPlaintext });
  const operations = operationsOf({
    root: loaded.root,
    version: checked.version,
    base,
    taken: takenHeaders(config),
    offers: offeredBy(upstream, config.tools),
  });
  return { base, ...operations, serverInfo: serverInfoOf(loaded.root, upstream) };
}
