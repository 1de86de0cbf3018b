import { join } from 'node:path';
import type { Registry, RegistryKind } from './registry.ts';
import { Provenance } from './provenance.ts';
import { NpmRegistry } from './npm.ts';
import { OciRegistry } from './oci.ts';
import { PypiRegistry } from './pypi.ts';

export { Provenance } from './provenance.ts';
export { PackageVetting, checkSame } from './vetting.ts';
export type { Registry, RegistryKind } from './registry.ts';

/**
 * The registries as the clients of each would find them: `npm_config_registry` or npm's own configuration, `UV_DEFAULT_INDEX` or `PIP_INDEX_URL`, and
 * the host in an image's name.
 */
export function registriesOf(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<RegistryKind, Registry>> {
  const cache = env['npm_config_cache'] ?? (env['HOME'] === undefined ? undefined : join(env['HOME'], '.npm'));
  const npm = env['npm_config_registry'] ?? env['NPM_CONFIG_REGISTRY'];
  const pypi = env['UV_DEFAULT_INDEX'] ?? env['UV_INDEX_URL'] ?? env['PIP_INDEX_URL'] ?? 'https://pypi.org/simple';
  const path = env['PATH'] ?? '';
  return {
    npm: new NpmRegistry({
      path,
      home: env['HOME'] ?? '',
      ...(npm !== undefined && { url: npm }),
      ...(cache !== undefined && { cache }),
    }),
    pypi: new PypiRegistry({ url: pypi, path }),
    oci: new OciRegistry(),
  };
}

const launcherVariables = [
  'npm_config_registry',
  'NPM_CONFIG_REGISTRY',
  'npm_config_cache',
  'UV_DEFAULT_INDEX',
  'UV_INDEX_URL',
  'PIP_INDEX_URL',
] as const;

/** What a launcher has to be told, so that it downloads from where was asked: else a stranger's package of the same name. */
export const launcherEnvironment = (
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(launcherVariables.flatMap((key) => (env[key] === undefined ? [] : [[key, env[key]]])));

/** Sigstore's keys: those of `SALLYPORT_TRUSTED_ROOT` (a `trusted_root.json`), else fetched by TUF and kept in the data folder. */
export function provenanceOf(env: Readonly<Record<string, string | undefined>>, dataDir: string): Provenance {
  const file = env['SALLYPORT_TRUSTED_ROOT'];
  return new Provenance(file === undefined ? { tufCache: join(dataDir, 'sigstore') } : { file });
}
