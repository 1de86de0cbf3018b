import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { adminRoutes, approvalSchema } from '@sallyport/core/admin';
import { Captured, actsOnTerminal } from './capture.ts';
import { startedShape } from '../../src/cli/shapes.ts';
import { run } from './run.ts';

const hostile = 'x\u001b[2J\u009b31m\u202egnp.exe';
let cwd: string;
let baseUrl: string;
let key: string;
const interruption = new AbortController();
let ended: ReturnType<typeof run>;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'sallyport-approvals-'));
  const stdout = new Captured();
  ended = run(['dev', '--json', '--port', '0'], { cwd, stdout, interrupted: interruption.signal });
  await Promise.race([vi.waitUntil(() => stdout.text.includes('\n'), { timeout: 15_000 }), ended]);
  const started = startedShape.parse(JSON.parse(stdout.text));
  ({ baseUrl } = started);
  key = started.agentKey ?? '';
});
afterAll(async () => {
  interruption.abort();
  await ended;
  await rm(cwd, { recursive: true, force: true });
});

/** The agent's model calls `danger`, which the starter policies hold. Whether the call was released. */
async function propose(value: string): Promise<boolean> {
  const answer = await fetch(`${baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'practice/practice-1',
      messages: [{ role: 'user', content: `call danger with {"a": ${JSON.stringify(value)}}` }],
      tools: [{ type: 'function', function: { name: 'danger' } }],
    }),
  });
  return (await answer.text()).includes('"tool_calls"');
}

const approvals = (...line: string[]) => run(['approvals', ...line], { cwd });
const pending = async () => {
  const { stdout } = await approvals('--json', '--state', 'pending');
  return adminRoutes['approvals.list'].answer.parse(JSON.parse(stdout)).approvals;
};
const held = async (value: string): Promise<string> => {
  expect(await propose(value)).toBe(false);
  return (await pending())[0]?.id ?? '';
};

test('nothing waits: exit code 0; something does: 4', async () => {
  expect(await approvals()).toMatchObject({ code: 0, stdout: '' });
  const id = await held('first');
  const listed = await approvals('list');
  expect(listed.code).toBe(4);
  expect(listed.stdout).toContain(id);
  expect(listed.stdout).toContain('danger');
  expect((await approvals('reject', id)).code).toBe(0);
});

test('what is approved passes once, and the approval says who and why', async () => {
  const id = await held('twice');
  const { code, stdout } = await approvals('approve', id, '--note', 'checked by phone', '--json');
  expect(code).toBe(0);
  expect(approvalSchema.parse(JSON.parse(stdout))).toMatchObject({
    state: 'approved',
    votes: [{ operator: 'owner', answer: 'once', note: 'checked by phone' }],
  });
  expect(await propose('twice')).toBe(true);
  expect(await propose('twice')).toBe(false);
  expect((await approvals('show', id)).stdout).toContain('used');
});

test('what is rejected does not pass, and cannot be approved after', async () => {
  const id = await held('rejected');
  expect((await approvals('reject', id)).code).toBe(0);
  expect(await propose('rejected')).toBe(false);
  const again = await approvals('approve', id);
  expect(again.code).toBe(3);
  expect(again.stderr).toContain('is rejected');
});

test('--value is an answer of its own', async () => {
  const id = await held('value');
  const { stdout } = await approvals('approve', id, '--value', '--json');
  expect(approvalSchema.parse(JSON.parse(stdout)).votes).toMatchObject([{ answer: 'value' }]);
});

test('an id that is none is an error; a state that is none is a usage error', async () => {
  for (const line of [
    ['show', 'none'],
    ['approve', 'none'],
    ['reject', '../agents'],
  ]) {
    const { code, stderr } = await approvals(...line);
    expect(code).toBe(1);
    expect(stderr).toContain('error:');
  }
  expect((await approvals('--state', 'maybe')).code).toBe(2);
});

test('everything is shown, and nothing that a terminal would obey', async () => {
  const id = await held(hostile);
  const printed = await Promise.all([
    approvals(),
    approvals('--json'),
    approvals('show', id),
    approvals('show', id, '--json'),
    approvals('approve', id, '--note', hostile),
  ]);
  for (const { stdout, stderr } of printed) expect(stdout + stderr).not.toMatch(actsOnTerminal);
  const shown = printed[2]?.stdout ?? '';
  expect(shown).toContain('⟨U+202E⟩gnp.exe');
  expect(shown).toContain('approval_required');
  expect(shown).toContain('what the user asked for');
});

test('without a runtime the exit code is 5', async () => {
  const empty = await mkdtemp(join(tmpdir(), 'sallyport-none-'));
  for (const line of [['approvals'], ['approvals', 'show', 'x'], ['approvals', 'approve', 'x']]) {
    expect((await run(line, { cwd: empty })).code).toBe(5);
  }
  await rm(empty, { recursive: true });
});
