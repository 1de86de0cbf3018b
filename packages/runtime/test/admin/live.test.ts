import { Client } from 'undici';
import type { Dispatcher } from 'undici';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Entry } from '@sallyport/core';
import { entrySchema } from '@sallyport/core/admin';
import type { AdminHarness } from './harness.ts';
import { openAdmin } from './harness.ts';

let h: AdminHarness;
let client: Client;
beforeEach(async () => {
  h = await openAdmin();
  client = new Client(await h.app.listen({ host: '127.0.0.1', port: 0 }), { pipelining: 1 });
});
afterEach(async () => {
  await client.destroy();
  await h.close();
});

const open = (cookie: string): Promise<Dispatcher.ResponseData> =>
  client.request({ path: '/admin/api/live', method: 'GET', headers: { cookie }, bodyTimeout: 0 });

const entry = (detail: string) => {
  const at = h.clock.now();
  return {
    phase: 'operator',
    id: h.newId(),
    at,
    tenant: 'default',
    actor: 'test',
    action: 'a.b',
    subject: 's',
    detail,
  } as const;
};

/** What comes until the text does, or the stream ends. */
async function readUntil(body: AsyncIterator<Buffer>, text: string): Promise<string> {
  let read = '';
  while (!read.includes(text)) {
    const next = await body.next();
    if (next.done === true) return `${read}<end>`;
    read += next.value.toString();
  }
  return read;
}

/** Whether the stream was cut, however that shows. */
async function cut(body: AsyncIterator<Buffer>): Promise<boolean> {
  try {
    for (;;) if ((await body.next()).done === true) return true;
  } catch {
    return true;
  }
}

const iterate = ({ body }: Dispatcher.ResponseData) => body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;

test('an entry reaches the view once it is durable, as the contract declares it', async () => {
  const { cookie } = await h.operator('auditor');
  const answer = await open(cookie);
  expect(answer.statusCode).toBe(200);
  expect(answer.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
  });
  const body = iterate(answer);
  await h.audit.append({ ...entry('line one\nevent: forged\n\ndata: {}'), undeclared: 'CANARY' } as Entry);
  const text = await readUntil(body, 'forged');
  const events = text.split('\n\n').filter((event) => event.startsWith('event: '));
  expect(events).toHaveLength(1);
  const [, id, data] = events[0]?.split('\n') ?? [];
  const shown = entrySchema.parse(JSON.parse(data?.slice('data: '.length) ?? ''));
  expect(id).toBe(`id: ${shown.seq}`);
  expect(shown).toMatchObject({ detail: 'line one\nevent: forged\n\ndata: {}' });
  expect(text).not.toContain('CANARY');
});

test('a heartbeat keeps the stream open', async () => {
  const body = iterate(await open((await h.operator('owner')).cookie));
  await readUntil(body, 'open');
  h.clock.advance(15_000);
  expect(await readUntil(body, 'still here')).toMatch(/^: still here\n\n$/);
});

test('the stream stops at once when the operator is disabled', async () => {
  const { operator, cookie } = await h.operator('operator');
  const body = iterate(await open(cookie));
  await readUntil(body, 'open');
  await h.operators.update(operator.id, { disabled: true });
  expect(await cut(body)).toBe(true);
});

test('the stream stops at once when the role no longer reads entries', async () => {
  const { operator, cookie } = await h.operator('operator');
  const body = iterate(await open(cookie));
  await readUntil(body, 'open');
  await h.operators.update(operator.id, { role: 'viewer' });
  expect(await cut(body)).toBe(true);
});

test('the stream stops when its sign-in ends, by signing out or by time', async () => {
  const [one, two] = [await h.operator('operator'), await h.operator('operator')];
  const first = iterate(await open(one.cookie));
  await readUntil(first, 'open');
  await h.ask('POST', '/sign-out', one);
  expect(await cut(first)).toBe(true);
  const second = iterate(await open(two.cookie));
  await readUntil(second, 'open');
  h.clock.advance(12 * 3_600_000);
  expect(await cut(second)).toBe(true);
});

test('a reader that does not read is dropped, and holds nothing up', async () => {
  const { cookie } = await h.operator('owner');
  const answer = await open(cookie);
  const dropped = new Promise<void>((resolve) => answer.body.once('close', resolve).once('error', () => resolve()));
  answer.body.pause();
  const piece = 'x'.repeat(200_000);
  for (let sent = 0; sent < 80; sent++) await h.audit.append(entry(piece));
  answer.body.resume();
  await dropped;
  expect((await h.ask('GET', '/me', { cookie })).status).toBe(200);
});

test('closing the runtime ends every stream', async () => {
  const body = iterate(await open((await h.operator('owner')).cookie));
  await readUntil(body, 'open');
  await h.app.close();
  expect(await readUntil(body, 'more')).toBe('<end>');
});
