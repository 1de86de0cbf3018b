import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PackageConfig, PackagePin } from '@sallyport/core';
import { PackageVetting, Provenance, registriesOf } from '../../src/packages/index.ts';
import { systemClock } from '../../src/clock.ts';
import { codeOf } from '../identity/harness.ts';
import { publish, sha512, startRegistry, tarballOf, type LocalRegistry } from './registry.ts';

const files = {
  'package.json': JSON.stringify({ name: 'files-server', version: '1.2.3', bin: 'index.js' }),
  'index.js': '#!/usr/bin/env node\nconsole.log("serving")\n',
  'lib/deep/inner.js': 'export const answer = 42;\n',
};
let registry: LocalRegistry;
let folder: string;
let integrity: string;
let pin: PackagePin | undefined;

beforeEach(async () => {
  registry = await startRegistry();
  folder = mkdtempSync(join(tmpdir(), 'sallyport-'));
  integrity = publish(registry, 'files-server', '1.2.3', files);
  pin = await registries().npm.resolve('files-server', '1.2.3');
});
afterEach(async () => {
  await registry.close();
  rmSync(folder, { recursive: true });
});

const registries = () =>
  registriesOf({ npm_config_registry: registry.url, npm_config_cache: join(folder, 'cache'), HOME: folder });
const vetting = () =>
  new PackageVetting({
    registries: registries(),
    provenance: new Provenance({ file: join(folder, 'none.json') }),
    pinOf: () => Promise.resolve(pin),
    clock: systemClock,
  });
const config = (change: Partial<PackageConfig> = {}): PackageConfig => ({
  registry: 'npm',
  name: 'files-server',
  version: '1.2.3',
  provenance: 'checked',
  ...change,
});

/** As an installer lays it down. */
function install(
  at = join(folder, 'app', 'node_modules', 'files-server'),
  of: Readonly<Record<string, string>> = files,
) {
  for (const [path, text] of Object.entries(of)) {
    mkdirSync(dirname(join(at, path)), { recursive: true });
    writeFileSync(join(at, path), text);
  }
  return at;
}
const started = (at: string) => ({ command: 'node', args: [join(at, 'index.js'), 'stdio'], env: {} });
const npx = { command: 'npx', args: ['-y', 'files-server@1.2.3'], env: {} };
const verify = (program: { command: string; args: readonly string[]; env: Record<string, string> }, change = {}) =>
  codeOf(vetting().verify('files', config(change), program));

