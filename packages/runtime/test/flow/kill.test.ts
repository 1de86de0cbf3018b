import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../store/fixtures.ts';
import { openFlows, send } from './flows.ts';

const childFile = fileURLToPath(new URL('learn-child.ts', import.meta.url));

test(
  'kill -9 at any moment: what a call was judged by is known after it, in its session alone',
  { timeout: 120_000 },
  async () => {
    using folder = temporaryFolder();
    const first = await openFlows(folder);
    const sessions = await Promise.all(Array.from({ length: 4 }, () => first.open()));
    await first.close();
    const traced: (readonly [string, string])[] = [];
    for (let round = 0; round < 8; round += 1) {
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
      traced.push(...lines.map((line) => line.split(' ') as [string, string]));
    }
    const { flows, close } = await openFlows(folder);
    for (const [id, to] of traced) {
      for (const session of sessions) {
        const [target] = (await flows.trace(send(to), session)).provenance;
        expect(target).toMatchObject(session.id === id ? { integrity: 'untrusted' } : { origins: [] });
        if (session.id === id) expect(target?.origins[0]).toMatchObject({ tool: 'read_mail' });
      }
    }
    await close();
    expect(traced.length).toBeGreaterThan(50);
  },
);
