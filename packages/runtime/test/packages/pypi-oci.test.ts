import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PackageConfig, PackagePin } from '@sallyport/core';
import { PackageVetting, Provenance, registriesOf } from '../../src/packages/index.ts';
import { fetchBytes } from '../../src/packages/fetch.ts';
import { systemClock } from '../../src/clock.ts';
import { codeOf } from '../identity/harness.ts';
import { startRegistry, type LocalRegistry } from './registry.ts';

let registry: LocalRegistry;
let folder: string;
let pin: PackagePin | undefined;
beforeEach(async () => {
  registry = await startRegistry();
  folder = mkdtempSync(join(tmpdir(), 'sallyport-'));
});
afterEach(async () => {
  await registry.close();
  rmSync(folder, { recursive: true });
});

const registries = () => registriesOf({ PIP_INDEX_URL: `${registry.url}/simple/` });
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const verify = (config: Pick<PackageConfig, 'registry' | 'name' | 'version'>, command: string, ...args: string[]) => {
  const vetting = new PackageVetting({
    registries: registries(),
    provenance: new Provenance({ file: join(folder, 'none.json') }),
    pinOf: () => Promise.resolve(pin),
    clock: systemClock,
  });
  return codeOf(vetting.verify('files', { ...config, provenance: 'checked' }, { command, args, env: {} }));
};

describe('a package of PyPI', () => {
  const config = { registry: 'pypi', name: 'Files.Server', version: '1.2.3' } as const;
  const index = (change: Readonly<Record<string, string>> = {}) => {
    const files = {
      'files_server-1.2.3-py3-none-any.whl': sha256('wheel'),
      'files_server-1.2.3.tar.gz': sha256('sdist'),
      'files_server-1.2.4-py3-none-any.whl': sha256('later'),
      'files_server_extra-1.2.3-py3-none-any.whl': sha256('other'),
      ...change,
    };
    const listed = Object.entries(files).map(([filename, digest]) => ({ filename, hashes: { sha256: digest } }));
    registry.routes.set('/simple/files-server/', { body: JSON.stringify({ files: listed }) });
  };

  test('is pinned by all files of its version, the wheel first', async () => {
    index();
    expect(await registries().pypi.resolve('Files.Server', '1.2.3')).toEqual({
      ...config,
      integrity: `sha256:${sha256('wheel')}`,
      files: {
        'files_server-1.2.3-py3-none-any.whl': sha256('wheel'),
        'files_server-1.2.3.tar.gz': sha256('sdist'),
      },
    });
    expect(await codeOf(registries().pypi.resolve('files-server', '9.9'))).toBe('upstream_refused');
    index({ 'files_server-1.2.3-py3-none-any.whl': 'x' });
    expect(await codeOf(registries().pypi.resolve('files-server', '1.2.3'))).toBe('upstream_malformed');
  });

  test('is refused when a file of its version is another one, or was added', async () => {
    index();
    pin = await registries().pypi.resolve('Files.Server', '1.2.3');
    const start = () => verify(config, 'uvx', 'files-server==1.2.3');
    expect(await start()).toBe('upstream_refused');
    const exact = () => verify(config, 'uvx', 'Files.Server==1.2.3');
    expect(await exact()).toBe('resolved');
    expect(await verify(config, 'uvx', '--from', 'Files.Server==1.2.3', 'Files.Server')).toBe('resolved');
    expect(await verify(config, 'uvx', 'Files.Server', '--note', 'Files.Server==1.2.3')).toBe('upstream_refused');
    index({ 'files_server-1.2.3.tar.gz': sha256('swapped') });
    expect(await exact()).toBe('upstream_refused');
    for (const added of [
      'files_server-1.2.3-cp313-cp313-linux_x86_64.whl',
      // PEP 440: `==1.2.3` takes each of these, and prefers the first.
      'files_server-1.2.3+local-py3-none-any.whl',
      'files_server-1.2.3.0-py3-none-any.whl',
      'files_server-1.2.3.tar.bz2',
    ]) {
      index({ [added]: sha256('preferred') });
      expect(await exact()).toBe('upstream_refused');
    }
    index({ 'files_server-1.2.3.post1-py3-none-any.whl': sha256('another version') });
    expect(await exact()).toBe('resolved');
    index();
    expect(await verify(config, 'uvx', 'other', 'Files.Server==1.2.3')).toBe('upstream_refused');
    expect(await verify(config, 'uvx', '--from', 'other', 'Files.Server==1.2.3')).toBe('upstream_refused');
    expect(await verify(config, 'uvx', '--python', '3.13', 'Files.Server==1.2.3', 'files')).toBe('resolved');
    expect(await verify(config, 'uv', 'tool', 'run', 'Files.Server==1.2.3')).toBe('resolved');
    expect(await verify(config, 'pipx', 'run', '--spec', 'Files.Server==1.2.3', 'files-server')).toBe('resolved');
  });

  test('is refused when what is installed is altered, or another version', async () => {
    index();
    pin = await registries().pypi.resolve('Files.Server', '1.2.3');
    const bin = join(folder, 'bin');
    const site = join(folder, 'lib', 'python3.13', 'site-packages');
    const info = join(site, 'files_server-1.2.3.dist-info');
    for (const each of [bin, join(site, 'files_server'), info]) mkdirSync(each, { recursive: true });
    const program = join(bin, 'files-server');
    writeFileSync(program, '#!python');
    const start = () => verify(config, program);
    const code = 'def main(): pass\n';
    const digest = createHash('sha256').update(code).digest('base64url');
    writeFileSync(
      join(info, 'RECORD'),
      `files_server/main.py,sha256=${digest},${code.length}\nfiles_server-1.2.3.dist-info/RECORD,,\n`,
    );
    writeFileSync(join(site, 'files_server', 'main.py'), code);
    expect(await start()).toBe('resolved');
    writeFileSync(join(site, 'files_server', 'main.py'), 'steal()');
    expect(await start()).toBe('upstream_refused');
    const record = (line: string) => writeFileSync(join(info, 'RECORD'), `${line}\n`);
    // Nothing that is compared by nothing.
    record('files_server/main.py,,');
    expect(await start()).toBe('upstream_refused');
    const stolen = createHash('sha512').update('steal()').digest('base64url');
    record(`files_server/main.py,sha512=${stolen},7`);
    expect(await start()).toBe('resolved');
    record(`"files_server/main.py",sha512=${stolen.replace(/^./, '_')},7`);
    expect(await start()).toBe('upstream_refused');
    record('files_server/main.py,md5=abc,7');
    expect(await start()).toBe('upstream_refused');
    rmSync(info, { recursive: true });
    expect(await start()).toBe('upstream_refused');
    mkdirSync(join(site, 'files_server-1.2.2.dist-info'));
    expect(await start()).toBe('upstream_refused');
  });
});

