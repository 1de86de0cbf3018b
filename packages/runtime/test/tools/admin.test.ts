import { afterEach, beforeEach, expect, test } from 'vitest';
import { manifestSchema, unknownManifest } from '@sallyport/core';
import { operatorRoles } from '@sallyport/core/admin';
import type { AdminHarness } from '../admin/harness.ts';
import { openAdmin } from '../admin/harness.ts';
import { memoryOf, openTools } from './open.ts';
import type { OpenTools } from './open.ts';
import { offering, sendEmail } from './traffic.ts';

let tools: OpenTools;
let h: AdminHarness;
beforeEach(async () => {
  tools = await openTools(memoryOf());
  h = await openAdmin({ tools });
  tools.observe(offering([sendEmail]));
});
afterEach(() => h.close());

const manifest = { effect: 'send', target: ['to'], content: ['subject', 'body'] };
const operatorEntries = async () => {
  const entries = await h.store.entries.list({ limit: 20 });
  return entries.flatMap((entry) =>
    entry.phase === 'operator' && entry.action.startsWith('tools.')
      ? [[entry.action, entry.subject, entry.detail]]
      : [],
  );
};

test('what is confirmed here counts at once, and is in the log with who, of which and what', async () => {
  const owner = await h.operator('owner');
  const answer = await h.ask('PUT', '/tools/send_email', owner, { payload: { manifest } });
  expect(answer).toMatchObject({ status: 200, body: { name: 'send_email', from: 'confirmed' } });
  expect(tools.manifestOf('send_email')).toEqual(manifestSchema.parse(manifest));
  const [[action, subject, detail] = []] = await operatorEntries();
  expect([action, subject]).toEqual(['tools.confirm', 'send_email']);
  expect(JSON.parse(String(detail))).toMatchObject(manifest);
  expect((await h.ask('DELETE', '/tools/send_email', owner)).body).toEqual({ ok: true });
  expect(tools.manifestOf('send_email')).toBe(unknownManifest);
  expect((await operatorEntries())[0]?.[0]).toBe('tools.forget');
  expect((await h.ask('DELETE', '/tools/send_email', owner)).status).toBe(404);
});

test('what was seen is confirmed, and nothing that took its place since', async () => {
  const owner = await h.operator('owner');
  const { body } = await h.ask('GET', '/tools', owner);
  const [seen] = body['tools'] as { definition: string }[];
  tools.observe(offering([{ ...sendEmail, description: 'Sends an e-mail, and a copy' }]));
  const payload = { manifest, definition: seen?.definition };
  const answer = await h.ask('PUT', '/tools/send_email', owner, { payload });
  expect([answer.status, answer.body['code']]).toEqual([409, 'conflict']);
  expect(tools.manifestOf('send_email')).toBe(unknownManifest);
  expect((await operatorEntries())[0]).toEqual(['tools.confirm', 'send_email', 'failed: conflict']);
});

test('only operators who may change what agents do confirm and forget; all may look', async () => {
  for (const role of operatorRoles) {
    const as = await h.operator(role);
    const may = role === 'owner' || role === 'operator';
    expect((await h.ask('GET', '/tools', as)).status).toBe(200);
    expect((await h.ask('PUT', '/tools/send_email', as, { payload: { manifest } })).status).toBe(may ? 200 : 403);
    expect((await h.ask('DELETE', '/tools/send_email', as)).status).toBe(may ? 200 : 403);
  }
});

test.each([
  ['an unknown key', { manifest: { effetc: 'read' } }, 'manifest.effetc'],
  ['an effect there is not', { manifest: { effect: 'reads' } }, 'manifest.effect'],
  ['a contradiction', { manifest: { target: ['to'], content: ['to'] } }, 'manifest.content.0'],
  ['an argument that the tool lacks', { manifest: { target: ['too'] } }, 'manifest.target.0'],
  ['fields of a text', { manifest: { results: { fields: { id: 'trusted' } } } }, 'manifest.results.fields'],
  ['a hash that is none', { manifest: {}, definition: 'x' }, 'definition'],
])('%s is refused by name, and changes nothing', async (_, payload, path) => {
  const answer = await h.ask('PUT', '/tools/send_email', await h.operator('owner'), { payload });
  expect([answer.status, answer.body['code'], answer.body['path']]).toEqual([400, 'invalid_request', path]);
  expect(tools.manifestOf('send_email')).toBe(unknownManifest);
});

test('a name with slashes, dots or any other character is one name', async () => {
  const names = ['mcp/files/read', '..', 'a b%2Fc', 'é.ü', '__proto__'];
  tools.observe(offering(names.map((name) => ({ name }))));
  const owner = await h.operator('owner');
  for (const name of names.filter((each) => each !== '..')) {
    const answer = await h.ask('PUT', `/tools/${encodeURIComponent(name)}`, owner, {
      payload: { manifest: { effect: 'read' } },
    });
    expect([answer.status, answer.body['name']]).toEqual([200, name]);
    expect(tools.manifestOf(name).effect).toBe('read');
  }
  expect(tools.manifestOf('..')).toBe(unknownManifest);
});
