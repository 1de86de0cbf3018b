import type { ArgumentProvenance, Integrity, JsonObject, Session, Trace } from '@sallyport/core';
import { Monitor, armGuards, parseConfig, unknownManifest, zeroCounters } from '@sallyport/core';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Captured, actsOnTerminal } from './capture.ts';
import { keepContent } from '../../src/audit/content.ts';
import { newId } from '../../src/identity/ids.ts';
import { openPolicies } from '../../src/cli/policies.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { policyExplainShape, policyReplayShape } from '../../src/cli/commands/policy-shapes.ts';
import { readPolicyFolder } from '../../src/policies/index.ts';
import { run } from './run.ts';
import { systemClock as clock } from '../../src/clock.ts';

const hostile = 'DE66\u001b[2J\u202e';
const yaml = (payee: Integrity) => `roles:
  support:
    tools:
      pay: { decision: allow, when: { payee: { from: ${payee} } }, otherwise: ask }
      note: allow
`;
const limit = (most: number) => `@id("refunds")
forbid (principal, action == Sallyport::Action::"tool_call", resource == Sallyport::Tool::"note")
when { context.called.hasTag("note") && context.called.getTag("note") >= ${most} };
`;

let cwd: string;
let stop: () => Promise<unknown> = () => Promise.resolve();
const sessions: string[] = [];
const events: Record<string, string> = {};

const folder = (name: string) => join(cwd, name);
async function writeFolder(name: string, payee: Integrity, most: number): Promise<void> {
  await mkdir(folder(name), { recursive: true });
  await writeFile(join(folder(name), 'permissions.yaml'), yaml(payee));
  await writeFile(join(folder(name), 'limits.cedar'), limit(most));
}

/** Two sessions on the real store, recorded by the real monitor; where values came from is given by hand. */
async function recordSessions(): Promise<void> {
  const { store, audit } = await openSqliteStore({ file: join(cwd, '.sallyport/sallyport.db'), clock });
  const policies = openPolicies(await readPolicyFolder(folder('policies')));
  await store.agents.insert({
    id: 'a-1',
    tenant: 'default',
    name: 'bot',
    roles: ['support'],
    namesUsers: false,
    createdAt: 1,
    disabledAt: null,
  });
  const config = parseConfig('{}', { env: {}, readFile: () => '' });
  const called: Record<string, number> = {};
  let integrity: Integrity = 'user';
  const trace = (args: JsonObject): Trace => ({
    manifest: unknownManifest,
    tainted: true,
    labels: [],
    provenance: Object.entries(args).map(([name, value]): ArgumentProvenance => {
      const origins = [{ source: 3, role: 'tool' as const, tool: 'read_mail', field: 'body', integrity }];
      return {
        path: `arguments.${name}`,
        value: JSON.stringify(value),
        role: 'target',
        integrity,
        labels: [],
        origins,
      };
    }),
    trajectory: { called: { ...called }, denied: {}, held: {}, read: [] },
    findings: [],
    excerpts: () => [],
    requests: () => [],
  });
  const monitor = new Monitor({
    guards: armGuards(config, () => policies).filter(({ guard }) => guard.name === 'permissions'),
    audit,
    clock,
    newId,
    policyHash: () => policies.hash,
    modelCalls: 'durable',
    keep: keepContent('arguments'),
    flow: {
      learn: () => undefined,
      trace: (call) => trace(call.arguments),
      settle: ({ tool }) => void (called[tool] = (called[tool] ?? 0) + 1),
    },
  });
  for (let count = 0; count < 2; count++) {
    const now = clock.now();
    const session: Session = {
      id: newId(),
      tenant: 'default',
      agent: { id: 'a-1', name: 'bot', roles: ['support'] },
      user: { id: 'ann', roles: [] },
      purpose: 'tickets',
      openedAt: now,
      expiresAt: now + 3_600_000,
      state: 'open',
      counters: zeroCounters,
    };
    await store.sessions.insert(session);
    sessions.push(session.id);
    const call = async (name: string, tool: string, args: JsonObject, of: Integrity) => {
      integrity = of;
      const id = newId();
      if (count === 0) events[name] = id;
      await monitor.decide(
        { kind: 'tool_call', id, at: clock.now(), callId: id, tool, arguments: args, messages: [], runs: 'agent' },
        session,
      );
    };
    await call('mine', 'pay', { payee: 'DE02', amount: 5 }, 'user');
    await call('theirs', 'pay', { payee: hostile, amount: 5 }, 'untrusted');
    if (count === 1) continue;
    for (let time = 0; time < 3; time++) await call('note', 'note', { text: 'x' }, 'derived');
    await call('long', 'note', { text: 'x'.repeat(10_000) }, 'derived');
  }
  await store.close();
}

