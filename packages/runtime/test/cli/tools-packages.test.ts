import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseConfig } from '@sallyport/core';
import { addedUpstreamShape, packagePinsShape } from '../../src/cli/shapes.ts';
import { publish, startRegistry, type LocalRegistry } from '../packages/registry.ts';
import { openTerminal } from './terminal.ts';
import { run } from './run.ts';

const configText = `# our agents' tools
providers: {} # none yet
upstreams:
  # kept as it is
  docs: { kind: mcp, url: 'https://docs.example.com/mcp', credential: docs }
`;
const files = { 'package.json': '{"name":"files-server","version":"1.2.3"}', 'index.js': 'serve()' };
let registry: LocalRegistry;
let cwd: string;
beforeEach(async () => {
  registry = await startRegistry();
  cwd = mkdtempSync(join(tmpdir(), 'sallyport-cli-'));
  writeFileSync(join(cwd, 'sallyport.yaml'), configText);
  publish(registry, 'files-server', '1.2.3', files);
});
afterEach(async () => {
  await registry.close();
  rmSync(cwd, { recursive: true });
});

const cli = (...line: string[]) =>
  run(['tools', ...line], {
    cwd,
    env: { npm_config_registry: registry.url, UV_DEFAULT_INDEX: `${registry.url}/simple` },
  });
const written = () => readFileSync(join(cwd, 'sallyport.yaml'), 'utf8');
const lockPath = () => join(cwd, 'sallyport.lock');
const source = { env: {}, readFile: () => '' };
const json = async (...line: string[]): Promise<unknown> => JSON.parse((await cli('--json', ...line)).stdout);

test('a package is added with its exact version, into the configuration and the lock, and comments stay', async () => {
  chmodSync(join(cwd, 'sallyport.yaml'), 0o644);
  const { code, stdout } = await cli('add', 'files', '--npm', 'files-server@1.2.3', '--yes', '--', '/data');
  expect([code, stdout]).toEqual([
    0,
    expect.stringMatching(/command: npx[\s\S]*files-server@1\.2\.3[\s\S]*built from unknown/),
  ]);
  for (const kept of ["# our agents' tools", '# none yet', '# kept as it is']) expect(written()).toContain(kept);
  const { upstreams } = parseConfig(written().replace(', credential: docs', ''), source);
  expect(upstreams['files']).toMatchObject({
    kind: 'stdio',
    command: 'npx',
    args: ['-y', 'files-server@1.2.3', '/data'],
    package: { registry: 'npm', name: 'files-server', version: '1.2.3' },
  });
  const lock = JSON.parse(readFileSync(lockPath(), 'utf8')) as object;
  expect(lock).toMatchObject({
    upstreams: { files: { package: { version: '1.2.3', integrity: expect.stringMatching(/^sha512-/) as unknown } } },
  });
  expect(statSync(join(cwd, 'sallyport.yaml')).mode & 0o777).toBe(0o644);
});

test('nothing is written when nobody agreed', async () => {
  const { code, stderr } = await cli('add', 'files', '--npm', 'files-server@1.2.3');
  expect([code, stderr]).toEqual([0, expect.stringMatching(/Nothing was written; --yes/)]);
  expect([written(), existsSync(lockPath())]).toEqual([configText, false]);
});

describe.runIf(process.platform === 'linux')('at a terminal', () => {
  const asked = async () => {
    const terminal = openTerminal(cwd, ['tools', 'add', 'web', '--url', 'https://mcp.example.com/']);
    await terminal.shows(/url: https:\/\/mcp\.example\.com\/[^]*Write this into sallyport\.yaml\?/);
    return terminal;
  };

  test('whoever sits there is asked, and Ctrl-C writes nothing and ends with 130', async () => {
    const interrupted = await asked();
    interrupted.types('\u0003');
    expect([await interrupted.ended, written()]).toEqual([130, configText]);
    const terminal = await asked();
    terminal.types('y');
    expect([await terminal.ended, written()]).toEqual([0, expect.stringContaining('https://mcp.example.com/')]);
  });

  test('what was written into the configuration while the question stood is not written over', async () => {
    const terminal = await asked();
    const edited = `${configText}# edited meanwhile\n`;
    writeFileSync(join(cwd, 'sallyport.yaml'), edited);
    terminal.types('y');
    expect([await terminal.ended, written()]).toEqual([1, edited]);
    expect(terminal.text()).toMatch(/was changed meanwhile; nothing was written/);
  });
});

