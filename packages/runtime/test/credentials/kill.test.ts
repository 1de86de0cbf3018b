import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../store/fixtures.ts';
import { openTokenServer } from './token-server.ts';

const childFile = fileURLToPath(new URL('refresh-child.ts', import.meta.url));

test(
  'kill -9 at any moment: no call was given a token whose refresh token was lost, and none is used that was replaced',
  { timeout: 180_000 },
  async () => {
    using folder = temporaryFolder();
    let newest = 0;
    const used: number[] = [];
    const server = await openTokenServer(({ form }) => {
      const presented = Number(/^refresh-(\d+)-token$/.exec(form['refresh_token'] ?? '')?.[1]);
      used.push(presented);
      newest = presented + 1;
      const token = { access_token: `access-${newest}`, token_type: 'Bearer', expires_in: 0 };
      return { ...token, refresh_token: `refresh-${newest}-token` };
    });
    const attached: number[] = [];
    const run = async (rounds?: string) => {
      const args = [childFile, folder.path, folder.file, server.url, ...(rounds === undefined ? [] : [rounds])];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      const output: string[] = [];
      child.stdout.setEncoding('utf8').on('data', (text: string) => output.push(text));
      const [exited, closed] = [once(child, 'exit'), once(child.stdout, 'close')];
      await Promise.race([once(child.stdout, 'data'), exited]);
      if (rounds === undefined) setTimeout(() => child.kill('SIGKILL'), Math.random() * 100);
      await exited;
      await closed;
      const lines = output.join('').split('\n').slice(0, -1);
      attached.push(...lines.map((line) => Number(/access-(\d+)$/.exec(line)?.[1])));
    };
    for (let round = 0; round < 4; round += 1) {
      const before = used.length;
      const last = attached.at(-1) ?? 0;
      await run();
      // The first that this process used: what the last call was had by, or one whose answer the kill cut off.
      expect(used[before]).toBeGreaterThanOrEqual(last);
    }
    await run('1');
    await server.close();
    // Only an answer that never arrived has its token used again, and then the very last one.
    for (const [at, presented] of used.entries()) {
      const previous = used[at - 1] ?? -1;
      expect([previous, previous + 1]).toContain(presented);
    }
    expect(attached).toEqual([...attached].toSorted((a, b) => a - b));
    expect(attached.length).toBeGreaterThanOrEqual(5);
  },
);
