import { Client } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditLog, Decision, JsonObject, Session, ToolCall } from '@sallyport/core';
import { RuntimeFault, loadPolicySet } from '@sallyport/core';
import { adminRoutes, approvalSchema } from '@sallyport/core/admin';
import type { AdminHarness, SignedInOperator } from './harness.ts';
import { openAdmin } from './harness.ts';

let h: AdminHarness;
let session: Session;
let approver: SignedInOperator;
beforeAll(async () => {
  h = await openAdmin();
  session = await openSession(h);
  approver = await h.operator('approver');
});
afterAll(() => h.close());

async function openSession(on: AdminHarness): Promise<Session> {
  const known = on.agents.list()[0] ?? (await on.agent()).agent;
  return await on.sessions.open({ agent: known, userId: 'ann', purpose: 'a test' });
}

const hostile = '<script>alert(1)</script>\u202e';
const held: Decision = {
  outcome: 'require_approval',
  reasons: [
    { code: 'approval_required', rule: 'permissions.yaml#support/send_email', path: 'arguments.to', value: 'x' },
  ],
  verdicts: [],
  policy: 'p-1',
};

async function hold(args: JsonObject, on = h, by = session): Promise<string> {
  const call: ToolCall = {
    kind: 'tool_call',
    id: on.newId(),
    at: on.clock.now(),
    callId: 'c-1',
    tool: 'send_email',
    arguments: args,
    messages: [{ role: 'user', text: 'Write to Bob.' }],
    runs: 'agent',
  };
  const found = await on.approvals.resolve(call, by, held, undefined);
  return 'id' in found ? found.id : '';
}

const get = async (id: string, as = approver) => await h.ask('GET', `/approvals/${id}`, as);
const answer = async (id: string, body: object, as = approver) =>
  await h.ask('POST', `/approvals/${id}/answer`, as, { payload: body });
const lastEntries = async (count: number) =>
  (await h.store.entries.list({ limit: count })).map(
    (entry) => entry.phase === 'operator' && [entry.actor, entry.action, entry.detail],
  );

test('an approver sees exactly what would run; a list holds no details', async () => {
  const id = await hold({ to: hostile });
  const shown = approvalSchema.parse((await get(id)).body);
  expect(shown).toMatchObject({ id, state: 'pending', tool: 'send_email', userId: 'ann', votesNeeded: 1 });
  expect(shown.detail).toMatchObject({ arguments: { to: hostile }, requests: ['Write to Bob.'] });
  expect(shown.reason).toMatchObject({ code: 'approval_required' });
  const { text } = await h.ask('GET', `/approvals?state=pending&sessionId=${session.id}`, approver);
  const { approvals } = adminRoutes['approvals.list'].answer.parse(JSON.parse(text));
  expect(approvals.map((each) => each.id)).toContain(id);
  expect(text).not.toContain('script');
});

test('an answer counts once, and is on record with who, what and about which call', async () => {
  const id = await hold({ n: 1 });
  const { binding } = approvalSchema.parse((await get(id)).body);
  const body = { answer: 'once', binding, note: 'by phone' };
  const { status, body: answered } = await answer(id, body);
  expect(status).toBe(200);
  expect(answered).toMatchObject({
    state: 'approved',
    votes: [{ operatorId: approver.operator.id, note: 'by phone' }],
  });
  expect(await lastEntries(1)).toEqual([[approver.operator.id, 'approvals.answer', JSON.stringify(body)]]);
  expect((await answer(id, body, await h.operator('owner'))).status).toBe(409);
  expect((await lastEntries(1))[0]).toContain('failed: conflict');
});

test('an answer without the hash of what was seen, with another, or of another kind is refused', async () => {
  const id = await hold({ n: 2 });
  const { binding } = approvalSchema.parse((await get(id)).body);
  expect((await answer(id, { answer: 'once' })).status).toBe(400);
  expect((await answer(id, { answer: 'once', binding: binding.slice(1) })).status).toBe(400);
  expect((await answer(id, { answer: 'always', binding })).status).toBe(400);
  expect((await answer(id, { answer: 'once', binding: 'f'.repeat(64) })).status).toBe(409);
  expect((await answer(id, { answer: 'once', binding, note: 'x'.repeat(1001) })).status).toBe(400);
  expect((await get(id)).body['state']).toBe('pending');
});

