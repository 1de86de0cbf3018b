import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AdminHarness, SignedInOperator } from './harness.ts';
import { openAdmin } from './harness.ts';

let h: AdminHarness;
let owner: SignedInOperator;
beforeAll(async () => {
  h = await openAdmin();
  owner = await h.operator('owner');
});
afterAll(() => h.close());

const policies = async () => (await h.ask('GET', '/policies', owner)).body;
const cell = { role: 'support', kind: 'tools', name: 'delete_all', cell: 'deny' };
const explain = (body: object) =>
  h.ask('POST', '/policies/explain', owner, { payload: { roles: ['support'], action: 'tool_call', ...body } });

test('the matrix shows its cells, its Cedar text and the tools that were called', async () => {
  const { agent } = await h.agent();
  await h.audit.append({
    phase: 'intent',
    id: h.newId(),
    at: h.clock.now(),
    tenant: 'default',
    sessionId: 's',
    agentId: agent.id,
    userId: 'u',
    eventId: h.newId(),
    kind: 'tool_call',
    subject: 'seen_once',
    owesResult: false,
    decision: { outcome: 'allow', reasons: [], verdicts: [], policy: '' },
  });
  const { roles, sources, known } = await policies();
  expect(roles).toMatchObject({ support: { tools: { look_up: 'allow', send_email: { when: { copies: 1 } } } } });
  expect(sources).toMatchObject([{ generated: true, text: expect.stringContaining('send_email') }]);
  expect(known).toEqual({ tools: ['look_up', 'seen_once', 'send_email'], models: ['practice/model-1'] });
});

test('a cell is set in the file, and counts at once', async () => {
  const { permissionsHash, permissionsText } = await policies();
  expect((await explain({ resource: 'delete_all' })).body['reasons']).toMatchObject([{ code: 'no_permission' }]);
  const payload = { ...cell, expectedHash: permissionsHash };
  const { status, body } = await h.ask('PUT', '/policies/cell', owner, { payload });
  expect(status).toBe(200);
  expect((await policies())['permissionsHash']).toBe(body['permissionsHash']);
  expect((await explain({ resource: 'delete_all' })).body['reasons']).toMatchObject([{ code: 'forbidden' }]);

  const stale = await h.ask('PUT', '/policies/cell', owner, { payload });
  expect([stale.status, stale.body['code']]).toEqual([409, 'conflict']);
  const undo = { text: permissionsText, expectedHash: body['permissionsHash'] };
  expect((await h.ask('PUT', '/policies/permissions', owner, { payload: undo })).body).toEqual({ permissionsHash });
});

test('a cell may keep an argument to the user, and who asks says which claims the user has', async () => {
  const { permissionsHash, permissionsText } = await policies();
  const own = { decision: 'allow', when: { customer_id: { user: { claim: 'customer' } } } };
  const payload = { role: 'support', kind: 'tools', name: 'list_orders', cell: own, expectedHash: permissionsHash };
  const { body } = await h.ask('PUT', '/policies/cell', owner, { payload });
  expect((await policies())['roles']).toMatchObject({ support: { tools: { list_orders: own } } });
  const ask = async (claims?: object) =>
    (await explain({ resource: 'list_orders', arguments: { customer_id: 'C-1' }, ...(claims && { claims }) })).body;
  expect(await ask()).toMatchObject({ outcome: 'deny', reasons: [{ path: 'arguments.customer_id' }] });
  expect(await ask({ customer: ['C-2'] })).toMatchObject({ outcome: 'deny' });
  expect(await ask({ customer: ['C-2', 'C-1'] })).toMatchObject({ outcome: 'allow' });
  const undo = { text: permissionsText, expectedHash: body['permissionsHash'] };
  expect((await h.ask('PUT', '/policies/permissions', owner, { payload: undo })).status).toBe(200);
});

test('what is known of a user is shown with the session, so that a recorded call can be judged again', async () => {
  const { agent } = await h.agent();
  const userClaims = { customer: ['C-1'] };
  const { id } = await h.sessions.open({ agent, userId: 'ann', userClaims, purpose: 'a test' });
  expect((await h.ask('GET', `/sessions/${id}`, owner)).body['user']).toMatchObject({ id: 'ann', claims: userClaims });
});

test('a text that is no policy is refused with its line, and the old one stays in force', async () => {
  const before = await policies();
  const payload = { text: 'roles:\n  support:\n    tools: { x: maybe }\n', expectedHash: before['permissionsHash'] };
  const { status, body } = await h.ask('PUT', '/policies/permissions', owner, { payload });
  expect([status, body['code']]).toEqual([422, 'invalid_policy']);
  expect(body['detail']).toMatch(/^permissions\.yaml:3:/);
  expect(await policies()).toEqual(before);
});

test('a change to the policies is in the log, without the text', async () => {
  const { permissionsHash, permissionsText } = await policies();
  await h.ask('PUT', '/policies/cell', owner, { payload: { ...cell, expectedHash: 'old' } });
  const payload = { text: `${String(permissionsText)}# CANARY\n`, expectedHash: permissionsHash };
  await h.ask('PUT', '/policies/permissions', owner, { payload });
  const entries = await h.store.entries.list({ limit: 3 });
  expect(entries).toMatchObject([
    { action: 'policies.setText', subject: 'permissions.yaml', detail: expect.stringMatching(/^sha256 [0-9a-f]{64}$/) },
    { action: 'policies.setCell', subject: 'support/tools/delete_all', detail: 'failed: conflict' },
    { action: 'policies.setCell', subject: 'support/tools/delete_all', detail: '"deny"' },
  ]);
  expect(JSON.stringify(entries)).not.toContain('CANARY');
});

test('an explanation names the rule that decided, and changes nothing', async () => {
  const seq = (await h.store.entries.list({ limit: 1 }))[0]?.seq;
  const allowed = await explain({ resource: 'send_email', arguments: { to: 'a@example.com', copies: 1 } });
  expect(allowed.body).toMatchObject({ outcome: 'allow', reasons: [] });
  const held = await explain({ resource: 'send_email', arguments: { to: 'a@evil.example', copies: 1 } });
  expect(held.body).toMatchObject({ outcome: 'require_approval' });
  const rules = held.body['rules'] as { place: string; decided: boolean }[];
  expect(rules.some(({ decided, place }) => decided && place.includes('send_email'))).toBe(true);
  expect((await explain({ resource: 'x', action: 'no_such' })).status).toBe(400);
  expect((await h.store.entries.list({ limit: 1 }))[0]?.seq).toBe(seq);
});
