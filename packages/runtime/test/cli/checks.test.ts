import type { CheckContext } from '../../src/cli/checks/index.ts';
import type { ScriptedModel } from '../../src/providers/scripted/server.ts';
import { parseConfig } from '@sallyport/core';
import { doctorSchema } from '@sallyport/core/admin';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runChecks } from '../../src/cli/checks/index.ts';
import { startScriptedModel } from '../../src/providers/scripted/server.ts';

let folder: string;
let model: ScriptedModel;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-checks-'));
  model = await startScriptedModel({ script: () => ({}) });
});
afterEach(async () => {
  await model.close();
  await rm(folder, { recursive: true });
});

const configOf = (text: string, env = {}) =>
  parseConfig(text, {
    env,
    readFile: () => {
      throw new Error('no files here');
    },
  });

async function check(changes: Partial<CheckContext> = {}) {
  const answer = await runChecks({
    nodeVersion: '24.0.0',
    dataDir: join(folder, 'data'),
    policyDir: join(folder, 'policies'),
    configPath: undefined,
    config: configOf(`server: { port: 0 }\nproviders: { scripted: { baseUrl: '${model.url}' } }`),
    ownPort: undefined,
    dashboardDir: join(folder, 'dist'),
    ...changes,
  });
  doctorSchema.parse(answer);
  return Object.fromEntries(answer.checks.map(({ name, ...finding }) => [name, finding]));
}

test('a fresh folder on a good machine has nothing that fails', async () => {
  const found = await check();
  expect(Object.values(found).filter(({ status }) => status === 'fail')).toEqual([]);
  expect(found['Providers reachable']).toMatchObject({ status: 'ok' });
  expect(found['Dashboard']).toMatchObject({ status: 'warn', fix: 'npm run build' });
});

test('checking providers gives no key away', async () => {
  const text = `providers: { scripted: { baseUrl: '${model.url}', apiKey: '\${env:K}' } }`;
  await check({ config: configOf(text, { K: 'sk-secret' }) });
  expect(model.requests).toHaveLength(1);
  expect(JSON.stringify(model.requests)).not.toContain('sk-secret');
});

test('an old Node, a data folder open to others, and broken policies fail, each with a fix', async () => {
  await mkdir(join(folder, 'data'));
  await chmod(join(folder, 'data'), 0o755);
  await mkdir(join(folder, 'policies'));
  await writeFile(join(folder, 'policies/permissions.yaml'), 'roles:\n  a:\n    tools:\n      x: perhaps\n');
  const found = await check({ nodeVersion: '20.20.2' });
  for (const name of ['Node version', 'Data folder', 'Policies']) {
    expect(found[name], name).toMatchObject({ status: 'fail', fix: expect.any(String) });
  }
  expect(found['Policies']?.why).toContain('permissions.yaml:4');
  await chmod(join(folder, 'data'), 0o700);
  expect((await check())['Data folder']).toMatchObject({ status: 'ok' });
});

test('a broken configuration is named, and what depends on it is not claimed to be fine', async () => {
  const found = await check({ config: { problem: '1:1  server.prot: unknown key' }, policyDir: undefined });
  expect(found['Configuration']).toMatchObject({ status: 'fail', why: '1:1  server.prot: unknown key' });
  for (const name of ['Port', 'Policies', 'Provider keys', 'Providers reachable']) {
    expect(found[name], name).toMatchObject({ status: 'warn' });
  }
});

test('a provider that nobody runs, and one without a key, are warned of', async () => {
  await model.close();
  const text = `providers: { gone: { baseUrl: '${model.url}' }, far: { baseUrl: 'https://a.invalid/v1' } }`;
  const found = await check({ config: configOf(text) });
  expect(found['Providers reachable']?.why).toMatch(/gone \(ECONNREFUSED\).*far/);
  expect(found['Provider keys']).toMatchObject({ status: 'warn', fix: 'Set providers.far.apiKey to ${env:NAME}.' });
});
