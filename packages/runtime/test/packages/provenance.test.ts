import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Json, PackageConfig, PackagePin } from '@sallyport/core';
import { PackageVetting, Provenance, registriesOf } from '../../src/packages/index.ts';
import { systemClock } from '../../src/clock.ts';
import { codeOf } from '../identity/harness.ts';
import { startRegistry, type LocalRegistry } from './registry.ts';

/*
 * `attestations.json` was made once with an authority and logs of our own, in the formats of Sigstore; what verifies it here
 * is what verifies those of a registry.
 */
interface Made {
  readonly trustedRoot: Json;
  readonly integrity: string;
  readonly pypi: { readonly sha256: string; readonly attestation: Json };
  readonly [name: string]: unknown;
}
const made = JSON.parse(readFileSync(join(import.meta.dirname, 'attestations.json'), 'utf8')) as Made;
const pin: PackagePin = { registry: 'npm', name: 'files-server', version: '1.2.3', integrity: made.integrity };

let registry: LocalRegistry;
let folder: string;
let root: string;
beforeEach(async () => {
  registry = await startRegistry();
  folder = mkdtempSync(join(tmpdir(), 'sallyport-'));
  root = join(folder, 'trusted_root.json');
  writeFileSync(root, JSON.stringify(made.trustedRoot));
});
afterEach(async () => {
  await registry.close();
  rmSync(folder, { recursive: true });
});

const slsa = 'https://slsa.dev/provenance/v1';
function attest(...bundles: unknown[]): void {
  const attestations = bundles.map((bundle) => ({ predicateType: slsa, bundle }));
  registry.routes.set('/-/npm/v1/attestations/files-server@1.2.3', { body: JSON.stringify({ attestations }) });
}
const registries = () =>
  registriesOf({ npm_config_registry: registry.url, UV_DEFAULT_INDEX: `${registry.url}/simple`, PATH: '' });
const verify = (of: PackagePin = pin, file = root) =>
  new Provenance({ file }).verify(of, registries()[of.registry]).then(
    (source) => source,
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  );

