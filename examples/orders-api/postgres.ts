import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chownSync, constants, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** A Postgres of its own, in a temporary folder, reached by a socket in it. */
export interface Postgres {
  /** How its superuser connects; others change user and password. */
  readonly admin: { readonly host: string; readonly user: string; readonly password: string };
  /** Ends it and removes the folder. */
  stop(): Promise<void>;
}

const startsWithinMs = 60_000;

/**
 * Starts one that listens on no port, or rejects when there is no Postgres on this machine. Postgres refuses to run as root,
 * so where this process is root it runs as `postgres`, or as `nobody`.
 */
export async function startPostgres(): Promise<Postgres> {
  const owner = process.getuid?.() === 0 ? unprivileged() : undefined;
  const folder = mkdtempSync(join(tmpdir(), 'orders-'));
  const password = randomBytes(24).toString('base64url');
  const data = join(folder, 'data');
  const passwordFile = join(folder, 'password');
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  for (const path of [folder, data, passwordFile]) if (owner) chownSync(path, owner.uid, owner.gid);
  const options = { ...owner, cwd: folder, env: { LC_ALL: 'C', PATH: process.env['PATH'] ?? '' } };
  const how = ['-U', 'postgres', '-E', 'UTF8', '--no-locale', '--no-sync', '--auth=scram-sha-256'];
  execFileSync(find('initdb'), ['-D', data, ...how, `--pwfile=${passwordFile}`], { ...options, stdio: 'pipe' });
  const settings = ['listen_addresses=', 'fsync=off', 'unix_socket_permissions=0700', 'max_connections=30'];
  const args = ['-D', data, '-k', folder, ...settings.flatMap((setting) => ['-c', setting])];
  const child = spawn(find('postgres'), args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  const said: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.splice(0, said.length - 20, String(chunk)));
  const admin = { host: folder, user: 'postgres', password };
  const stop = async () => {
    // A fast shutdown: whoever is still connected is cut off.
    if (child.exitCode === null) child.kill('SIGINT');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilItAnswers(admin, () => child.exitCode !== null);
  } catch (cause) {
    await stop();
    throw new Error(`Postgres did not start: ${said.join('')}`, { cause });
  }
  return { admin, stop };
}

async function untilItAnswers(admin: Postgres['admin'], hasEnded: () => boolean): Promise<void> {
  const until = Date.now() + startsWithinMs;
  for (;;) {
    const client = new pg.Client({ ...admin, database: 'postgres' });
    try {
      await client.connect();
      return;
    } catch (error) {
      if (hasEnded() || Date.now() > until) throw error;
      await sleep(50);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

/** Whether there is one to start. */
export const hasPostgres = (): boolean => ['initdb', 'postgres'].every((program) => findProgram(program) !== undefined);

function find(program: string): string {
  const found = findProgram(program);
  if (found === undefined) throw new Error(`There is no ${program} on this machine: install PostgreSQL 15 or newer.`);
  return found;
}

/** Distributions keep the server's programs off the PATH. */
function findProgram(program: string): string | undefined {
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...globSync(['/usr/lib/postgresql/*/bin', '/usr/local/opt/postgresql*/bin', '/opt/homebrew/opt/postgresql*/bin'])
      .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
      .toReversed(),
  ];
  return folders.map((folder) => join(folder, program)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function unprivileged(): { uid: number; gid: number } {
  for (const name of ['postgres', 'nobody']) {
    const id = (what: '-u' | '-g') => Number(execFileSync('id', [what, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
    try {
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      // There is no such account: the next one.
    }
  }
  throw new Error('Postgres refuses to run as root, and there is no account `postgres` or `nobody` to run it as.');
}
