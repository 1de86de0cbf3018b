import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { AuditLog } from '@sallyport/core';
import { RuntimeFault } from '@sallyport/core';
import type { AdminHarness, SignedInOperator } from './harness.ts';
import { codeOf } from '../identity/harness.ts';
import { bodyOf, host, openAdmin } from './harness.ts';

let h: AdminHarness;
let owner: SignedInOperator;
beforeAll(async () => {
  h = await openAdmin();
});
beforeEach(async () => {
  owner = await h.operator('owner');
});
afterAll(() => h.close());

const latest = async (count: number) => {
  const entries = await h.store.entries.list({ limit: count });
  return entries.toReversed().map((entry) => (entry.phase === 'operator' ? entry : undefined));
};

test('a change is in the log with who, what and of which', async () => {
  const body = { name: 'support', roles: ['support'] };
  const { status, body: agent } = await h.ask('POST', '/agents', owner, { payload: body });
  expect(status).toBe(200);
  expect(await latest(1)).toMatchObject([{ actor: owner.operator.id, action: 'agents.create', subject: agent['id'] }]);
  await h.ask('PATCH', `/agents/${String(agent['id'])}`, owner, { payload: { disabled: true } });
  expect(await latest(1)).toMatchObject([
    { action: 'agents.update', subject: agent['id'], detail: '{"disabled":true}' },
  ]);
});

test('a change that fails is in the log as tried and as failed', async () => {
  const lonely = await openAdmin();
  try {
    const { id } = lonely.operators.owner();
    const token = lonely.operators.issueToken();
    const headers = { authorization: `Bearer ${token}` };
    const answer = await lonely.ask('PATCH', `/operators/${id}`, undefined, { payload: { disabled: true }, headers });
    expect([answer.status, answer.body['code']]).toEqual([409, 'conflict']);
    expect(answer.body['detail']).toMatch(/last enabled owner/);
    const recorded = await lonely.store.entries.list({ limit: 2 });
    expect(recorded.map((entry) => entry.phase === 'operator' && entry.detail)).toEqual([
      'failed: conflict',
      '{"disabled":true}',
    ]);
  } finally {
    await lonely.close();
  }
});

test('no log, no change', async () => {
  const audit: AuditLog = {
    append: () => Promise.reject(new RuntimeFault('store_unavailable')),
    enqueue: () => undefined,
    subscribe: () => () => undefined,
  };
  const broken = await openAdmin({ audit });
  try {
    const as = await broken.operator('owner');
    const { agent, key } = await broken.agent();
    const [record] = broken.agents.keys(agent.id);
    const session = await broken.sessions.open({ agent, userId: 'ann', purpose: 'a test' });
    const asked = await Promise.all([
      broken.ask('POST', '/agents', as, { payload: { name: 'x', roles: [] } }),
      broken.ask('PATCH', `/agents/${agent.id}`, as, { payload: { disabled: true } }),
      broken.ask('DELETE', `/agents/${agent.id}/keys/${String(record?.id)}`, as),
      broken.ask('POST', `/agents/${agent.id}/keys`, as, { payload: { name: 'x' } }),
      broken.ask('POST', `/sessions/${session.id}/end`, as),
      broken.ask('POST', '/operators', as, { payload: { name: 'x', role: 'owner' } }),
    ]);
    expect(asked.map(({ status }) => status)).toEqual([503, 503, 503, 503, 503, 503]);
    expect(await codeOf(broken.signIn(key))).toBe('resolved');
    expect(broken.agents.list()).toHaveLength(1);
    expect(broken.agents.keys(agent.id)).toHaveLength(1);
    expect(session.state).toBe('open');
    expect(broken.operators.list().filter(({ name }) => name === 'x')).toEqual([]);
  } finally {
    await broken.close();
  }
});

test('a key made here works, is shown once, and is refused at once when revoked here', async () => {
  const { body: agent } = await h.ask('POST', '/agents', owner, { payload: { name: 'a', roles: [] } });
  const path = `/agents/${String(agent['id'])}/keys`;
  const { body: key } = await h.ask('POST', path, owner, { payload: { name: 'ci', expiresInDays: null } });
  const secret = String(key['key']);
  expect((await h.signIn(secret)).agent.id).toBe(agent['id']);
  const listed = await h.ask('GET', '/agents', owner);
  expect(listed.text).not.toContain(secret);
  expect(listed.text).toContain(String(key['hint']));
  const { agent: other } = await h.agent();
  expect((await h.ask('DELETE', `/agents/${other.id}/keys/${String(key['id'])}`, owner)).status).toBe(404);
  expect((await h.ask('DELETE', `${path}/${String(key['id'])}`, owner)).body).toEqual({ ok: true });
  expect(await codeOf(h.signIn(secret))).toBe('unauthenticated');
});

