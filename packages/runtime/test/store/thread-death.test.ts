import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { Worker } from 'node:worker_threads';
import { countersOf, zeroCounters } from '@sallyport/core';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { SqliteWorker } from '../../src/store/worker-client.ts';
import { anIntent, aResult, aSession, clock, temporaryFolder } from './fixtures.ts';

test(
  'whenever a database thread dies, everyone is told, what was acknowledged stands, and all of it counts once',
  { timeout: 120_000 },
  async () => {
    using folder = temporaryFolder();
    const threads: Worker[] = [];
    const born = (worker: Worker) => void threads.push(worker);
    process.on('worker', born);
    const { store, audit } = await openSqliteStore({ file: folder.file, clock });
    const session = aSession();
    await store.sessions.insert(session);
    const acknowledged: string[] = [];
    const queued: string[] = [];
    const pieces: number[] = [];
    const over = new AbortController();
    const callers = Array.from({ length: 8 }, async () => {
      while (!over.signal.aborted) {
        const intent = anIntent({ sessionId: session.id });
        try {
          await audit.append(intent);
          acknowledged.push(intent.id);
          const result = aResult({ sessionId: session.id, eventId: intent.eventId });
          audit.enqueue(result);
          queued.push(result.id);
          await store.sessions.get(session.id);
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
    });
    const placing = (async () => {
      for (let place = 0; !over.signal.aborted;) {
        try {
          await store.flow.append(session.id, place, [Uint8Array.of(place % 256)]);
          pieces.push(place);
          place += 1;
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
    })();
    for (let round = 0; round < 10; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 300));
      await threads.at(-1 - (round % 2))?.terminate();
      // One at a time: where nobody can be asked what was written, it is written again.
      const works = () => audit.append(anIntent({ sessionId: session.id })).then(() => store.sessions.get(session.id));
      await expect.poll(() => works().catch(() => undefined), { timeout: 30_000 }).toBeDefined();
    }
    over.abort();
    await Promise.all([...callers, placing]);
    await store.close();
    process.off('worker', born);
    const again = await openSqliteStore({ file: folder.file, clock });
    const all = [];
    for (;;) {
      const page = await again.store.entries.list({ after: all.at(-1)?.seq ?? 0, limit: 10_000 });
      if (page.length === 0) break;
      all.push(...page);
    }
    const sum: Record<string, number> = { ...zeroCounters };
    for (const entry of all)
      for (const [name, value] of Object.entries(countersOf(entry))) sum[name] = (sum[name] ?? 0) + value;
    const ids = all.map(({ id }) => id);
    expect((await again.store.sessions.get(session.id))?.counters).toEqual(sum);
    expect(acknowledged.filter((id) => !ids.includes(id))).toEqual([]);
    expect(queued.filter((id) => !ids.includes(id))).toEqual([]);
    expect((await again.store.flow.load(session.id)).length).toBeGreaterThanOrEqual(pieces.length);
    expect(ids.length).toBe(new Set(ids).size);
    await again.store.close();
  },
);

test('a commit whose thread died before it could say so is acknowledged, and made once', async () => {
  using folder = temporaryFolder();
  const threads: Worker[] = [];
  const born = (worker: Worker) => void threads.push(worker);
  process.on('worker', born);
  const { store, audit } = await openSqliteStore({ file: folder.file, clock });
  process.off('worker', born);
  const session = aSession();
  await store.sessions.insert(session);
  const [writer] = threads;
  writer?.removeAllListeners('message');
  audit.enqueue(anIntent({ sessionId: session.id }));
  const appended = audit.append(anIntent({ sessionId: session.id }));
  const other = new DatabaseSync(folder.file, { readOnly: true });
  await expect
    .poll(() => other.prepare('SELECT count(*) AS n FROM entries').get(), { timeout: 30_000 })
    .toEqual({ n: 2 });
  other.close();
  await writer?.terminate();
  await appended;
  await store.close();
  const again = await openSqliteStore({ file: folder.file, clock });
  expect(await again.store.entries.list({ limit: 9 })).toHaveLength(2);
  expect((await again.store.sessions.get(session.id))?.counters.toolCalls).toBe(2);
  await again.store.close();
});

test('what nobody waited for is not lost to a thread that died right before the store is closed', async () => {
  using folder = temporaryFolder();
  const threads: Worker[] = [];
  const born = (worker: Worker) => void threads.push(worker);
  process.on('worker', born);
  const { store, audit } = await openSqliteStore({ file: folder.file, clock });
  process.off('worker', born);
  await threads[0]?.terminate();
  audit.enqueue(anIntent());
  await store.close();
  const again = await openSqliteStore({ file: folder.file, clock });
  expect(await again.store.entries.list({ limit: 9 })).toHaveLength(1);
  await again.store.close();
});

test('a write that was given up before it left is never made', async () => {
  using folder = temporaryFolder();
  await (await openSqliteStore({ file: folder.file, clock })).store.close();
  const timers = new Set<() => void>();
  let at = 0;
  const after = (ms: number, then: () => void) => {
    const cancel = clock.after(ms, then);
    if (ms < 1000) return cancel;
    timers.add(then);
    return cancel;
  };
  const worker = new SqliteWorker(
    { file: folder.file, role: 'writer', sealed: true },
    { ...clock, micros: () => at * 1000, after },
  );
  const count = async () => (await worker.query({ sql: 'SELECT count(*) AS n FROM settings', parameters: [] })).rows;
  expect(await count()).toEqual([{ n: 0 }]);
  const set = (name: string) =>
    worker.query({ sql: "INSERT INTO settings (key, value) VALUES (?, '1')", parameters: [name] });
  const other = new DatabaseSync(folder.file);
  other.exec('BEGIN IMMEDIATE');
  const underWay = set('under way');
  await new Promise((resolve) => setImmediate(resolve));
  const waiting = set('waiting');
  at += 60_000;
  for (const due of timers) due();
  await expect(underWay).rejects.toMatchObject({ code: 'store_unavailable' });
  await expect(waiting).rejects.toMatchObject({ code: 'store_unavailable' });
  other.exec('ROLLBACK');
  other.close();
  // What was under way is as it may be.
  await set('last');
  const { rows } = await worker.query({ sql: "SELECT key FROM settings WHERE key <> 'under way'", parameters: [] });
  expect(rows).toEqual([{ key: 'last' }]);
  await worker.close();
});
