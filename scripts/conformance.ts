import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseConfig } from '@sallyport/core';
import { startRuntime } from '../packages/runtime/src/compose.ts';
import { startFixture } from '../packages/runtime/test/mcp/fixture/server.ts';

/**
 * Runs the official MCP conformance suite against our fixture server, directly and through a runtime, for clients of both
 * eras and servers of both. What passes directly must pass through it; and DNS rebinding must be refused.
 *
 * Usage: `npm run conformance -- [--revision 2026-07-28]… [--upstream 2025]…`. Exits with 1 where anything is worse through
 * the runtime, or nothing was seen.
 */
const revisions = ['2025-11-25', '2026-07-28'];
const root = join(import.meta.dirname, '..');
const suite = join(root, 'node_modules/@modelcontextprotocol/conformance/dist/index.js');

interface Check {
  readonly id: string;
  readonly status: string;
  readonly errorMessage?: string;
}

/** What was checked, by scenario. */
type Checks = ReadonlyMap<string, readonly Check[]>;

/** The suite's own exit code says whether all passed, which is not what is asked here: only what it wrote counts. */
async function run(url: string, revision: string, folder: string): Promise<Checks> {
  const results = mkdtempSync(join(folder, 'results-'));
  const given = ['server', '--url', url, '--requirements', revision, '--output-dir', results];
  await new Promise<void>((done) => {
    execFile(process.execPath, [suite, ...given], { cwd: results, maxBuffer: 67_108_864, timeout: 600_000 }, () =>
      done(),
    );
  });
  const checks = new Map<string, Check[]>();
  for (const name of readdirSync(results)) {
    const scenario = /^server-(.+?)-\d{4}-\d{2}-\d{2}T/.exec(name)?.[1];
    if (scenario === undefined) continue;
    checks.set(scenario, JSON.parse(readFileSync(join(results, name, 'checks.json'), 'utf8')) as Check[]);
  }
  return checks;
}

const count = (checks: Checks, status: string): number =>
  [...checks.values()].flat().filter((check) => check.status === status).length;
const failed = (checks: readonly Check[], id: string): readonly Check[] =>
  checks.filter((check) => check.id === id && check.status === 'FAILURE');

/**
 * What a 2025 server cannot be made to do for a 2026 client: it asks in the middle of a call, one question at a time and
 * without a name for it, knows what its client can do from the beginning of the session, and finishes a call whose question
 * was refused as it sees fit.
 */
const notCarried: readonly string[] = [
  'sep-2322-elicitation-incomplete',
  'sep-2322-multiple-inputs-incomplete',
  'sep-2322-respect-client-capabilities',
  'sep-2575-server-rejects-undeclared-capability',
  'sep-2575-missing-capability-http-400',
];

/** One line for each thing that is worse through the runtime than without it. */
function problems(direct: Checks, through: Checks, excused: readonly string[]): string[] {
  const found: string[] = [];
  for (const [scenario, before] of direct) {
    const after = through.get(scenario) ?? [];
    if (before.length > 0 && after.length === 0) found.push(`${scenario}: nothing was checked`);
    for (const id of new Set(after.map((check) => check.id))) {
      const broken = failed(after, id);
      if (!excused.includes(id) && broken.length > failed(before, id).length)
        found.push(`${scenario}: ${id}: ${broken.at(-1)?.errorMessage ?? 'failed'}`);
    }
  }
  for (const { id, status } of through.get('dns-rebinding-protection') ?? [])
    if (status === 'FAILURE') found.push(`dns-rebinding-protection: ${id}`);
  return found;
}

/** The suite has no way to send a key, so something in front adds it, and leaves Host and Origin as they came. */
async function addKey(target: string, key: string) {
  const { hostname, port } = new URL(target);
  const pass = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const headers = [...incoming.rawHeaders, 'authorization', `Bearer ${key}`];
    const { method, url } = incoming;
    const onward = ask({ hostname, port, method, path: url, headers, setHost: false }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  };
  const server = createServer(pass);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const close = async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, close };
}

/** All that the fixture says is trusted, its lists as well: the suite's values come from there, and no person is there to be asked. */
const configOf = (policies: string, upstream: string) => `
policies: ${policies}
upstreams:
  conformance: { kind: mcp, url: "${upstream}", firstUse: pin }
mcp: { names: unique }
tools:
${['test_*', 'json_schema_*', 'conformance__*'].map((name) => `  '${name}': { effect: read, results: { trust: trusted } }`).join('\n')}
`;

async function startThrough(upstream: string, folder: string) {
  const policies = mkdtempSync(join(folder, 'policies-'));
  writeFileSync(join(policies, 'permissions.yaml'), "roles: { tester: { tools: { '*': allow } } }\n");
  const config = parseConfig(configOf(policies, upstream), { env: {}, readFile: () => '' });
  const logFault = (line: string) => void process.stderr.write(`${line}\n`);
  const runtime = await startRuntime({ config, dataDir: join(folder, 'data'), port: 0, logFault });
  const key = await runtime.createAgentKey({ agent: 'conformance', roles: ['tester'] });
  const hop = await addKey(runtime.url, key);
  const close = async () => {
    await hop.close();
    await runtime.stop();
  };
  return { url: hop.url, close };
}

const eras = ['2025', '2026'] as const;

function report(what: string, checks: Checks): void {
  const [passed, broken] = [count(checks, 'SUCCESS'), count(checks, 'FAILURE')];
  process.stdout.write(`${what}: ${checks.size} scenarios, ${passed} checks passed, ${broken} failed\n`);
  if (passed === 0) throw new Error(`${what}: no check passed, so nothing was seen`);
}

/** Clients of one revision, without us and through us to servers of each era. Resolves to what is worse through us. */
async function compare(revision: string, upstreams: readonly (typeof eras)[number][], folder: string) {
  const direct = await startFixture();
  const without = await run(direct.url, revision, folder);
  await direct.close();
  report(`${revision} direct`, without);
  const worse: string[] = [];
  for (const era of upstreams) {
    const fixture = await startFixture(0, era);
    const through = await startThrough(fixture.url, mkdtempSync(join(folder, 'runtime-')));
    try {
      const within = await run(through.url, revision, folder);
      report(`${revision} through, to a server of ${era}`, within);
      const excused = revision === '2026-07-28' && era === '2025' ? notCarried : [];
      for (const line of problems(without, within, excused)) {
        worse.push(line);
        process.stdout.write(`  worse: ${line}\n`);
      }
    } finally {
      await through.close();
      await fixture.close();
    }
  }
  return worse;
}

async function main(): Promise<number> {
  const options = {
    revision: { type: 'string', multiple: true },
    upstream: { type: 'string', multiple: true },
  } as const;
  const { values } = parseArgs({ options });
  const upstreams = eras.filter((era) => values.upstream?.includes(era) ?? true);
  const asked = revisions.filter((revision) => values.revision?.includes(revision) ?? true);
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-conformance-'));
  try {
    let worse = 0;
    for (const revision of asked) worse += (await compare(revision, upstreams, folder)).length;
    return asked.length === 0 || upstreams.length === 0 || worse > 0 ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
