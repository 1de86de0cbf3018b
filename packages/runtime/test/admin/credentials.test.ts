import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminRoutes } from '@sallyport/core/admin';
import { openBench, use, type Bench } from '../credentials/fixtures.ts';
import type { AdminHarness, SignedInOperator } from './harness.ts';
import { openAdmin } from './harness.ts';

const value = 'canary-of-the-admin-surface';
let bench: Bench;
let h: AdminHarness;
let owner: SignedInOperator;
beforeAll(async () => {
  bench = await openBench(`upstreams: {crm: {kind: mcp, url: "https://crm.example/mcp", credential: key}}
credentials:
  key: {source: {stored: true}, upstreams: [crm], tools: [read_*]}
  other: {source: {env: OTHER}, upstreams: [crm]}`);
  h = await openAdmin({ credentials: bench.broker });
  owner = await h.operator('owner');
});
afterAll(async () => {
  await h.close();
  await bench.close();
});
const set = (name: string, payload: object) => h.ask('PUT', `/credentials/${name}`, owner, { payload });
const list = async () => {
  const { text } = await h.ask('GET', '/credentials', owner);
  return adminRoutes['credentials.list'].answer.parse(JSON.parse(text)).credentials;
};
const attach = () => bench.broker.attach(use());

test('a credential shows everything of itself but its value', async () => {
  expect(await list()).toEqual([
    {
      name: 'key',
      source: 'stored',
      attach: 'bearer',
      upstreams: ['crm'],
      hosts: ['crm.example:443'],
      tools: ['read_*'],
      state: 'unused',
      lastReadAt: null,
      lastFailure: null,
    },
    expect.objectContaining({ name: 'other', source: 'env' }),
  ]);
});

test('what is set, revoked and restored counts at once, and is on record before, without the value', async () => {
  await expect(attach()).rejects.toMatchObject({ code: 'credential_unavailable' });
  expect((await list())[0]).toMatchObject({
    state: 'failing',
    lastFailure: expect.stringContaining('was not set yet'),
  });
  expect((await set('key', { value })).status).toBe(200);
  expect((await list())[0]).toMatchObject({ state: 'unused' });
  expect((await attach()).headers['authorization']).toBe(`Bearer ${value}`);
  expect((await h.ask('POST', '/credentials/key/revoke', owner)).status).toBe(200);
  await expect(attach()).rejects.toMatchObject({ code: 'credential_unavailable' });
  expect((await list())[0]).toMatchObject({ state: 'revoked' });
  expect((await h.ask('POST', '/credentials/key/restore', owner)).status).toBe(200);
  await expect(attach()).resolves.toBeDefined();
  const entries = await h.store.entries.list({ limit: 50 });
  const acts = entries.filter((entry) => entry.phase === 'operator' && entry.action.startsWith('credentials.'));
  expect(acts).toMatchObject(
    ['credentials.restore', 'credentials.revoke', 'credentials.set'].map((action) => ({
      action,
      actor: owner.operator.id,
      subject: 'key',
    })),
  );
  expect(acts.every((entry) => !('detail' in entry) || entry.detail === undefined)).toBe(true);
});

test.each<[string, string, object, number, string]>([
  ['one that does not exist', 'none', { value }, 404, 'not_found'],
  ['one that is kept elsewhere', 'other', { value }, 400, 'invalid_request'],
  ['a value that is too short', 'key', { value: 'abc' }, 400, 'invalid_request'],
  ['a value that forges a header', 'key', { value: `${value}\r\nx: 1` }, 400, 'invalid_request'],
  ['a number', 'key', { value: 12345678 }, 400, 'invalid_request'],
  ['more than a value', 'key', { value, secret: value }, 400, 'invalid_request'],
])('setting %s is refused, and the value not repeated', async (_, name, payload, status, code) => {
  const answer = await set(name, payload);
  expect(answer).toMatchObject({ status, body: { code } });
  expect(answer.text).not.toContain(value);
});

test('no line of the log and no entry holds the value', async () => {
  const seen = [...h.logged, JSON.stringify(await h.store.entries.list({ limit: 500 }))].join('\n');
  expect(seen).toContain('credentials.set');
  expect(seen).not.toContain(value);
});