test('who the call would run for does not answer, whatever their role', async () => {
  const id = await hold({ n: 3 });
  const { binding } = approvalSchema.parse((await get(id)).body);
  const ann = await h.operator('owner');
  await h.operators.update(ann.operator.id, { name: 'Ann' });
  expect((await answer(id, { answer: 'once', binding }, ann)).status).toBe(403);
  expect((await get(id)).body).toMatchObject({ state: 'pending', votes: [] });
});

test('no log, no answer', async () => {
  const audit: AuditLog = {
    append: () => Promise.reject(new RuntimeFault('store_unavailable')),
    enqueue: () => undefined,
    subscribe: () => () => undefined,
  };
  const broken = await openAdmin({ audit });
  try {
    const id = await hold({ n: 4 }, broken, await openSession(broken));
    const { binding } = await broken.approvals.get(id);
    const as = await broken.operator('approver');
    const { status } = await broken.ask('POST', `/approvals/${id}/answer`, as, {
      payload: { answer: 'once', binding },
    });
    expect(status).toBe(503);
    expect(await broken.approvals.get(id)).toMatchObject({ state: 'pending', votes: [] });
  } finally {
    await broken.close();
  }
});

test('a live view hears of each new approval and of each change, without what it is about', async () => {
  const client = new Client(await h.app.listen({ host: '127.0.0.1', port: 0 }));
  try {
    const { body } = await client.request({
      path: '/admin/api/live',
      method: 'GET',
      headers: { cookie: approver.cookie },
      bodyTimeout: 0,
    });
    let text = '';
    const reading = (async () => {
      for await (const part of body) text += String(part);
    })();
    await expect.poll(() => text).toContain(': open');
    const id = await hold({ to: hostile, n: 5 });
    const { binding } = await h.approvals.get(id);
    await answer(id, { answer: 'reject', binding });
    const heard = () =>
      text
        .split('\n\n')
        .filter((event) => event.startsWith('event: approval\n'))
        .map((event) => JSON.parse(event.slice(event.indexOf('data: ') + 6)) as { id: string; state: string });
    await expect.poll(() => heard().map((approval) => approval.state)).toEqual(['pending', 'rejected']);
    for (const approval of heard()) {
      expect(approvalSchema.parse(approval)).toMatchObject({ id, reason: { code: 'approval_required' } });
      expect(approval).not.toHaveProperty('detail');
    }
    expect(text).not.toContain('script');
    await client.destroy();
    await reading.catch(() => undefined);
  } finally {
    await client.destroy();
  }
});

test('a rule is drafted that the policies accept', async () => {
  const { status, body } = await h.ask('GET', `/approvals/${await hold({ to: 'bob', copies: 2 })}/rule`, approver);
  expect(status).toBe(200);
  const { file, text } = adminRoutes['approvals.draftRule'].answer.parse(body);
  expect(file).toBe('approved-calls.cedar');
  expect(() => loadPolicySet({ cedar: [{ name: file, text }] }, { sha256: () => 'x' })).not.toThrow();
});

test('once its session has ended, an approval is shown without what it was about, and drafts no rule', async () => {
  const ending = await openSession(h);
  const id = await hold({ n: 6 }, h, ending);
  await h.sessions.end(ending.id);
  await h.approvals.sweep();
  const { body } = await get(id);
  expect(body).toMatchObject({ id, state: 'withdrawn' });
  expect(body).not.toHaveProperty('detail');
  expect((await h.ask('GET', `/approvals/${id}/rule`, approver)).status).toBe(409);
  expect((await h.ask('GET', `/sessions/${ending.id}/flow`, approver)).status).toBe(404);
});

test('what is not there is not found', async () => {
  expect((await get('none')).status).toBe(404);
  expect((await answer('none', { answer: 'once', binding: 'f'.repeat(64) })).status).toBe(404);
  expect((await h.ask('GET', '/approvals/none/rule', approver)).status).toBe(404);
});
