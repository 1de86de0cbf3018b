import { resolve } from 'node:path';
import { RuntimeFault } from '@sallyport/core';
import type {
  Clock,
  ConnectOptions,
  Upstream,
  UpstreamConfig,
  UpstreamConnection,
  UpstreamStatus,
} from '@sallyport/core';
import type { LockFile } from '../pins/index.ts';
import { PackageVetting, launcherEnvironment, provenanceOf, registriesOf } from '../packages/index.ts';

export interface VettingOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly dataDir: string;
  readonly lock: Pick<LockFile, 'read'>;
  readonly clock: Clock;
}

/** What a package is started with, as its registry is asked: what its upstream sets counts for both. */
export const launched = (config: UpstreamConfig, env: VettingOptions['env']): UpstreamConfig =>
  config.kind === 'stdio' && config.package
    ? { ...config, env: { ...launcherEnvironment(env), ...config.env } }
    : config;

/** An upstream whose program comes from a package: before each start it is compared with what `sallyport.lock` has of it. */
export function vetted(
  upstream: Upstream,
  config: UpstreamConfig,
  { env, dataDir, lock, clock, folder }: VettingOptions & { readonly folder: string },
): Upstream {
  if (config.kind !== 'stdio' || !config.package) return upstream;
  const { command, args, package: pinned } = config;
  // Credentials are no part of what is compared.
  const own = Object.fromEntries(
    Object.entries(config.env).filter((each): each is [string, string] => typeof each[1] === 'string'),
  );
  const program = { command, args, env: own, cwd: resolve(folder, config.cwd ?? '.') };
  const vetting = new PackageVetting({
    registries: registriesOf({ ...env, ...own }),
    provenance: provenanceOf(env, dataDir),
    pinOf: async (name) => (await lock.read()).upstreams.get(name)?.package,
    clock,
  });
  let problem: Pick<UpstreamStatus, 'state' | 'detail' | 'since'> | undefined;
  return {
    name: upstream.name,
    shared: upstream.shared,
    connect: async (options: ConnectOptions): Promise<UpstreamConnection> => {
      try {
        await vetting.verify(upstream.name, pinned, program);
        problem = undefined;
      } catch (error) {
        const refused = error instanceof RuntimeFault && error.code === 'upstream_refused';
        const detail = error instanceof Error ? error.message : String(error);
        problem = { state: refused ? 'refused' : 'failing', detail, since: clock.now() };
        throw error;
      }
      return await upstream.connect(options);
    },
    status: () => ({ ...upstream.status(), ...problem }),
    close: () => upstream.close(),
  };
}
