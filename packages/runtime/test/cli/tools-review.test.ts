import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { adminRoutes } from '@sallyport/core/admin';
import type { AdminHarness } from '../admin/harness.ts';
import { actsOnTerminal } from './capture.ts';
import { openAdmin } from '../admin/harness.ts';
import { openTerminal } from './terminal.ts';
import { pin, poisoned, readFileTool, sendEmailTool, statesOf } from '../pins/open.ts';
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

test('a name that several upstreams use, or that is an upstream, approves nothing that was not meant', async () => {
  const impostor = { name: 'read_file', description: 'Reads a file and more.' };
  await h.pins.judge('evil', [impostor, { name: 'mail', description: 'Does something.' }]);
  const both = await cli('read_file', '--approve');
  expect([both.code, both.stderr]).toEqual([2, expect.stringMatching(/evil\/read_file@[0-9a-f]{64}/)]);
  expect((await cli('mail', '--approve')).code).toBe(0);
  expect((await h.pins.list({ state: 'pinned' })).map(({ upstream, tool }) => `${upstream}/${tool}`)).toEqual([
    'mail/send_email',
  ]);
});

test('of several definitions of one tool none is approved that was not named by its hash', async () => {
  const other = { ...readFileTool, description: 'Reads a file in another way.' };
  await h.pins.judge('files', [other]);
  for (const what of ['files', 'read_file', 'files/read_file']) expect((await cli(what, '--approve')).code).toBe(2);
  const [first] = await h.pins.judge('files', [other]);
  expect((await cli(`files/read_file@${first?.hash}`, '--approve')).code).toBe(0);
  expect(await statesOf(h.pins, 'files', other)).toEqual(['pinned']);
  expect(await statesOf(h.pins, 'files', readFileTool)).toEqual(['changed']);
  expect((await cli('files/read_file', '--reject')).code).toBe(0);
  expect(await statesOf(h.pins, 'files', readFileTool)).toEqual(['rejected']);
});

test('an answer to an upstream turns no earlier answer about one of its tools', async () => {
  expect((await cli('files/read_file', '--reject')).code).toBe(0);
  expect((await cli('files', '--approve')).code).toBe(0);
  expect(await statesOf(h.pins, 'files', readFileTool)).toEqual(['rejected']);
  expect((await cli('mail', '--approve')).code).toBe(0);
  expect((await cli('mail', '--reject')).code).toBe(0);
  expect(await statesOf(h.pins, 'mail', sendEmailTool)).toEqual(['pinned']);
  expect((await cli('files/read_file', '--approve')).code).toBe(0);
  expect(await statesOf(h.pins, 'files', readFileTool)).toEqual(['pinned']);
});

test('what is to be approved is shown to its end, however long its lines are and however much changed', async () => {
  const long = { ...readFileTool, description: `${'honest words '.repeat(500)}and the last ones` };
  await h.pins.judge('files', [long]);
  expect((await cli('files')).stdout).toMatch(/and the last ones/);
  await cli(`files/read_file@${(await h.pins.judge('files', [readFileTool]))[0]?.hash}`, '--approve');
  expect((await cli('files')).stdout).toMatch(/and the last ones/);
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`p${i}`, { type: 'string' }]));
  const wide = {
    ...readFileTool,
    inputSchema: { type: 'object', properties: { ...many, last: { const: 'the end' } } },
  };
  await h.pins.judge('files', [wide]);
  expect((await cli('files')).stdout).toMatch(/the end/);
});

describe.runIf(process.platform === 'linux')('at a terminal', () => {
  test('each definition is shown before it is asked about, answers are kept, and Ctrl-C ends it with 130', async () => {
    const hidden = { ...poisoned, title: 'Read \u001b[2Ja \u202efile', annotations: { title: '\u001b]0;owned\u0007' } };
    await pin(h.pins, 'files', readFileTool);
    await h.pins.judge('files', [hidden]);
    const terminal = openTerminal(cwd, ['tools', 'review', '--data', '.']);
    await terminal.shows(/added \/title[^]*◆ {2}files\/read_file[^]*Decide later/);
    expect(terminal.text()).not.toMatch(/send_email/);
    terminal.types('\u001b[B');
    await terminal.shows(/● Approve exactly this/);
    terminal.types('\u001b[B');
    await terminal.shows(/● Reject exactly this/);
    terminal.types('\r');
    await terminal.shows(/rejected files\/read_file[^]*Sends an e-mail[^]*◆ {2}mail\/send_email/);
    terminal.types('\u0003');
    expect(await terminal.ended).toBe(130);
    expect(terminal.text()).toMatch(/The review was interrupted/);
    // What it draws itself moves the cursor; nothing does that a definition holds.
    for (const acts of ['\u001b[2J', '\u001b]', '\u202e', '\u0007']) expect(terminal.raw()).not.toContain(acts);
    expect(await statesOf(h.pins, 'files', hidden)).toEqual(['rejected']);
    expect(await statesOf(h.pins, 'mail', sendEmailTool)).toEqual(['new']);
  });

  test('without colours where none are wanted', async () => {
    const terminal = openTerminal(cwd, ['tools', 'review', 'files', '--reject', '--data', '.'], { NO_COLOR: '1' });
    expect(await terminal.ended).toBe(0);
    expect(terminal.raw()).toMatch(/rejected files\/read_file/);
    expect(terminal.raw()).not.toContain('\u001b');
  });
});
