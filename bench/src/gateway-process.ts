import type { ChildProcess } from 'node:child_process';
import type { Server } from 'node:http';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
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
  /** For a program that does not announce itself: the loopback port it was told to listen on. */
  readonly port?: number;
}

interface Announcement {
  readonly port: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** In a child: says where it listens. It ends with its parent, however that ends: a leftover would disturb later runs. */
export function announce(announcement: Announcement): void {
  process.stdin.resume().on('end', () => process.exit(0));
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
  port,
}: Launch): Promise<Measured> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [path, ...given], {
    env: { ...process.env, NODE_ENV: 'production', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const said: Announcement = port === undefined ? await firstLine(child, name) : { port };
  if (port !== undefined) {
    child.stdout.resume();
    await answering(child, port, name);
  }
  return {
    name,
    origin: `http://127.0.0.1:${said.port}`,
    headers: { ...headers, ...said.headers },
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

async function answering(child: ChildProcess, port: number, name: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    // Whatever answers on the port after this program ended is another one.
    if (child.exitCode !== null) break;
    const reached = await fetch(`http://127.0.0.1:${port}`).then(
      () => true,
      () => false,
    );
    if (reached) return;
    await sleep(100);
  }
  throw new Error(`${name} did not listen within 10 s.`);
}

/** A loopback port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (typeof address !== 'object' || !address) throw new Error('no port');
  return address.port;
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** utime and stime of proc_pid_stat(5), fields 14 and 15; the second field, the name, may hold spaces. */
function cpuSecondsOf({ pid }: ChildProcess): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