describe('an image', () => {
  const manifest = JSON.stringify({ schemaVersion: 2, layers: [] });
  const name = () => `${registry.host}/tools/files-server`;
  const digest = `sha256:${sha256(manifest)}`;

  test('is pinned by the digest of its manifest, which is reckoned and not believed', async () => {
    registry.routes.set('/v2/tools/files-server/manifests/1.2', {
      body: manifest,
      headers: { 'docker-content-digest': `sha256:${'0'.repeat(64)}` },
    });
    expect(await registries().oci.resolve(name(), '1.2')).toMatchObject({ integrity: digest });
    expect(await codeOf(registries().oci.resolve(name(), '1.3'))).toBe('upstream_refused');
  });

  test('is had with a token that anybody gets', async () => {
    registry.routes.set('/v2/tools/files-server/manifests/1.2', ({ headers }) =>
      headers.authorization === 'Bearer anonymous'
        ? { body: manifest }
        : {
            status: 401,
            body: '',
            headers: { 'www-authenticate': `Bearer realm="${registry.url}/token",service="registry"` },
          },
    );
    registry.routes.set('/token?service=registry&scope=repository%3Atools%2Ffiles-server%3Apull', {
      body: '{"token":"anonymous"}',
    });
    expect(await registries().oci.resolve(name(), '1.2')).toMatchObject({ integrity: digest });
  });

  test('is started by its digest, and not by a tag or under another name', async () => {
    const config = { registry: 'oci', name: name(), version: '1.2' } as const;
    pin = { ...config, integrity: digest };
    const start = (image: string) => verify(config, 'docker', 'run', '-i', '--rm', image);
    expect(await start(`${name()}@${digest}`)).toBe('resolved');
    expect(await start(`${name()}:1.2@${digest}`)).toBe('resolved');
    for (const image of [`${name()}:1.2`, name(), `other@${digest}`, `${name()}@sha256:${'0'.repeat(64)}`]) {
      expect(await start(image)).toBe('upstream_refused');
    }
    const given = (...args: string[]) => verify(config, 'docker', ...args, `${name()}@${digest}`);
    expect(await given('run', '-it', '--rm', '-v', '/data:/data', '-e', 'MODE=x', '--network=none')).toBe('resolved');
    expect(await given('container', 'run', '-i')).toBe('resolved');
    for (const args of [['run', 'evil'], ['run', '-i', '--rm', 'evil'], ['run', '-v', '/a:/b', 'evil'], ['pull'], []]) {
      expect(await given(...args)).toBe('upstream_refused');
    }
    expect(await verify(config, 'sh', '-c', `${name()}@${digest}`)).toBe('upstream_refused');
  });

  test.each(['http://x/y', '../x', 'UPPER/x', 'a b', ''])('has no name that leads elsewhere: %j', async (image) => {
    expect(await codeOf(registries().oci.resolve(image, '1'))).toBe('invalid_request');
  });
});

test('a registry elsewhere cannot have this machine asked', async () => {
  registry.routes.set('/admin', { body: '{}' });
  const by = new URL('https://registry.example/');
  expect(await codeOf(fetchBytes(new URL(`${registry.url}/admin`), { maxBytes: 10, by }))).toBe('upstream_malformed');
  expect(registry.asked).toEqual([]);
});

test('a registry that sends without end is cut off, and one that redirects with a token is not followed', async () => {
  registry.routes.set('/v2/tools/x/manifests/1', { body: Buffer.alloc(5 * 1024 * 1024) });
  expect(await codeOf(registries().oci.resolve(`${registry.host}/tools/x`, '1'))).toBe('upstream_malformed');
  registry.routes.set('/v2/tools/x/manifests/2', {
    status: 307,
    body: '',
    headers: { location: `${registry.url}/elsewhere` },
  });
  expect(await codeOf(registries().oci.resolve(`${registry.host}/tools/x`, '2'))).toBe('upstream_failed');
  expect(registry.asked).not.toContain('/elsewhere');
});
