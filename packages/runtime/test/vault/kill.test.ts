import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../store/fixtures.ts';
import { openVaults } from './vaults.ts';

const childFile = fileURLToPath(new URL('fill-child.ts', import.meta.url));

test(
  'kill -9 at any moment: a token that may have gone out stands for its value, and for no other',
  { timeout: 120_000 },
  async () => {
    using folder = temporaryFolder();
    const first = await openVaults(folder);
    const sessions = await Promise.all(Array.from({ length: 4 }, () => first.open()));
    await first.close();
    const given: (readonly [string, string, string])[] = [];
    for (let round = 0; round < 6; round += 1) {
      const child = spawn(process.execPath, [childFile, folder.path, folder.file], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const output: string[] = [];
      child.stdout.setEncoding('utf8').on('data', (text: string) => output.push(text));
      const [exited, closed] = [once(child, 'exit'), once(child.stdout, 'close')];
      await Promise.race([once(child.stdout, 'data'), exited]);
      setTimeout(() => child.kill('SIGKILL'), Math.random() * 150);
      await exited;
      await closed;
      const lines = output.join('').split('\n').slice(0, -1);
      expect(lines.length).toBeGreaterThan(0);
      given.push(...lines.map((line) => line.split(' ') as [string, string, string]));
    }
    const { vaults, close } = await openVaults(folder);
    for (const session of sessions) {
      const vault = await vaults.of(session);
      for (const [id, token, value] of given) if (id === session.id) expect(vault.valueOf(token)).toBe(value);
    }
    await close();
    expect(given.length).toBeGreaterThan(50);
  },
);
