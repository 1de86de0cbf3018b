import { chmod, mkdir, mkdtemp, readFile, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { AuthorizationRequest } from '@sallyport/core';
import type { PolicyStatus } from '../../src/policies/index.ts';
import { RuntimeFault, zeroCounters } from '@sallyport/core';
import { PolicyFolder } from '../../src/policies/index.ts';
import { systemClock } from '../../src/clock.ts';

let folder: string;
let opened: PolicyFolder[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-policies-'));
  opened = [];
});
afterEach(async () => {
  for (const one of opened) await one.close();
  await rm(folder, { recursive: true, force: true });
});

const matrix = `# ours
roles:
  support:
    tools:
      read: allow # harmless
`;
const put = (name: string, text: string | Uint8Array) => writeFile(join(folder, name), text);
async function open(onReload: (status: PolicyStatus) => void = () => undefined): Promise<PolicyFolder> {
  const one = await PolicyFolder.open({ folder, clock: systemClock, onReload });
  opened.push(one);
  return one;
}
const ask = (one: PolicyFolder, tool: string) => {
  const request: AuthorizationRequest = {
    principal: { id: 'a', tenant: 't', roles: ['support'] },
    action: 'tool_call',
    resource: tool,
    arguments: {},
    user: { id: 'u', roles: [] },
    session: zeroCounters,
    now: 0,
  };
  return one.current().authorize(request).outcome;
};
async function fault(work: Promise<unknown>): Promise<RuntimeFault> {
  const error: unknown = await work.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof RuntimeFault) return error;
  throw error;
}

test('an empty folder permits nothing', async () => {
  expect(ask(await open(), 'read')).toBe('deny');
});
test('the matrix, every .cedar file and the tests beside them are read', async () => {
  await put('permissions.yaml', matrix);
  await put('a.cedar', 'permit(principal, action, resource == Sallyport::Tool::"write");');
  await put('b.cedar', 'forbid(principal, action, resource == Sallyport::Tool::"drop");');
  await put('own.test.yaml', 'cases:\n  - { name: reads, roles: [support], resource: read, expect: deny }\n');
  const one = await open();
  expect([ask(one, 'read'), ask(one, 'write'), ask(one, 'drop'), ask(one, 'x')]).toEqual([
    'allow',
    'allow',
    'deny',
    'deny',
  ]);
  expect(one.test()).toMatchObject([{ file: 'own.test.yaml', name: 'reads', ok: false, outcome: 'allow' }]);
  expect(one.status()).toMatchObject({ hash: one.current().hash, problems: [] });
});
test('a folder with problems does not open, and every problem has its line and column', async () => {
  await put('permissions.yaml', 'roles:\n  support:\n    tool: {}\n');
  await put('a.cedar', 'permit(principal, action, resource)\nwhen { 1 };');
  const { code, detail } = await fault(open());
  expect(code).toBe('invalid_policy');
  expect(detail?.split('\n').map((line) => line.split(' ')[0])).toEqual(['permissions.yaml:3:5', 'a.cedar:2:8']);
});
test('a folder that is not there does not open', async () => {
  await rm(folder, { recursive: true });
  expect((await fault(open())).detail).toContain(folder);
});

test('a change is in force without a restart', async () => {
  await put('permissions.yaml', matrix);
  const seen: PolicyStatus[] = [];
  const one = await open((status) => void seen.push(status));
  const before = one.current();
  await put('permissions.yaml', matrix.replace('allow', 'ask'));
  await vi.waitFor(() => expect(ask(one, 'read')).toBe('require_approval'), { timeout: 10_000 });
  expect(seen.at(-1)).toEqual(one.status());
  expect(one.current().hash).not.toBe(before.hash);
});
test.each(['the folder', 'a link to the folder'])(
  '%s is swapped for another, and that one is in force',
  async (what) => {
    const releases = await mkdtemp(join(tmpdir(), 'sallyport-releases-'));
    for (const [name, decision] of [
      ['old', 'allow'],
      ['new', 'ask'],
    ] as const) {
      await mkdir(join(releases, name));
      await writeFile(join(releases, name, 'permissions.yaml'), matrix.replace('allow', decision));
    }
    const current = join(releases, 'current');
    const isLink = what === 'a link to the folder';
    await (isLink ? symlink('old', current) : rename(join(releases, 'old'), current));
    const one = await PolicyFolder.open({ folder: current, clock: systemClock });
    opened.push(one);
    expect(ask(one, 'read')).toBe('allow');
    await (isLink ? symlink('new', join(releases, 'next')) : rename(current, join(releases, 'before')));
    await rename(join(releases, isLink ? 'next' : 'new'), current);
    await vi.waitFor(() => expect(ask(one, 'read')).toBe('require_approval'), { timeout: 15_000, interval: 100 });
    await writeFile(join(current, 'permissions.yaml'), matrix.replace('allow', 'deny'));
    await vi.waitFor(() => expect(ask(one, 'read')).toBe('deny'), { timeout: 15_000, interval: 100 });
    await one.close();
    await rm(releases, { recursive: true });
  },
);
test('an invalid change leaves the old policies in force and says why, until it is corrected', async () => {
  await put('permissions.yaml', matrix);
  const one = await open();
  const { hash } = one.status();
  await put('permissions.yaml', matrix.replace('allow', 'alow'));
  await vi.waitFor(() => expect(one.status().problems).toHaveLength(1), { timeout: 10_000 });
  expect(one.status().problems[0]).toMatch(/^permissions.yaml:5:13 /);
  expect(ask(one, 'read')).toBe('allow');
  expect(one.status().hash).toBe(hash);
  await put('permissions.yaml', matrix);
  await vi.waitFor(() => expect(one.status().problems).toEqual([]), { timeout: 10_000 });
});
test('an invalid new file does not take the others down, and removing a folder does not open everything', async () => {
  await put('permissions.yaml', matrix);
  const one = await open();
  await put('b.cedar', 'permit(principal, action');
  expect((await one.reload()).problems).toHaveLength(1);
  expect(ask(one, 'read')).toBe('allow');
  await rename(folder, `${folder}-gone`);
  expect((await one.reload()).problems).toHaveLength(1);
  expect(ask(one, 'x')).toBe('deny');
  await rename(`${folder}-gone`, folder);
});

