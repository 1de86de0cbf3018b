import type { Context } from './context.ts';
import type { Json, PackageConfig, PackagePin } from '@sallyport/core';
import { parseConfig } from '@sallyport/core';
import { dirname, join } from 'node:path';
import { isMap, parseDocument, stringify } from 'yaml';
import { CommandFailure, exitCodes } from './exit.ts';
import { LockFile, lockPathOf, withPackage } from '../pins/index.ts';
import { provenanceOf, registriesOf } from '../packages/index.ts';
import { findDataDir, readConfigFile } from './config.ts';

/** What `tools add` and `tools pin` work with; neither needs a running runtime, nor the configuration's secrets. */
export interface PackageTools {
  readonly lock: LockFile;
  /** What the registry has, with the source that its attestations name. */
  readonly resolve: (config: Asked) => Promise<PackagePin>;
}
type Asked = Pick<PackageConfig, 'registry' | 'name' | 'provenance'> & { readonly version?: string };

export async function packageTools(context: Context): Promise<PackageTools> {
  const dataDir = await findDataDir(context);
  const file = await readConfigFile(context);
  const registries = registriesOf(context.env);
  const provenance = provenanceOf(context.env, dataDir);
  return {
    lock: new LockFile(lockPathOf({ dataDir, ...(file && { configPath: file.path }) })),
    resolve: async ({ registry, name, version, provenance: wanted }) => {
      const pin = await registries[registry].resolve(name, version);
      if (wanted === 'ignored') return pin;
      const source = await provenance.verify(pin, registries[registry]);
      if (source === undefined && wanted === 'required') {
        const hint = 'The registry has no attestation of it; take --provenance checked to go on without.';
        throw new CommandFailure(exitCodes.denied, `Nothing shows where ${name} ${pin.version} was built.`, hint);
      }
      return { ...pin, ...(source !== undefined && { source }) };
    },
  };
}

export const writePin = async (lock: LockFile, upstream: string, pin: PackagePin): Promise<void> => {
  await lock.change((read) => withPackage(read, upstream, pin));
};

/** Without what is only for machines. */
export const pinView = ({ registry, name, version, integrity, source }: PackagePin) => ({
  registry,
  name,
  version,
  integrity,
  ...(source !== undefined && { source }),
});

/** Packages of the configured upstreams, in its order. */
export async function configuredPackages(context: Context): Promise<readonly (readonly [string, PackageConfig])[]> {
  const file = await readConfigFile(context);
  if (!file) throw new CommandFailure(exitCodes.usage, 'There is no sallyport.yaml here.', 'Name it with --config.');
  const document = parseDocument(file.text);
  const upstreams: unknown = isMap(document.get('upstreams')) ? document.toJS().upstreams : {};
  const stdio = Object.entries(upstreams as Record<string, Json>);
  return stdio.flatMap(([name, each]) => {
    const config = checkedUpstream(name, each, dirname(file.path));
    return config?.kind === 'stdio' && config.package ? [[name, config.package] as const] : [];
  });
}

/** As the configuration would read it; the secrets that other entries name are not needed for it. */
export function checkedUpstream(name: string, entry: Json, folder: string) {
  const text = stringify({ upstreams: { [name]: withoutCredentials(entry) } });
  const { upstreams } = parseConfig(text, {
    env: {},
    readFile: (path) => {
      throw new Error(`${join(folder, path)} is not read here`);
    },
  });
  return upstreams[name];
}

/** Names of credentials are checked against their section, and references are read, and neither is at hand. */
function withoutCredentials(entry: Json): Json {
  if (Array.isArray(entry)) return entry.map(withoutCredentials);
  if (typeof entry === 'string') return entry.replaceAll('${', '$\u2009{');
  if (typeof entry !== 'object' || entry === null) return entry;
  const kept = Object.entries(entry).filter(([key, value]) => key !== 'credential' && !isCredential(value));
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutCredentials(value)]));
}

const isCredential = (value: Json): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && 'credential' in value;
