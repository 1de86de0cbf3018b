import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Session, Store } from '@sallyport/core';
import { anApproval, aSession } from './fixtures.ts';
import type { OpenedStore } from './log.conformance.ts';

let opened: OpenedStore;
let store: Store;
let session: Session;
let of: 'flow' | 'vault' = 'flow';

/** What every store promises of the pieces of a session's flow and of its vault; part of `storeConformance`. */
export function flowConformance(open: () => Promise<OpenedStore>): void {
  describe('flow and vault', () => {
    beforeEach(async () => {
      opened = await open();
      ({ store } = opened);
      session = aSession();
      await store.sessions.insert(session);
      of = 'flow';
    });
    afterEach(() => opened.close());
    describe.each(['flow', 'vault'] as const)('pieces of the %s', (kind) => {
      beforeEach(() => void (of = kind));
      pieces();
    });
    describe('salts', salts);
    describe('the end of a session', ends);
  });
}

const bytes = (...list: number[]): Uint8Array => Uint8Array.from(list);
const stored = async (id = session.id) => (await store[of].load(id)).map((piece) => [...piece]);

function pieces(): void {
  test('pieces come back in order, byte for byte, after a restart too, and of no other session', async () => {
    const other = aSession();
    await store.sessions.insert(other);
    const all = Array.from({ length: 256 }, (_, index) => bytes(index, 0, 255));
    await store[of].append(session.id, 0, all.slice(0, 200));
    await store[of].append(other.id, 0, [bytes(9)]);
    await store[of].append(session.id, 200, all.slice(200));
    await store[of].append(session.id, 256, []);
    opened = await opened.reopen();
    ({ store } = opened);
    expect(await stored()).toEqual(all.map((piece) => [...piece]));
    expect(await stored(other.id)).toEqual([[9]]);
    expect(await stored('none')).toEqual([]);
  });

  test('the same write again is no fault; another in its place is, and changes nothing', async () => {
    await store[of].append(session.id, 0, [bytes(1), bytes(2)]);
    await store[of].append(session.id, 0, [bytes(1), bytes(2)]);
    for (const [from, list] of [
      [0, [bytes(1), bytes(3)]],
      [1, [bytes(3)]],
      [1, [bytes(2), bytes(3)]],
    ] as const) {
      await expect(store[of].append(session.id, from, list)).rejects.toMatchObject({ code: 'conflict' });
    }
    expect(await stored()).toEqual([[1], [2]]);
  });

  test('of fifty who write to one place at the same moment, one does', async () => {
    const tries = Array.from({ length: 50 }, (_, index) => store[of].append(session.id, 0, [bytes(index)]));
    const settled = await Promise.allSettled(tries);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await stored()).toHaveLength(1);
  });

  test('a session that is not there has no pieces', async () => {
    await expect(store[of].append('none', 0, [bytes(1)])).rejects.toMatchObject({ code: 'conflict' });
  });
}

function salts(): void {
  test('a session keeps the first of fifty salts set at the same moment, and all learn which', async () => {
    expect(await store.flow.salt(session.id)).toBeUndefined();
    const tries = Array.from({ length: 50 }, (_, index) => store.flow.salt(session.id, bytes(index)));
    const kept = new Set((await Promise.all(tries)).map((salt) => salt?.join()));
    expect(kept.size).toBe(1);
    expect((await store.flow.salt(session.id))?.join()).toBe([...kept][0]);
    expect(await store.flow.salt('none', bytes(1))).toBeUndefined();
  });

  test('a salt goes with the pieces', async () => {
    await store.flow.salt(session.id, bytes(1));
    await store.flow.append(session.id, 0, [bytes(1)]);
    await store.flow.delete(session.id);
    expect(await store.flow.salt(session.id)).toBeUndefined();
    expect(await stored()).toEqual([]);
  });
}

function ends(): void {
  test('takes its pieces, salt and details with it, whoever ends it, and those of no other', async () => {
    const other = aSession();
    await store.sessions.insert(other);
    for (const { id } of [session, other]) {
      await store.flow.salt(id, bytes(1));
      for (const kind of ['flow', 'vault'] as const) await store[kind].append(id, 0, [bytes(1)]);
    }
    const [mine, theirs] = [anApproval(session.id), anApproval(other.id)];
    for (const approval of [mine, theirs]) await store.approvals.insert(approval, bytes(7));
    await store.sessions.update(session.id, { state: 'ended' });
    for (const kind of ['flow', 'vault'] as const) {
      expect(await store[kind].load(session.id)).toEqual([]);
      expect(await store[kind].load(other.id)).toEqual([bytes(1)]);
    }
    expect(await store.flow.salt(session.id)).toBeUndefined();
    expect(await store.approvals.detail(mine.id)).toBeUndefined();
    expect(await store.flow.salt(other.id)).toEqual(bytes(1));
    expect(await store.approvals.detail(theirs.id)).toEqual(bytes(7));
  });

  test('leaves no room for more', async () => {
    await store.sessions.update(session.id, { state: 'ended' });
    for (const kind of ['flow', 'vault'] as const) {
      await expect(store[kind].append(session.id, 0, [bytes(1)])).rejects.toMatchObject({ code: 'conflict' });
    }
    expect(await store.flow.salt(session.id, bytes(1))).toBeUndefined();
    const late = store.approvals.insert(anApproval(session.id), bytes(1));
    await expect(late).rejects.toMatchObject({ code: 'conflict' });
    expect(await stored()).toEqual([]);
    expect(await store.approvals.list({ limit: 9 })).toEqual([]);
  });
}
