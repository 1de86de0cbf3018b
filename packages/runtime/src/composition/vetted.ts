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
import { PackageVetting, provenanceOf, registriesOf } from '../packages/index.ts';

export interface VettingOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly dataDir: string;
  readonly lock: Pick<LockFile, 'read'>;
  readonly clock: Clock;
}

/** Asks whether a package is what was pinned, as `sallyport.lock` has it. */
export const openVetting = ({ env, dataDir, lock, clock }: VettingOptions): PackageVetting =>
  new PackageVetting({
    registries: registriesOf(env),
    provenance: provenanceOf(env, dataDir),
    pinOf: async (name) => (await lock.read()).upstreams.get(name)?.package,
    clock,
  });

interface VettedOptions {
  readonly vetting: PackageVetting;
  readonly folder: string;
  readonly clock: Clock;
}

/** An upstream whose program comes from a package: before each start it is compared with what was pinned. */
export function vetted(
  upstream: Upstream,
  config: UpstreamConfig,
  { vetting, folder, clock }: VettedOptions,
): Upstream {
  if (config.kind !== 'stdio' || !config.package) return upstream;
  const { command, args, package: pinned } = config;
  // Credentials are no part of what is compared.
  const env = Object.fromEntries(
    Object.entries(config.env).filter((each): each is [string, string] => typeof each[1] === 'string'),
  );
  const program = { command, args, env, cwd: resolve(folder, config.cwd ?? '.') };
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