describe('a package of npm', () => {
  test('is pinned by version, integrity and contents', () => {
    expect(pin).toMatchObject({ registry: 'npm', name: 'files-server', version: '1.2.3', integrity });
    expect(pin?.contents).toMatch(/^[0-9a-f]{64}$/);
  });

  test('is started when what is installed is what was pinned, also with its dependencies beside it', async () => {
    const at = install();
    mkdirSync(join(at, 'node_modules', 'dependency'), { recursive: true });
    writeFileSync(join(at, 'node_modules', 'dependency', 'index.js'), '');
    expect(await verify(started(at))).toBe('resolved');
  });

  test('is started through a link, by what the link leads to', async () => {
    const at = install();
    const link = join(folder, 'files-server-bin');
    symlinkSync(join(at, 'index.js'), link);
    expect(await verify({ command: link, args: [], env: {} })).toBe('resolved');
    writeFileSync(join(at, 'index.js'), 'steal()');
    expect(await verify({ command: link, args: [], env: {} })).toBe('upstream_refused');
  });

  test('is refused when the registry has other contents under the same version', async () => {
    const at = install();
    publish(registry, 'files-server', '1.2.3', { ...files, 'index.js': 'steal()' });
    expect(await verify(started(at))).toBe('upstream_refused');
    expect(await verify(npx)).toBe('upstream_refused');
  });

  test('is refused when a file of the installed copy was altered, added, removed or made a link', async () => {
    const altered = install(join(folder, 'a'));
    writeFileSync(join(altered, 'lib/deep/inner.js'), 'export const answer = 43;\n');
    const added = install(join(folder, 'b'));
    writeFileSync(join(added, 'lib/extra.js'), '');
    const removed = install(join(folder, 'c'));
    rmSync(join(removed, 'lib/deep/inner.js'));
    const linked = install(join(folder, 'd'));
    cpSync(join(linked, 'lib/deep/inner.js'), join(folder, 'inner.js'));
    rmSync(join(linked, 'lib/deep/inner.js'));
    symlinkSync(join(folder, 'inner.js'), join(linked, 'lib/deep/inner.js'));
    for (const at of [altered, added, removed, linked]) expect(await verify(started(at))).toBe('upstream_refused');
  });

  test('is refused when another version is installed under its name', async () => {
    const other = JSON.stringify({ name: 'files-server', version: '1.2.2', bin: 'index.js' });
    expect(await verify(started(install(undefined, { ...files, 'package.json': other })))).toBe('upstream_refused');
  });

  test('is refused when the tarball is not what the registry says of it', async () => {
    const document = { name: 'files-server', version: '1.2.3', dist: { integrity, tarball: `${registry.url}/t.tgz` } };
    registry.routes.set('/files-server/1.2.3', { body: JSON.stringify(document) });
    registry.routes.set('/t.tgz', { body: tarballOf({ 'index.js': 'steal()' }) });
    expect(await verify(started(install()))).toBe('upstream_refused');
  });

  test('is refused when the registry does not have it any more, or nothing was pinned', async () => {
    registry.routes.delete('/files-server/1.2.3');
    expect(await verify(started(install()))).toBe('upstream_refused');
    pin = undefined;
    expect(await verify(started(install()))).toBe('upstream_refused');
  });

  test('is refused when the configuration and the lock differ', async () => {
    const at = install();
    expect(await verify(started(at), { integrity: sha512(Buffer.from('other')) })).toBe('upstream_refused');
    expect(await verify(started(at), { version: '1.2.4' })).toBe('upstream_refused');
    expect(await verify(started(at), { name: 'other-server' })).toBe('upstream_refused');
    expect(await verify(started(at), { integrity })).toBe('resolved');
  });

  test('is pinned by the configuration alone, then compared with the tarball', async () => {
    pin = undefined;
    const at = install();
    expect(await verify(started(at), { integrity })).toBe('resolved');
    writeFileSync(join(at, 'index.js'), 'steal()');
    expect(await verify(started(at), { integrity })).toBe('upstream_refused');
  });

  test('is started offline from a copy that is as pinned, and from nothing else', async () => {
    const at = install();
    await registry.close();
    expect(await verify(started(at))).toBe('resolved');
    expect(await verify(npx)).toBe('upstream_failed');
    writeFileSync(join(at, 'index.js'), 'steal()');
    expect(await verify(started(at))).toBe('upstream_refused');
  });

  test.each([
    [['-y', 'files-server']],
    [['-y', 'files-server@latest']],
    [['-y', 'files-server@1.2.4']],
    [['-y', 'other-server@1.2.3']],
    [['-y', 'files-server@1.2.4', 'files-server@1.2.3']],
    [['-y', 'files-server@^1.2.3']],
    [['-y', 'other-server', 'files-server@1.2.3']],
    [['-p', 'other-server', 'files-server@1.2.3']],
    [['--package=other-server', '--package=files-server@1.2.3', 'files-server']],
  ])('is refused when a launcher is told to start something else: npx %j', async (args) => {
    expect(await verify({ command: '/usr/bin/npx', args, env: {} })).toBe('upstream_refused');
  });

  test('is refused when what is started lies in no installed copy, wherever the command is found', async () => {
    const at = install();
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const path = { PATH: `${join(folder, 'nothing')}:${bin}:/usr/bin` };
    expect(await verify({ command: 'files-server', args: [], env: path })).toBe('upstream_refused');
    chmodSync(join(at, 'index.js'), 0o755);
    symlinkSync(join(at, 'index.js'), join(bin, 'files-server'));
    expect(await verify({ command: 'files-server', args: [], env: path })).toBe('resolved');
    writeFileSync(join(folder, 'evil.js'), 'steal()');
    expect(await verify({ command: 'node', args: [join(folder, 'evil.js')], env: {} })).toBe('upstream_refused');
  });

  test("is refused when the copy in the launcher's cache was altered", async () => {
    const at = install(join(folder, 'cache', '_npx', 'abc123', 'node_modules', 'files-server'));
    expect(await verify(npx)).toBe('resolved');
    writeFileSync(join(at, 'index.js'), 'steal()');
    expect(await verify(npx)).toBe('upstream_refused');
  });

  test('is started by a launcher that is told exactly this version first', async () => {
    for (const args of [
      ['--yes', 'files-server@1.2.3', '--root', 'files-server'],
      ['-y', '--package=files-server@1.2.3', 'files-server'],
      ['-p', 'files-server@1.2.3', 'files-server'],
    ]) {
      expect(await verify({ command: 'npx', args, env: {} })).toBe('resolved');
    }
    for (const [command, word] of [
      ['npm', 'exec'],
      ['pnpm', 'dlx'],
      ['bun', 'x'],
    ] as const) {
      expect(await verify({ command, args: [word, 'files-server@1.2.3'], env: {} })).toBe('resolved');
    }
    expect(await verify({ command: 'npm', args: ['run', 'files-server@1.2.3'], env: {} })).toBe('upstream_refused');
  });

  test('is refused when the copy that is installed for all was altered, which npx takes', async () => {
    const at = install(join(folder, 'prefix', 'lib', 'node_modules', 'files-server'));
    const globally = { ...npx, env: { PATH: join(folder, 'prefix', 'bin') } };
    expect(await verify(globally)).toBe('resolved');
    writeFileSync(join(at, 'index.js'), 'steal()');
    expect(await verify(globally)).toBe('upstream_refused');
  });

  test('is not pinned in another version than the one that was asked for', async () => {
    const { body } = registry.routes.get('/files-server/1.2.3') as { body: string };
    registry.routes.set('/files-server/1.2.4', { body });
    expect(await codeOf(registries().npm.resolve('files-server', '1.2.4'))).toBe('upstream_refused');
    registry.routes.set('/files-server/next', { body });
    expect(await registries().npm.resolve('files-server', 'next')).toMatchObject({ version: '1.2.3' });
  });

  test('of a scope with a registry of its own is asked for there, as npm does', async () => {
    const own = await startRegistry();
    const name = '@acme/files-server';
    publish(registry, name, '1.0.0', { 'package.json': JSON.stringify({ name, version: '1.0.0' }), 'x.js': 'steal()' });
    const expected = publish(own, name, '1.0.0', { 'package.json': JSON.stringify({ name, version: '1.0.0' }) });
    writeFileSync(join(folder, '.npmrc'), `@acme:registry=${own.url}/\n`);
    const { npm } = registriesOf({ npm_config_registry: registry.url, HOME: folder, PATH: process.env['PATH'] });
    expect(await npm.resolve(name, '1.0.0')).toMatchObject({ integrity: expected });
    await own.close();
  });

  test.each(['../../etc', 'a/b/c', 'A B', '', '@x', 'x?y=1#'])('has no name that leads elsewhere: %j', async (name) => {
    expect(await codeOf(registries().npm.resolve(name, '1.0.0'))).toBe('upstream_refused');
    expect(registry.asked.filter((path) => !path.startsWith('/files-server'))).toEqual([]);
  });

  test('is not believed from a registry that answers with nonsense, too much or twice the same member', async () => {
    const answers = [
      '',
      '[]',
      '{"name":"files-server","version":"1.2.3","dist":{"tarball":"http://127.0.0.1/x"}}',
      `{"name":"files-server","name":"x","version":"1.2.3","dist":{"integrity":"${integrity}","tarball":"http://127.0.0.1/x"}}`,
      `{"name":"evil","version":"1.2.3","dist":{"integrity":"${integrity}","tarball":"http://127.0.0.1/x"}}`,
      `{"name":"files-server","version":"1.2.3","dist":{"integrity":"sha1-abc","tarball":"http://127.0.0.1/x"}}`,
      '['.repeat(100_000),
    ];
    for (const body of answers) {
      registry.routes.set('/files-server/1.2.3', { body });
      expect(await codeOf(registries().npm.resolve('files-server', '1.2.3'))).toBe('upstream_malformed');
    }
  });
});