async function startRuntime(): Promise<void> {
  const stdout = new Captured();
  const interruption = new AbortController();
  const ended = run(['dev', '--json', '--port', '0'], { cwd, stdout, interrupted: interruption.signal });
  await Promise.race([vi.waitUntil(() => stdout.text.includes('\n'), { timeout: 20_000 }), ended]);
  if (stdout.text === '') throw new Error(`dev did not start: ${(await ended).stderr}`);
  stop = () => (interruption.abort(), ended);
}

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'sallyport-replay-'));
  await writeFolder('policies', 'user', 10);
  await writeFolder('stricter', 'operator', 2);
  await recordSessions();
  await startRuntime();
}, 30_000);
afterAll(async () => {
  await stop();
  await rm(cwd, { recursive: true, force: true });
});

const replay = async (...line: string[]) => {
  const ran = await run(['policy', 'replay', '--json', ...line], { cwd });
  return { ...ran, data: ran.stdout === '' ? undefined : policyReplayShape.parse(JSON.parse(ran.stdout)) };
};

describe('policy replay', () => {
  test('under the policies of the time nothing differs, and what was cut is counted', async () => {
    const { code, data } = await replay('--folder', 'policies', '--expect-same');
    expect({ code, summary: data?.summary }).toEqual({
      code: 0,
      summary: { sessions: 2, steps: 7, differ: 0, changes: {}, skipped: { content_cut: 1 }, untraced: 0 },
    });
  });

  test('a stricter folder shows each step that differs, and the rule; --expect-same makes it an error', async () => {
    const { code, data } = await replay('--folder', 'stricter');
    expect(code).toBe(0);
    expect(data?.summary).toMatchObject({ differ: 3, changes: { 'allow → require_approval': 2, 'allow → deny': 1 } });
    const first = data?.sessions.find(({ id }) => id === sessions[0]);
    expect(first?.steps.filter(({ differs }) => differs)).toMatchObject([
      { eventId: events['mine'], subject: 'pay', after: { rules: ['permissions.yaml#support/pay'] } },
      { subject: 'note', before: { outcome: 'allow' }, after: { outcome: 'deny', rules: ['limits.cedar:1'] } },
    ]);
    expect((await replay('--folder', 'stricter', '--expect-same')).code).toBe(3);
  });

  test('may be narrowed to sessions and to a time', async () => {
    const one = await replay('--folder', 'stricter', '--session', sessions[1] ?? '', sessions[1] ?? '');
    expect(one.data?.summary).toMatchObject({ sessions: 1, steps: 2, differ: 1 });
    const past = new Date(clock.now() - 60_000).toISOString();
    for (const since of ['1h', past])
      expect((await replay('--folder', 'policies', '--since', since)).data?.summary.steps).toBe(7);
    expect((await replay('--folder', 'policies', '--since', '2100-01-01')).data?.summary.steps).toBe(0);
    for (const wrong of ['yesterday', '5', '-1h'])
      expect((await replay('--folder', 'policies', `--since=${wrong}`)).code).toBe(2);
    expect((await replay('--folder', 'policies', '--session', 'nobody')).code).toBe(1);
    expect((await replay('--folder', 'nowhere')).code).toBe(2);
  });

  test('people read the same in words, and nothing that a terminal would obey', async () => {
    const { stdout } = await run(['policy', 'replay', '--folder', 'stricter'], { cwd });
    expect(stdout).toContain('allow → deny');
    expect(stdout).toContain('limits.cedar:1');
    expect(stdout).toContain('7 steps of 2 sessions judged again, 3 differ');
    expect(stdout).toContain('1 not judged again: its arguments were too long to be kept whole');
    expect(stdout).not.toMatch(actsOnTerminal);
  });

  test('needs a runtime', async () => {
    expect((await run(['policy', 'replay', '--folder', 'policies', '--data', 'elsewhere'], { cwd })).code).toBe(5);
  });
});

