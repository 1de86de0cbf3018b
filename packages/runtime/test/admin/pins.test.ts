import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AdminHarness } from './harness.ts';
import type { PinService } from '../../src/pins/index.ts';
import { openAdmin } from './harness.ts';
import { poisoned, readFileTool } from '../pins/open.ts';

let h: AdminHarness;
let pins: PinService;
beforeEach(async () => {
  h = await openAdmin({
    upstreams: {
      list: () =>
        Promise.resolve([
          { name: 'files', kind: 'stdio', address: 'npx x', state: 'idle', protocol: null, isolation: 'none' },
        ]),
    },
  });
  pins = h.pins;
});
afterEach(() => h.close());

test('an operator sees what waits, approves exactly that, and both are in the log', async () => {
  const owner = await h.operator('operator');
  await pins.judge('files', [readFileTool]);
  const listed = await h.ask('GET', '/pins?state=new', owner);
  expect(listed.body).toMatchObject({ pins: [{ upstream: 'files', tool: 'read_file', state: 'new', findings: [] }] });
  const { hash } = (listed.body['pins'] as { hash: string }[])[0] ?? { hash: '' };
  const body = { upstream: 'files', tool: 'read_file', hash };
  expect(await h.ask('POST', '/pins/approve', owner, { payload: body })).toMatchObject({
    status: 200,
    body: { state: 'pinned', reviewed: { by: owner.operator.id } },
  });
  await pins.judge('files', [poisoned]);
  const changed = await h.ask('GET', '/pins?upstream=files&state=changed', owner);
  const [waiting] = changed.body['pins'] as { hash: string; differences: unknown[] }[];
  expect(waiting?.differences).toHaveLength(1);
  expect((await h.ask('POST', '/pins/approve', owner, { payload: { ...body, hash: '0'.repeat(64) } })).status).toBe(
    409,
  );
  const rejected = await h.ask('POST', '/pins/reject', owner, { payload: { ...body, hash: waiting?.hash } });
  expect(rejected).toMatchObject({ status: 200, body: { state: 'rejected' } });
  const upstreams = await h.ask('GET', '/upstreams', owner);
  expect(upstreams.body).toMatchObject({ upstreams: [{ name: 'files', pins: { rejected: 1, changed: 0 } }] });

  const entries = (await h.store.entries.list({ limit: 50 })).flatMap((entry) =>
    entry.phase === 'operator' && entry.action.startsWith('pins.') ? [entry] : [],
  );
  const acts = entries
    .toReversed()
    .map(({ action, subject, detail, actor }) => [action, subject, detail, actor].join(' '));
  const by = owner.operator.id;
  expect(acts).toEqual([
    `pins.approve files/read_file sha256 ${hash} ${by}`,
    `pins.approve files/read_file sha256 ${'0'.repeat(64)} ${by}`,
    `pins.approve files/read_file failed: conflict ${by}`,
    `pins.reject files/read_file sha256 ${waiting?.hash} ${by}`,
  ]);
});

test('a review that names no definition is malformed', async () => {
  const owner = await h.operator('owner');
  for (const hash of [undefined, '', 'x', 'A'.repeat(64), '0'.repeat(63)]) {
    const payload = { upstream: 'files', tool: 'read_file', hash };
    expect((await h.ask('POST', '/pins/approve', owner, { payload })).status).toBe(400);
  }
});
