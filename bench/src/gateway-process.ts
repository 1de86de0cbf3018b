import type { ChildProcess } from 'node:child_process';
import type { Server } from 'node:http';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A gateway, or the upstream, in a process of its own. */
export interface Measured {
  readonly name: string;
  readonly origin: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Seconds of CPU, user and system, of all its threads, since its start. Steps of 10 ms. */
  cpuSeconds(): number;
  stop(): Promise<void>;
}

export interface Launch {
  readonly name: string;
  /** Beside this file, or absolute. */
  readonly script: string;
  readonly arguments?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** For a program that does not announce itself. */
  readonly knownOrigin?: string;
}

interface Announcement {
  readonly port: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** In a child: says where it listens. */
export function announce(announcement: Announcement): void {
  process.stdout.write(`${JSON.stringify(announcement)}\n`);
}

/** In a child: listens on a free loopback port and says so. */
export function listening(server: Server): void {
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    if (typeof address === 'object' && address) announce({ port: address.port });
  });
}

export async function launch({
  name,
  script,
  arguments: given = [],
  env,
  headers = {},
  knownOrigin,
}: Launch): Promise<Measured> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [path, ...given], {
    env: { ...process.env, NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = knownOrigin === undefined ? await firstLine(child, name) : undefined;
  if (knownOrigin !== undefined) {
    child.stdout.resume();
    await answering(knownOrigin, name);
  }
  return {
    name,
    origin: knownOrigin ?? `http://127.0.0.1:${said?.port}`,
    headers: { ...headers, ...said?.headers },
    cpuSeconds: () => cpuSecondsOf(child),
    async stop() {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
      await once(child, 'exit');
      clearTimeout(timer);
    },
  };
}

async function firstLine(child: ChildProcess, name: string): Promise<Announcement> {
  let text = '';
  for await (const part of child.stdout ?? []) {
    text += String(part);
    const end = text.indexOf('\n');
    if (end === -1) continue;
    child.stdout?.resume();
    return JSON.parse(text.slice(0, end)) as Announcement;
  }
  throw new Error(`${name} ended before it listened.`);
}

async function answering(origin: string, name: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const reached = await fetch(origin).then(
      () => true,
      () => false,
    );
    if (reached) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
  throw new Error(`${name} did not listen within 10 s.`);
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** utime and stime of proc_pid_stat(5), fields 14 and 15; the second field, the name, may hold spaces. */
function cpuSecondsOf({ pid }: ChildProcess): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
