import { parseConfig } from '@sallyport/core';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRuntime } from 'sallyport';
import { announce } from './gateway-process.ts';
import { permissionsYaml, toolsYaml } from './conversation-traffic.ts';

/*
 * Sallyport as it is delivered, with an agent that names its users: each conversation is a session of its own.
 */

const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, 'policies'));
writeFileSync(join(folder, 'policies/permissions.yaml'), permissionsYaml);

const config = parseConfig(
  [
    `policies: ${join(folder, 'policies')}`,
    `providers: { bench: { baseUrl: '${process.env['UPSTREAM_ORIGIN']}/v1' } }`,
    'audit: { modelCalls: async }',
    'server: { port: 0 }',
    toolsYaml,
  ].join('\n'),
  {
    env: process.env,
    readFile: () => {
      throw new Error('no files here');
    },
  },
);
const runtime = await startRuntime({ config, dataDir: join(folder, 'data'), port: 0 });
const key = await runtime.createAgentKey({ agent: 'bench', roles: ['bench'], namesUsers: true });
process.on('SIGTERM', () => {
  runtime.stop().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
announce({ port: Number(new URL(runtime.url).port), headers: { authorization: `Bearer ${key}` } });
