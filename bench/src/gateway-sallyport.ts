import { parseConfig } from '@sallyport/core';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRuntime } from 'sallyport';
import { announce } from './gateway-process.ts';
import { allowedTool, forbiddenTool } from './gateway-traffic.ts';

/*
 * Sallyport as it is delivered: all guards on, a store on disk, 100 rules, one agent key.
 */

/** 48 conditional cells make two rules each, one for `otherwise`; with the four below, 100. */
const conditionalCells = 48;

const permissions = (): string =>
  [
    'roles:',
    '  bench:',
    "    models: { 'bench/*': allow }",
    '    tools:',
    `      ${allowedTool}: { decision: allow, when: { order_id: 'A-*' } }`,
    `      ${forbiddenTool}: deny`,
    '      read_ticket: allow',
    ...Array.from(
      { length: conditionalCells },
      (_, i) => `      tool_${i}: { decision: allow, when: { to: '*@team-${i}.example' }, otherwise: ask }`,
    ),
  ].join('\n');

const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, 'policies'));
writeFileSync(join(folder, 'policies/permissions.yaml'), permissions());

const config = parseConfig(
  [
    `policies: ${join(folder, 'policies')}`,
    'providers:',
    `  bench: { baseUrl: '${process.env['UPSTREAM_ORIGIN']}/v1' }`,
    `audit: { modelCalls: ${process.env['MODEL_CALLS'] ?? 'async'} }`,
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
const key = await runtime.createAgentKey({ agent: 'bench', roles: ['bench'] });
process.on('SIGTERM', () => {
  runtime.stop().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
announce({ port: Number(new URL(runtime.url).port), headers: { authorization: `Bearer ${key}` } });