test('addresses and commands are added as well, and what --json prints has the promised shape', async () => {
  expect(addedUpstreamShape.parse(await json('add', 'web', '--url', 'https://mcp.example.com/', '--yes'))).toEqual({
    name: 'web',
    config: { kind: 'mcp', url: 'https://mcp.example.com/' },
    written: true,
  });
  expect(addedUpstreamShape.parse(await json('add', 'own', '--yes', '--', 'node', 'server.js'))).toMatchObject({
    config: { kind: 'stdio', command: 'node', args: ['server.js'] },
  });
  expect(Object.keys(parseConfig(written().replace(', credential: docs', ''), source).upstreams)).toEqual([
    'docs',
    'web',
    'own',
  ]);
});

test.each([
  [['add', 'files'], /Say what the upstream is/],
  [['add', 'files', '--npm', 'a@1', '--url', 'https://a.example'], /Say what the upstream is/],
  [['add', 'docs', '--url', 'https://a.example'], /has an upstream docs already/],
  [['add', 'Bad Name', '--url', 'https://a.example'], /named in lower-case letters/],
  [['add', 'plain', '--url', 'http://a.example'], /cross the network in clear/],
])('sallyport tools %j is refused with the fix', async (line, message) => {
  const { code, stderr } = await cli(...line);
  expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  expect(written()).toBe(configText);
});

test('where there is no sallyport.yaml, one that is to be written is refused, and pins nothing', async () => {
  rmSync(join(cwd, 'sallyport.yaml'));
  const { code, stderr } = await cli('add', 'files', '--npm', 'files-server@1.2.3', '--yes');
  expect([code, stderr]).toEqual([2, expect.stringMatching(/There is no sallyport\.yaml here to write into/)]);
  expect(existsSync(lockPath())).toBe(false);
});

test('a package that the registry does not have is refused, and nothing is written', async () => {
  const { code, stderr } = await cli('add', 'files', '--npm', 'files-server@9.9.9', '--yes');
  expect([code, stderr]).toEqual([1, expect.stringMatching(/the registry does not have it/)]);
  expect((await cli('add', 'files', '--npm', 'files-server@1.2.3', '--provenance', 'required', '--yes')).code).toBe(3);
  expect(written()).toBe(configText);
});

test('tools pin --check passes while the registry has what was pinned, and exits with 3 once it has not', async () => {
  await cli('add', 'files', '--npm', 'files-server@1.2.3', '--yes');
  expect((await cli('pin', '--check')).code).toBe(0);
  publish(registry, 'files-server', '1.2.3', { ...files, 'index.js': 'steal()' });
  const before = readFileSync(lockPath(), 'utf8');
  const checked = await cli('pin', '--check');
  expect([checked.code, checked.stdout]).toEqual([3, expect.stringMatching(/files\s+changed\s+files-server/)]);
  expect(packagePinsShape.parse(await json('pin', '--check'))).toMatchObject({
    ok: false,
    packages: [{ state: 'changed' }],
  });
  expect((await cli('pin')).code).toBe(3);
  expect(readFileSync(lockPath(), 'utf8')).toBe(before);
  expect((await cli('pin', '--yes')).code).toBe(0);
  expect(readFileSync(lockPath(), 'utf8')).not.toBe(before);
});

test('tools pin --check exits with 3 where the lock is missing, or the registry does not answer', async () => {
  await cli('add', 'files', '--npm', 'files-server@1.2.3', '--yes');
  rmSync(lockPath());
  expect((await cli('pin', '--check')).code).toBe(3);
  await cli('pin', '--yes');
  expect((await cli('pin', '--check')).code).toBe(0);
  registry.routes.clear();
  const gone = await cli('pin', '--check');
  expect([gone.code, gone.stderr]).toEqual([3, expect.stringMatching(/does not have it/)]);
});
