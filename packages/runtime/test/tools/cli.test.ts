import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { toolSchema } from '@sallyport/core/admin';
import { unknownManifest } from '@sallyport/core';
import type { AdminHarness } from '../admin/harness.ts';
import { actsOnTerminal } from '../cli/capture.ts';
import { openAdmin } from '../admin/harness.ts';
import { forgottenShape, toolsShape } from '../../src/cli/shapes.ts';
import { run } from '../cli/run.ts';
import { memoryOf, openTools } from './open.ts';
import type { OpenTools } from './open.ts';
import { offering, sendEmail } from './traffic.ts';

let tools: OpenTools;
let h: AdminHarness;
let cwd: string;
beforeEach(async () => {
  tools = await openTools(memoryOf(), { known: { effect: 'read' } });
  h = await openAdmin({ tools });
  cwd = await mkdtemp(join(tmpdir(), 'sallyport-tools-'));
  await h.app.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${(h.app.server.address() as AddressInfo).port}`;
  await writeFile(join(cwd, 'runtime.json'), JSON.stringify({ url, pid: 1, token: h.operators.issueToken() }));
  tools.observe(offering([sendEmail]));
});
afterEach(async () => {
  await h.close();
  await rm(cwd, { recursive: true, force: true });
});

const cli = (...line: string[]) => run(['tools', ...line, '--data', '.'], { cwd });

test('a tool is listed, shown with its proposal, confirmed as proposed, and forgotten', async () => {
  const listed = await cli('list');
  expect(listed.stdout).toMatch(/send_email\s+unknown\s+execute\s+send/);
  expect(listed.stderr).toMatch(/1 to confirm/);
  const shown = await cli('show', 'send_email');
  expect(shown.stdout).toMatch(/the safest is assumed[\s\S]*proposed\n {2}effect: send[\s\S]*to is a target: /);
  const confirmed = await cli('confirm', 'send_email', '--proposed');
  expect([confirmed.code, confirmed.stdout]).toEqual([0, expect.stringMatching(/confirmed by an operator/)]);
  expect(tools.manifestOf('send_email', sendEmail)).toMatchObject({ effect: 'send', content: ['subject', 'body'] });
  expect((await cli('forget', 'send_email')).code).toBe(0);
  expect(tools.manifestOf('send_email')).toBe(unknownManifest);
});

test('what --json prints has the promised shape', async () => {
  const parsed = async (...line: string[]): Promise<unknown> => JSON.parse((await cli(...line, '--json')).stdout);
  expect(toolsShape.parse(await parsed('list')).tools.map(({ name }) => name)).toEqual(['known', 'send_email']);
  expect(toolSchema.parse(await parsed('show', 'send_email')).proposal?.manifest.effect).toBe('send');
  expect(toolSchema.parse(await parsed('confirm', 'send_email', '--proposed')).from).toBe('confirmed');
  expect(forgottenShape.parse(await parsed('forget', 'send_email'))).toEqual({ name: 'send_email', forgotten: true });
});

test('a manifest in a file is confirmed as it stands there', async () => {
  await writeFile(
    join(cwd, 'mail.yaml'),
    'effect: send\ntarget: [to]\ncontent: [subject, body]\ndemand: { to: user }\n',
  );
  expect((await cli('confirm', 'send_email', '--file', 'mail.yaml')).code).toBe(0);
  expect(tools.manifestOf('send_email')).toMatchObject({ demand: { to: 'user' } });
});

test.each([
  ['a file that is not valid', 'effect: sent', /1:\d+ {2}effect: /],
  ['a mistyped key', 'efect: send', /1:\d+ {2}efect: unknown key; did you mean effect\?/],
  ['a contradiction', 'target: [to]\ncontent: [to]', /to is a target too/],
  ['an argument that the tool lacks', 'target: [too]\ncontent: [body]', /did you mean to\?/],
])('%s is refused with the place and the fix', async (_, text, message) => {
  await writeFile(join(cwd, 'mail.yaml'), text);
  const { code, stderr } = await cli('confirm', 'send_email', '--file', 'mail.yaml');
  expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  expect(tools.manifestOf('send_email')).toBe(unknownManifest);
});

test.each([
  [['confirm', 'send_email'], /one of --file and --proposed/],
  [['confirm', 'send_email', '--proposed', '--file', 'x'], /one of --file and --proposed/],
  [['confirm', 'send_email', '--file', 'missing.yaml'], /cannot be read/],
  [['confirm', 'known', '--proposed'], /it is known already[\s\S]*sallyport\.yaml says/],
  [['show', 'send_mail'], /no tool send_mail[\s\S]*mean send_email/],
])('sallyport tools %j says what to do instead', async (line, message) => {
  const { code, stderr } = await cli(...line);
  expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
});

test('nothing that a tool says of itself reaches the terminal as a command', async () => {
  const evil = { name: 'get\u001b[2J', description: 'Gets\u001b]0;owned\u0007 \u202egnp.exe\u0085', parameters: {} };
  tools.observe(offering([{ ...evil, parameters: { properties: { 'a\u001b[1m\n- b': { type: 'string' } } } }]));
  for (const line of [['list'], ['show', evil.name]]) {
    const { stdout, stderr } = await cli(...line);
    expect(stdout + stderr).not.toMatch(actsOnTerminal);
    const json = await cli(...line, '--json');
    expect(json.stdout).not.toMatch(actsOnTerminal);
  }
});
