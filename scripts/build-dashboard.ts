/**
 * Builds the dashboard when its sources have changed since the last build, and says nothing otherwise: `npm start` and
 * `npm run demo` run this first. What was built from is remembered as a hash beside the result.
 */
import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dashboard = join(root, 'packages/dashboard');
const mark = join(dashboard, 'dist/.built-from');

/** Everything that the build reads; of core, the dashboard imports the admin contract and the tables behind it. */
const sources = [
  'package-lock.json',
  'packages/dashboard/index.html',
  'packages/dashboard/package.json',
  'packages/dashboard/public',
  'packages/dashboard/src',
  'packages/dashboard/vite.config.ts',
  'packages/core/src',
];

function filesIn(path: string): string[] {
  const absolute = join(root, path);
  if (!existsSync(absolute)) return [];
  const entries = readdirSync(absolute, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .toSorted();
}

const isFile = (path: string): boolean => /\.\w+$/.test(path);

function hashOfSources(): string {
  const files = sources.flatMap((path) => (isFile(path) ? [path] : filesIn(path)));
  const hashes = files.map((file) => `${file} ${hash('sha256', readFileSync(join(root, file)))}`);
  return hash('sha256', hashes.join('\n'));
}

function build(builtFrom: string): number {
  process.stderr.write('Building the dashboard (once, after its sources changed) …\n');
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [vite, 'build', '--logLevel', 'warn'], {
    cwd: dashboard,
    encoding: 'utf8',
  });
  if (status !== 0) {
    process.stderr.write(`${stdout}${stderr}The dashboard could not be built.\n`);
    return status ?? 1;
  }
  writeFileSync(mark, builtFrom);
  return 0;
}

const builtFrom = hashOfSources();
const isFresh = existsSync(mark) && readFileSync(mark, 'utf8') === builtFrom;
if (!isFresh) process.exitCode = build(builtFrom);