describe('an attestation of npm', () => {
  test('that is good names the repository which the authority saw', async () => {
    attest(made['good']);
    expect(await verify()).toBe('github.com/example/files-server');
    attest(made['olderCertificate']);
    expect(await verify()).toBe('github.com/example/files-server');
  });

  test('is not there: nothing is known, and that is told', async () => {
    expect(await verify()).toBeUndefined();
  });

  test.each([
    ['of another file', 'otherDigest'],
    ['of another package with the same contents', 'otherPackage'],
    ['by somebody with an e-mail address', 'byMail'],
    ['of a repository that its authority cannot know', 'otherHost'],
    ['with something else than a statement in it', 'noStatement'],
  ])('%s is refused', async (_, name) => {
    attest(made[name]);
    expect(await verify()).toBe('upstream_refused');
    attest(made['good'], made[name]);
    expect(await verify()).toBe('upstream_refused');
  });

  test('from two repositories is refused', async () => {
    attest(made['good'], made['otherSource']);
    expect(await verify()).toBe('upstream_refused');
  });

  test.each<[string, (bundle: string) => string]>([
    ['statement', (text) => text.replace(/"payload":"[^"]*"/, `"payload":"${Buffer.from('{}').toString('base64')}"`)],
    ['signature', (text) => text.replace(/"sig":"MEU/, '"sig":"MEQ').replace(/"sig":"M..../, '"sig":"MAAA')],
    ['time in the log', (text) => text.replace(/"integratedTime":"\d/, '"integratedTime":"9')],
    ['promise of the log', (text) => text.replace(/"signedEntryTimestamp":"[^"]*"/, '"signedEntryTimestamp":"AAAA"')],
    ['certificate', (text) => text.replace(/"rawBytes":"[^"]*"/, '"rawBytes":"AAAA"')],
    ['format', (text) => text.replace('version=0.1', 'version=9.9')],
    ['log entries', (text) => text.replace(/"tlogEntries":\[.*?\],"timestamp/, '"tlogEntries":[],"timestamp')],
  ])('with another %s is refused', async (_, change) => {
    const text = JSON.stringify(made['good']);
    const changed = change(text);
    expect(changed).not.toBe(text);
    attest(JSON.parse(changed));
    expect(await verify()).toBe('upstream_refused');
  });

  test('is refused under keys that we do not trust, and where the keys are not to be had', async () => {
    attest(made['good']);
    const seeds = JSON.parse(
      readFileSync(join(import.meta.dirname, '../../../../node_modules/@sigstore/tuf/seeds.json'), 'utf8'),
    ) as Record<string, { targets: Record<string, string> }>;
    const sigstores = Object.values(seeds)[0]?.targets['trusted_root.json'] ?? '';
    const theirs = join(folder, 'theirs.json');
    writeFileSync(theirs, Buffer.from(sigstores, 'base64'));
    expect(await verify(pin, theirs)).toBe('upstream_refused');
    expect(await verify(pin, join(folder, 'missing.json'))).toBe('upstream_refused');
  });

  test.each(['[]', '{"attestations":[{"predicateType":"https://slsa.dev/provenance/v1"}]}', 'no json'])(
    'that cannot be read is no attestation, and no absence of one: %s',
    async (body) => {
      registry.routes.set('/-/npm/v1/attestations/files-server@1.2.3', { body });
      expect(await verify()).toBe('upstream_malformed');
    },
  );

  test('of a rubbish bundle is refused', async () => {
    for (const bundle of [{}, [], 'x', null, { mediaType: 'x' }, { ...(made['good'] as object), dsseEnvelope: null }]) {
      attest(bundle);
      expect(await verify()).toBe('upstream_refused');
    }
  });
});

test('an attestation of PyPI names its repository, and not that of another file', async () => {
  const { sha256, attestation } = made.pypi;
  const filename = 'files_server-1.2.3-py3-none-any.whl';
  const provenance = `${registry.url}/integrity/files-server/1.2.3/${filename}/provenance`;
  const project = { files: [{ filename, hashes: { sha256 }, provenance }] };
  registry.routes.set('/simple/files-server/', { body: JSON.stringify(project) });
  const answer = { version: 1, attestation_bundles: [{ publisher: { kind: 'GitHub' }, attestations: [attestation] }] };
  registry.routes.set(new URL(provenance).pathname, { body: JSON.stringify(answer) });
  const found = await registries().pypi.resolve('files-server', '1.2.3');
  expect(await verify(found)).toBe('github.com/example/files-server');
  const other = { ...found, integrity: `sha256:${'0'.repeat(64)}`, files: { [filename]: '0'.repeat(64) } };
  expect(await verify(other)).toBe('upstream_refused');
  // The file for this machine is preferred, and nobody vouches for it.
  const preferred = { filename: 'files_server-1.2.3-cp313-cp313-linux_x86_64.whl', hashes: { sha256: '1'.repeat(64) } };
  const added = JSON.stringify({ files: [...project.files, preferred] });
  registry.routes.set('/simple/files-server/', { body: added });
  const both = await registries().pypi.resolve('files-server', '1.2.3');
  expect(both.integrity).toBe(found.integrity);
  expect(await verify(both)).toBeUndefined();
});

describe('what the configuration says of provenance', () => {
  const program = { command: 'npx', args: ['-y', 'files-server@1.2.3'], env: {} };
  const start = (change: Partial<PackageConfig>, locked: PackagePin = pin) => {
    const document = {
      name: pin.name,
      version: pin.version,
      dist: { integrity: pin.integrity, tarball: `${registry.url}/t` },
    };
    registry.routes.set('/files-server/1.2.3', { body: JSON.stringify(document) });
    const vetting = new PackageVetting({
      registries: { ...registries(), npm: withoutTarball(registries().npm) },
      provenance: new Provenance({ file: root }),
      pinOf: () => Promise.resolve(locked),
      clock: systemClock,
    });
    const { name, version } = pin;
    return codeOf(
      vetting.verify('files', { registry: 'npm', name, version, provenance: 'checked', ...change }, program),
    );
  };
  /** The tarball itself is another test's; here its digest is given. */
  const withoutTarball = (npm: ReturnType<typeof registriesOf>['npm']): typeof npm => ({
    resolve: () => Promise.resolve(pin),
    attestations: (of) => npm.attestations(of),
    subject: (of) => npm.subject(of),
    compare: (of, started) => npm.compare(of, started),
  });

  test('checked: what is there must be good; nothing need be there', async () => {
    expect(await start({})).toBe('resolved');
    attest(made['good']);
    expect(await start({})).toBe('resolved');
    attest(made['byMail']);
    expect(await start({})).toBe('upstream_refused');
    expect(await start({ provenance: 'ignored' })).toBe('resolved');
  });

  test('required: it must be there', async () => {
    expect(await start({ provenance: 'required' })).toBe('upstream_refused');
    attest(made['good']);
    expect(await start({ provenance: 'required' })).toBe('resolved');
  });

  test('source: it must be the one that is named, or was pinned', async () => {
    expect(await start({ source: 'https://github.com/example/files-server' })).toBe('upstream_refused');
    attest(made['good']);
    expect(await start({ source: 'git+https://github.com/Example/files-server.git' })).toBe('resolved');
    expect(await start({ source: 'github.com/mallory/files-server' })).toBe('upstream_refused');
    const pinned = { ...pin, source: 'github.com/example/files-server' };
    expect(await start({ source: 'github.com/mallory/files-server' }, pinned)).toBe('upstream_refused');
    expect(await start({ provenance: 'required' }, pinned)).toBe('resolved');
  });
});
