import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { adminRoutes } from '@sallyport/core/admin';
import type { AdminHarness } from '../admin/harness.ts';
import { actsOnTerminal } from './capture.ts';
import { openAdmin } from '../admin/harness.ts';
import { poisoned, readFileTool, sendEmailTool, statesOf } from '../pins/open.ts';
import { run } from './run.ts';

let h: AdminHarness;
let cwd: string;
beforeEach(async () => {
  h = await openAdmin();
  cwd = mkdtempSync(join(tmpdir(), 'sallyport-review-'));
  await h.app.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${(h.app.server.address() as AddressInfo).port}`;
  writeFileSync(join(cwd, 'runtime.json'), JSON.stringify({ url, pid: 1, token: h.operators.issueToken() }));
  await h.pins.judge('files', [readFileTool]);
  await h.pins.judge('mail', [sendEmailTool]);
});
afterEach(async () => {
  await h.close();
  rmSync(cwd, { recursive: true });
});

const cli = (...line: string[]) => run(['tools', 'review', ...line, '--data', '.'], { cwd });

test('what waits is shown and exits with 4; what was approved is pinned', async () => {
  const shown = await cli();
  expect([shown.code, shown.stdout]).toEqual([
    4,
    expect.stringMatching(/files\/read_file new[\s\S]*mail\/send_email new/),
  ]);
  const approved = await cli('files/read_file', '--approve');
  expect([approved.code, approved.stdout]).toEqual([0, expect.stringMatching(/pinned files\/read_file/)]);
  expect(await statesOf(h.pins, 'files', readFileTool)).toEqual(['pinned']);
  expect(await statesOf(h.pins, 'mail', sendEmailTool)).toEqual(['new']);
  expect((await cli('mail', '--approve')).code).toBe(0);
  expect((await cli()).stderr).toMatch(/Nothing waits/);
});

test('a change is shown with what was found in it, what it was before, and nothing that acts on a terminal', async () => {
  await cli('files', '--approve');
  const hidden = { ...poisoned, title: 'Read \u001b[2Ja \u202efile' };
  await h.pins.judge('files', [hidden]);
  const { stdout } = await cli('read_file');
  expect(stdout).toMatch(/files\/read_file changed/);
  expect(stdout).toMatch(/invisible \/title It holds ⟨U\+001B⟩/);
  expect(stdout).toMatch(/instructions \/description/);
  expect(stdout).toMatch(/- Read the complete contents of a file as text\./);
  expect(stdout).toMatch(/\+ Read a file\. <IMPORTANT>/);
  expect(stdout).not.toMatch(actsOnTerminal);
  expect((await cli('files/read_file', '--reject')).stdout).toMatch(/rejected files\/read_file/);
  expect(await statesOf(h.pins, 'files', hidden)).toEqual(['rejected']);
});

test('what --json prints has the promised shape', async () => {
  const { stdout } = await cli('--json');
  expect(adminRoutes['pins.list'].answer.parse(JSON.parse(stdout)).pins).toHaveLength(2);
});

test.each([
  [['--approve'], /everything at once is no review/],
  [['files', '--approve', '--reject'], /one of --approve and --reject/],
  [['nothing', '--approve'], /no upstream and no tool nothing/],
])('sallyport tools review %j says what to do instead', async (line, message) => {
  const { code, stderr } = await cli(...line);
  expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
});