test.each([
  [
    'a link out of the folder',
    async () => symlink('/etc/hostname', join(folder, 'a.cedar')),
    /^a.cedar:1:1 is a link out/,
  ],
  ['a link to nothing', async () => symlink('nowhere', join(folder, 'a.cedar')), /^a.cedar:1:1 is a link to nothing/],
  ['more than 1 MiB', async () => put('a.cedar', ' '.repeat(1024 * 1024 + 1)), /^a.cedar:1:1 is larger/],
  [
    'bytes that are no UTF-8',
    async () => put('a.cedar', new Uint8Array([0x2f, 0x2f, 0xff])),
    /^a.cedar:1:1 is not UTF-8/,
  ],
  [
    'a name that would silently not count',
    async () => put('permissions.yml', 'roles: {}'),
    /^permissions.yml:1:1 is not read/,
  ],
  ['another case', async () => put('own.CEDAR', ''), /^own.CEDAR:1:1 is not read/],
])('refused: %s', async (_name, make, message) => {
  await make();
  const { code, detail } = await fault(open());
  expect(code).toBe('invalid_policy');
  expect(detail).toMatch(message);
});
test('links within the folder are followed, as a Kubernetes volume has them', async () => {
  await mkdir(join(folder, '..data'));
  await writeFile(join(folder, '..data', 'permissions.yaml'), matrix);
  await symlink(join('..data', 'permissions.yaml'), join(folder, 'permissions.yaml'));
  expect(ask(await open(), 'read')).toBe('allow');
});

test('editing a cell keeps the comments and is in force when the promise resolves', async () => {
  await put('permissions.yaml', matrix);
  const one = await open();
  const { hash } = await one.permissions();
  const next = await one.setCell({ role: 'support', kind: 'tools', name: 'write', cell: 'ask' }, hash);
  expect(ask(one, 'write')).toBe('require_approval');
  const text = await readFile(join(folder, 'permissions.yaml'), 'utf8');
  expect(text).toContain('# ours');
  expect(text).toContain('read: allow # harmless');
  expect((await one.permissions()).hash).toBe(next);
  await one.setCell({ role: 'support', kind: 'tools', name: 'write', cell: null }, next);
  expect(ask(one, 'write')).toBe('deny');
});
test('the first cell makes the file', async () => {
  const one = await open();
  const { hash, text } = await one.permissions();
  expect(text).toBe('');
  await one.setCell({ role: 'support', kind: 'tools', name: 'read', cell: 'allow' }, hash);
  expect(ask(one, 'read')).toBe('allow');
});
test('of two operators who edit the same file, the second is told', async () => {
  await put('permissions.yaml', matrix);
  const one = await open();
  const { hash } = await one.permissions();
  const edit = (name: string) => one.setCell({ role: 'support', kind: 'tools', name, cell: 'allow' }, hash);
  const [first, second] = await Promise.allSettled([edit('a'), edit('b')]);
  expect(first.status).toBe('fulfilled');
  expect(second).toMatchObject({ status: 'rejected', reason: { code: 'conflict' } });
  expect([ask(one, 'a'), ask(one, 'b')]).toEqual(['allow', 'deny']);
});
test('an edit by hand, not yet in force, is a conflict as well', async () => {
  await put('permissions.yaml', matrix);
  const one = await open();
  const { hash } = await one.permissions();
  await put('permissions.yaml', `${matrix}      other: deny\n`);
  expect((await fault(one.writePermissions(matrix, hash))).code).toBe('conflict');
  expect(await readFile(join(folder, 'permissions.yaml'), 'utf8')).toContain('other: deny');
});
test('an invalid text is refused before anything is written', async () => {
  await put('permissions.yaml', matrix);
  const one = await open();
  const { hash } = await one.permissions();
  expect((await fault(one.writePermissions('roles: { support: { tools: { read: yes } } }', hash))).code).toBe(
    'invalid_policy',
  );
  expect(await readFile(join(folder, 'permissions.yaml'), 'utf8')).toBe(matrix);
  expect(await readdir(folder)).toEqual(['permissions.yaml']);
});
test('a name cannot break out of its cell', async () => {
  await put('permissions.yaml', matrix);
  const one = await open();
  const { hash } = await one.permissions();
  const name = 'x: allow\n      "*"';
  expect((await fault(one.setCell({ role: 'support', kind: 'tools', name, cell: 'allow' }, hash))).code).toBe(
    'invalid_policy',
  );
  await one.setCell({ role: 'support', kind: 'tools', name: 'x: allow, "*"', cell: 'allow' }, hash);
  expect([ask(one, 'x'), ask(one, 'anything'), ask(one, 'x: allow, "*"')]).toEqual(['deny', 'deny', 'allow']);
});
test.skipIf(process.getuid?.() === 0)('a folder that cannot be written leaves the old policies in force', async () => {
  await put('permissions.yaml', matrix);
  const one = await open();
  const { hash } = await one.permissions();
  await chmod(folder, 0o500);
  await expect(one.setCell({ role: 'support', kind: 'tools', name: 'a', cell: 'allow' }, hash)).rejects.toThrow();
  await chmod(folder, 0o700);
  expect([ask(one, 'read'), ask(one, 'a')]).toEqual(['allow', 'deny']);
});