describe('policy explain', () => {
  const explain = async (...line: string[]) => {
    const ran = await run(['policy', 'explain', '--json', '--folder', 'policies', ...line], { cwd });
    return { ...ran, data: ran.stdout === '' ? undefined : policyExplainShape.parse(JSON.parse(ran.stdout)) };
  };

  test('a recorded call is explained with where its values came from', async () => {
    const mine = await explain('--event', events['mine'] ?? '');
    expect(mine).toMatchObject({ code: 0, data: { outcome: 'allow' } });
    const theirs = await explain('--event', events['theirs'] ?? '');
    expect(theirs).toMatchObject({
      code: 4,
      data: {
        reasons: [
          { rule: 'permissions.yaml#support/pay', path: 'arguments.payee', fix: expect.stringContaining('Approve') },
        ],
        provenance: [{ path: 'arguments.payee', integrity: 'untrusted', origins: [{ tool: 'read_mail' }] }, {}],
      },
    });
    const { stdout } = await run(['policy', 'explain', '--folder', 'policies', '--event', events['theirs'] ?? ''], {
      cwd,
    });
    expect(stdout).toContain('the result of read_mail, field body (untrusted)');
    expect(stdout).toContain('→ Approve it, or change roles.support.tools.pay.');
    expect(stdout).not.toMatch(actsOnTerminal);
  });

  test('an event stands where its session stood: the third note is one too many', async () => {
    await writeFolder('two', 'user', 2);
    const ran = await run(['policy', 'explain', '--json', '--folder', 'two', '--event', events['note'] ?? ''], { cwd });
    expect(ran.code).toBe(3);
    expect(policyExplainShape.parse(JSON.parse(ran.stdout)).reasons).toMatchObject([{ rule: 'limits.cedar:1' }]);
  });

  test('origins may be given by hand; an argument that is left out counts as untrusted', async () => {
    const pay = ['--role', 'support', '--tool', 'pay', '--args', '{"payee":["a","b"]}'];
    expect((await explain(...pay)).code).toBe(4);
    expect((await explain(...pay, '--from', 'payee=user')).code).toBe(0);
    expect((await explain(...pay, '--from', 'payee=user', 'payee[1]=derived')).code).toBe(4);
  });

  test('an unknown event, an origin of nothing and two questions at once are usage errors', async () => {
    const pay = ['--role', 'support', '--tool', 'pay', '--args', '{"payee":"a"}'];
    for (const line of [
      ['--event', 'nothing'],
      ['--event', '01900000-0000-7000-8000-000000000000'],
      ['--event', events['long'] ?? ''],
      ['--event', events['mine'] ?? '', '--tool', 'pay'],
      ['--event', events['mine'] ?? '', '--from', 'payee=user'],
      [...pay, '--from', 'payee'],
      [...pay, '--from', 'payee=mine'],
      [...pay, '--from', 'paye=user'],
      ['--model', 'a/b', '--from', 'payee=user'],
    ]) {
      expect(await explain(...line)).toMatchObject({ code: 2, stdout: '' });
    }
  });
});
