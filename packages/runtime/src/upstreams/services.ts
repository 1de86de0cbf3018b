import type { Clock, Credentials, NewId, ProcessRunner, Upstream, UpstreamConfig, UserContexts } from '@sallyport/core';

/** What drivers of upstreams work with. */
export interface UpstreamServices {
  readonly credentials: Credentials;
  readonly userContexts?: UserContexts;
  readonly runner: ProcessRunner;
  readonly clock: Clock;
  readonly newId: NewId;
  /** What went wrong outside of any call, such as a program that broke down. */
  readonly onFault: (fault: string, error: unknown) => void;
  /** Folder of sallyport.yaml: where relative paths start. */
  readonly folder: string;
}

export type ConfigOf<K extends UpstreamConfig['kind']> = Extract<UpstreamConfig, { kind: K }>;

/** What each kind exports. */
export type UpstreamFactory<K extends UpstreamConfig['kind']> = (
  name: string,
  config: ConfigOf<K>,
  services: UpstreamServices,
) => Upstream;
