import { parseConfig } from '@sallyport/core';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRuntime } from 'sallyport';
import { announce } from './gateway-process.ts';
import { eras, servers } from './mcp-traffic.ts';

/*
 * Sallyport as it is delivered: all guards on, a store on disk, a durable log, 100 rules, pinned tools.
 */

/** 46 conditional cells make two rules each, one for `otherwise`; with those of the two upstreams, 100. */
const conditionalCells = 46;
const tool = (of: 'lookUp' | 'watch' | 'forbidden') => eras.map((era) => `${servers[era].name}__${servers[era][of]}`);

const permissions = (): string =>
  [
    'roles:',
    '  bench:',
    '    tools:',
    ...tool('lookUp').map((name) => `      ${name}: { decision: allow, when: { order_id: 'A-*' } }`),
    ...tool('watch').map((name) => `      ${name}: { decision: allow, when: { order_id: 'A-*' } }`),
    ...tool('forbidden').map((name) => `      ${name}: deny`),
    ...Array.from(
      { length: conditionalCells },
      (_, i) => `      tool_${i}: { decision: allow, when: { to: '*@team-${i}.example' }, otherwise: ask }`,
    ),
  ].join('\n');

const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, 'policies'));
writeFileSync(join(folder, 'policies/permissions.yaml'), permissions());

const upstream = process.env['UPSTREAM_ORIGIN'] ?? '';
const config = parseConfig(
  [
    `policies: ${join(folder, 'policies')}`,
    'upstreams:',
    ...eras.map(
      (era) => `  ${servers[era].name}: { kind: mcp, url: '${upstream}${servers[era].path}', firstUse: pin }`,
    ),
    'tools:',
    ...[...tool('lookUp'), ...tool('watch')].map((name) => `  ${name}: { effect: read, target: [order_id] }`),
    'server: { port: 0 }',
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