test('a session ended here is refused at once, and shows as ended', async () => {
  const { agent } = await h.agent();
  const session = await h.sessions.open({ agent, userId: 'ann', purpose: 'a test' });
  const { token } = await h.sessions.token(session);
  await h.signIn(token);
  expect((await h.ask('POST', `/sessions/${session.id}/end`, owner)).body).toEqual({ ok: true });
  expect(await codeOf(h.signIn(token))).toBe('unauthenticated');
  expect((await h.ask('GET', `/sessions/${session.id}`, owner)).body).toMatchObject({ state: 'ended' });
  expect((await h.ask('POST', '/sessions/no-such/end', owner)).status).toBe(404);
});

test('an answer carries what the contract declares and nothing else', async () => {
  await h.agent();
  const { body, text } = await h.ask('GET', '/agents', owner);
  const [agent] = body['agents'] as Record<string, unknown>[];
  expect(Object.keys(agent ?? {}).toSorted()).toEqual(
    ['createdAt', 'disabledAt', 'id', 'keys', 'name', 'namesUsers', 'roles'].toSorted(),
  );
  expect(text).not.toMatch(/[0-9a-f]{64}|hash|tenant/);
});

test('a viewer sees figures, and nothing of what events carried', async () => {
  const { agent } = await h.agent();
  const at = h.clock.now();
  await h.audit.append({
    phase: 'intent',
    id: h.newId(),
    at,
    tenant: 'default',
    sessionId: 's',
    agentId: agent.id,
    userId: 'u',
    eventId: h.newId(),
    kind: 'tool_call',
    subject: 'send_email',
    content: 'CANARY-CONTENT',
    owesResult: false,
    decision: {
      outcome: 'deny',
      reasons: [{ code: 'no_permission', value: 'CANARY-VALUE' }],
      verdicts: [],
      policy: '',
    },
  });
  h.clock.advance(1);
  const viewer = await h.ask('GET', '/overview', await h.operator('viewer'));
  expect(viewer.text).not.toContain('CANARY');
  expect(viewer.body['activity']).toMatchObject({ denied: 1 });
  const auditor = await h.ask('GET', '/overview', await h.operator('auditor'));
  expect(auditor.text).toContain('CANARY-VALUE');
});

test.each([
  ['an unknown key', 'POST', '/agents', { name: 'x', roles: [], nmae: 1 }, /no key nmae\. Did you mean name\?/],
  ['a missing key', 'POST', '/agents', { roles: [] }, /^name: /],
  ['a value of the wrong kind', 'POST', '/agents', { name: 'x', roles: ['Not A Role'] }, /^roles\.0: a role is/],
  ['a role there is not', 'POST', '/operators', { name: 'x', role: 'god' }, /^role: /],
  ['a key where none is known', 'POST', '/sessions/x/end', { now: true }, /no key now/],
  ['an unknown query key', 'GET', '/sessions?lmiit=1', undefined, /no key lmiit\. Did you mean limit\?/],
  ['a query where none is known', 'GET', '/overview?since=1', undefined, /no key since/],
  ['a repeated query key', 'GET', '/sessions?limit=1&limit=2', undefined, /^limit: /],
  ['a limit beyond bounds', 'GET', '/entries?limit=501', undefined, /^limit: /],
  ['both ends of the log', 'GET', '/entries?after=1&before=2', undefined, /not both/],
] as const)('%s is refused by name', async (_, method, path, payload, detail) => {
  const answer = await h.ask(method, path, owner, payload === undefined ? {} : { payload });
  expect([answer.status, answer.body['code']]).toEqual([400, 'invalid_request']);
  expect(answer.body['detail']).toMatch(detail);
});

test.each([
  ['duplicate members', '{"name":"a","name":"b","roles":[]}', 'application/json', 400],
  ['a prototype', '{"name":"a","roles":[],"__proto__":{"disabled":true}}', 'application/json', 400],
  ['no JSON', '{"name":', 'application/json', 400],
  ['deep JSON', '['.repeat(100_000), 'application/json', 400],
  ['a form', 'name=a&roles=', 'application/x-www-form-urlencoded', 400],
  ['plain text', '{"name":"a","roles":[]}', 'text/plain', 400],
  ['too much', `{"name":"${'a'.repeat(3_000_000)}"}`, 'application/json', 413],
])('a body of %s changes nothing', async (_, payload, contentType, status) => {
  const before = h.agents.list().length;
  const headers = { 'content-type': contentType };
  const answer = await h.ask('POST', '/agents', owner, { payload, headers });
  expect(answer.status).toBe(status);
  expect(h.agents.list()).toHaveLength(before);
});

test('answers are kept by nobody', async () => {
  for (const path of ['/me', '/agents', '/nothing']) {
    expect((await h.ask('GET', path, owner)).headers['cache-control']).toBe('no-store');
  }
});

test('what fails inside stays inside', async () => {
  const failing = await openAdmin({ settings: { baseUrl: () => `http://${host}` } as never });
  try {
    const answer = await failing.ask('GET', '/settings', await failing.operator('viewer'));
    expect(answer.status).toBe(500);
    expect(bodyOf(answer.text)).toMatchObject({ code: 'internal', detail: 'See the log for the request id.' });
    expect(failing.logged.join('')).toContain(String(answer.body['requestId']));
  } finally {
    await failing.close();
  }
});
