import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Upstream, UpstreamConfig, UpstreamConnection } from '@sallyport/core';
import { RuntimeFault, parseConfig } from '@sallyport/core';
import { launched, vetted } from '../../src/composition/vetted.ts';
import { LockFile, withPackage } from '../../src/pins/index.ts';
import { registriesOf } from '../../src/packages/index.ts';
import { systemClock } from '../../src/clock.ts';
import { codeOf } from '../identity/harness.ts';
import { publish, startRegistry, type LocalRegistry } from './registry.ts';

const files = { 'package.json': '{"name":"files-server","version":"1.2.3"}', 'index.js': 'serve()' };
let registry: LocalRegistry;
let other: LocalRegistry;
let folder: string;
let lock: LockFile;
beforeEach(async () => {
  registry = await startRegistry();
  other = await startRegistry();
  folder = mkdtempSync(join(tmpdir(), 'sallyport-'));
  publish(registry, 'files-server', '1.2.3', files);
  lock = new LockFile(join(folder, 'sallyport.lock'));
  const pin = await registriesOf({ npm_config_registry: registry.url }).npm.resolve('files-server', '1.2.3');
  await lock.change((read) => withPackage(read, 'files', pin));
});
afterEach(async () => {
  await Promise.all([registry.close(), other.close()]);
  rmSync(folder, { recursive: true });
});

function configured(env: string): UpstreamConfig {
  const text = `upstreams:
  files:
    kind: stdio
    command: npx
    args: ['-y', 'files-server@1.2.3']
    env: ${env}
    package: { registry: npm, name: files-server, version: 1.2.3, provenance: ignored }
`;
  const config = parseConfig(text, { env: {}, readFile: () => '' }).upstreams['files'];
  if (!config) throw new Error('no upstream');
  return config;
}
const runtimeEnv = () => ({ npm_config_registry: registry.url, PATH: '', HOME: folder, SECRET: 'x' });

test('a launcher downloads from the registry that was asked, and inherits nothing else', () => {
  const { env } = launched(configured("{ ROOT: '/data' }"), runtimeEnv()) as { readonly env: object };
  expect(env).toEqual({ ROOT: '/data', npm_config_registry: registry.url });
});

test('a registry that is named for one upstream is the one that is asked about its package', async () => {
  const refusal = new RuntimeFault('shutting_down');
  const upstream: Upstream = {
    name: 'files',
    shared: false,
    connect: (): Promise<UpstreamConnection> => Promise.reject(refusal),
    status: () => ({ state: 'idle', since: 0 }),
    close: () => Promise.resolve(),
  };
  const start = (env: string) => {
    const config = launched(configured(env), runtimeEnv());
    const options = { env: runtimeEnv(), dataDir: folder, lock, clock: systemClock, folder };
    const signal = new AbortController().signal;
    return codeOf(vetted(upstream, config, options).connect({ capabilities: {}, signal }));
  };
  // Past the comparison.
  expect(await start('{}')).toBe('shutting_down');
  publish(other, 'files-server', '1.2.3', { ...files, 'index.js': 'steal()' });
  expect(await start(`{ npm_config_registry: '${other.url}' }`)).toBe('upstream_refused');
});
