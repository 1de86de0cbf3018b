import { createSecretKey, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Clock, OwnerStore } from '@sallyport/core';
import { Owners, type OwnersOptions } from '../../src/owners/index.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { systemClock } from '../../src/clock.ts';

const day = 86_400_000;
const email = (name: string) => ({ type: 'EMAIL', key: `@${name}@x.example` });

async function open(change: Partial<OwnersOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-owners-'));
  let store = (await openSqliteStore({ file: join(folder, 'a.db'), clock: systemClock })).store;
  onTestFinished(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  let now = 1_800_000_000_000;
  let due: (() => void)[] = [];
  const clock: Pick<Clock, 'now' | 'after'> = {
    now: () => now,
    after: (_, then) => {
      due.push(then);
      return () => undefined;
    },
  };
  const options = {
    master: createSecretKey(randomBytes(32)),
    clock,
    sharedFrom: 3,
    keepDays: 90,
    maxIdentifiers: 1_000,
    onFault: () => undefined,
    ...change,
  };
  const start = () => Owners.open({ ...options, store: change.store ?? store.owners });
  const reopen = async () => {
    await store.close();
    store = (await openSqliteStore({ file: join(folder, 'a.db'), clock: systemClock })).store;
    return await start();
  };
  const pass = (ms: number) => {
    now += ms;
    const before = due;
    due = [];
    for (const then of before) then();
  };
  const bytes = () =>
    Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name)))).toString('latin1');
  return { owners: await start(), reopen, pass, bytes, ownersOf: () => store.owners };
}

it('what was learned is held to after a restart, and nothing of it can be read in the file', async () => {
  const { owners, reopen, bytes } = await open();
  await owners.learn('t', 'cust-7788', [email('bob'), { type: 'ID', key: '#az77418' }]);
  const again = await reopen();
  expect(again.others('t', ['cust-1'], ['@bob@x.example', '#az77418', '@ann@x.example'])).toEqual([
    'EMAIL',
    'ID',
    undefined,
  ]);
  expect(again.others('t', ['cust-1', 'cust-7788'], ['@bob@x.example'])).toEqual([undefined]);
  expect(bytes()).not.toMatch(/bob@|az77418|cust-7788/);
  expect(bytes()).toContain('EMAIL');
});

it('one tenant knows nothing of what another has seen', async () => {
  const { owners } = await open();
  await owners.learn('t', 'bob', [email('bob')]);
  expect(owners.others('u', ['ann'], ['@bob@x.example'])).toEqual([undefined]);
  expect([owners.isEmpty('t'), owners.isEmpty('u')]).toEqual([false, true]);
});

it('what three owners have is nobody’s, and becomes somebody’s again when one of them is erased', async () => {
  const { owners, reopen } = await open();
  for (const owner of ['a', 'b', 'c']) await owners.learn('t', owner, [email('desk')]);
  await owners.learn('t', 'c', [email('carl')]);
  expect(owners.others('t', ['z'], ['@desk@x.example'])).toEqual([undefined]);
  expect(await owners.forget('t', 'c')).toBe(2);
  const expected = ['EMAIL', undefined];
  expect(owners.others('t', ['z'], ['@desk@x.example', '@carl@x.example'])).toEqual(expected);
  expect((await reopen()).others('t', ['z'], ['@desk@x.example', '@carl@x.example'])).toEqual(expected);
});

it('what was not seen for keepDays is forgotten, in memory and on disk; what was seen again is kept', async () => {
  const { owners, pass, ownersOf } = await open({ keepDays: 10 });
  await owners.learn('t', 'bob', [email('bob'), email('old')]);
  pass(8 * day);
  await owners.learn('t', 'bob', [email('bob')]);
  pass(8 * day);
  expect(owners.others('t', ['ann'], ['@bob@x.example', '@old@x.example'])).toEqual(['EMAIL', undefined]);
  await expect
    .poll(async () => {
      let rows = 0;
      await ownersOf().load((page) => {
        rows += page.length;
      });
      return rows;
    })
    .toBe(1);
});

it('what the store did not get is not taken for durable: the next try writes it again', async () => {
  const added: number[] = [];
  const failing: OwnerStore = {
    load: async () => undefined,
    add: async (rows) => {
      added.push(rows.length);
      if (added.length === 1) throw new Error('disk full');
    },
    forget: async () => 0,
    expire: async () => 0,
  };
  const { owners } = await open({ store: failing });
  await expect(owners.learn('t', 'bob', [email('bob')])).rejects.toThrow('disk full');
  await owners.learn('t', 'bob', [email('bob')]);
  expect(added).toEqual([1, 1]);
});

it('whoever learns what is still being written waits for it, and is told when it fails', async () => {
  const { promise: written, reject } = Promise.withResolvers<void>();
  const failing: OwnerStore = {
    load: async () => undefined,
    add: () => written,
    forget: async () => 0,
    expire: async () => 0,
  };
  const { owners } = await open({ store: failing });
  const both = Promise.allSettled([owners.learn('t', 'bob', [email('bob')]), owners.learn('t', 'bob', [email('bob')])]);
  reject(new Error('disk full'));
  expect(await both).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
});

it('beyond maxIdentifiers nothing is learned in silence: it is refused, with the key to change', async () => {
  const { owners } = await open({ maxIdentifiers: 2 });
  await owners.learn('t', 'bob', [email('b1'), email('b2')]);
  await owners.learn('t', 'bob', [email('b1')]);
  expect(() => owners.learn('t', 'bob', [email('b3')])).toThrow(/guards\.fence\.maxIdentifiers/);
});

it('many rows come back from the store, page by page', async () => {
  const { owners, reopen } = await open({ maxIdentifiers: 100_000 });
  const many = Array.from({ length: 12_345 }, (_, at) => email(`user${at}`));
  await owners.learn('t', 'bob', many);
  const again = await reopen();
  expect(
    again
      .others(
        't',
        ['ann'],
        many.map(({ key }) => key),
      )
      .filter((type) => type === 'EMAIL'),
  ).toHaveLength(12_345);
});
