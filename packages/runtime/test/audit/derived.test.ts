import { afterEach, beforeEach, expect, test } from 'vitest';
import { DatabaseSync } from 'node:sqlite';
import type { Entry, RecordedEntry } from '@sallyport/core';
import { countersOf, zeroCounters } from '@sallyport/core';
import { Derived } from '../../src/audit/derived.ts';
import type { SumRows } from '../../src/audit/sums.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { SqliteStore } from '../../src/store/sqlite.ts';
import { anIntent, aResult, aSession, clock, temporaryFolder } from '../store/fixtures.ts';

let folder: ReturnType<typeof temporaryFolder>;
let opened: SqliteStore;
beforeEach(async () => {
  folder = temporaryFolder();
  opened = await openSqliteStore({ file: folder.file, clock });
});
afterEach(async () => {
  await opened.store.close();
  folder[Symbol.dispose]();
});

/** What the tables say, against the log itself. */
async function expectTrue(ids: readonly string[]): Promise<void> {
  const { store } = opened;
  const all = await store.entries.list({ after: 0, limit: 10_000 });
  for (const id of ids) {
    const own = all.filter((entry) => 'sessionId' in entry && entry.sessionId === id);
    expect(await store.entries.list({ after: 0, sessionId: id, limit: 10_000 })).toEqual(own);
    const sum: Record<string, number> = { ...zeroCounters };
    for (const entry of own) {
      for (const [name, value] of Object.entries(countersOf(entry))) sum[name] = (sum[name] ?? 0) + value;
    }
    expect((await store.sessions.get(id))?.counters).toEqual(sum);
  }
  const ended = new Set(all.flatMap((entry) => (entry.phase === 'result' ? [entry.eventId] : [])));
  const open = all.filter((entry) => entry.phase === 'intent' && entry.owesResult && !ended.has(entry.eventId));
  expect(await store.entries.openIntents()).toEqual(open);
  const events = all.filter(({ phase }) => phase === 'intent').length;
  expect((await store.entries.activity(0, 4_000_000_000_000, 1)).events).toBe(events);
}

const someEntries = (sessionId: string, count: number): Entry[] =>
  Array.from({ length: count }, (_, index): Entry[] => {
    const intent = anIntent({ sessionId }, index % 5 === 0 ? 'deny' : 'allow');
    return index % 3 === 0 ? [intent] : [intent, aResult({ sessionId, eventId: intent.eventId })];
  }).flat();

test('whoever reads, reads what was durable when he asked, however much was appended and by whom', async () => {
  const sessions = [aSession(), aSession(), aSession()];
  for (const session of sessions) await opened.store.sessions.insert(session);
  const ids = sessions.map(({ id }) => id);
  for (let round = 0; round < 4; round += 1) {
    const many = ids.flatMap((id, index) => someEntries(id, [3, 400, 40][index] ?? 0));
    const appended = Promise.all(many.map((entry) => opened.audit.append(entry)));
    // Readers in between neither lose entries nor count them twice.
    await Promise.all(ids.map((id) => opened.store.sessions.get(id)));
    await appended;
    await expectTrue(ids);
  }
});

test('what a crash left undone follows from the log at the next start, once', async () => {
  const session = aSession();
  await opened.store.sessions.insert(session);
  await Promise.all(someEntries(session.id, 50).map((entry) => opened.audit.append(entry)));
  await opened.store.close();
  const later = someEntries(session.id, 700);
  const db = new DatabaseSync(folder.file);
  // As a process leaves it that was killed after its last commit: entries, and nothing yet of what follows from them.
  const { next } = db.prepare('SELECT max(seq) + 1 AS next FROM entries').get() as { next: number };
  const insert = db.prepare('INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)');
  for (const [index, entry] of later.entries()) {
    const outcome = entry.phase === 'intent' ? entry.decision.outcome : 'ok';
    insert.run(next + index, entry.at, session.id, 'tool_call', entry.phase, outcome, JSON.stringify(entry));
  }
  db.close();
  for (let start = 0; start < 2; start += 1) {
    opened = await openSqliteStore({ file: folder.file, clock });
    await expectTrue([session.id]);
    await opened.store.close();
  }
  opened = await openSqliteStore({ file: folder.file, clock });
});

test('no provider takes from what was counted by tokens below nothing', async () => {
  const session = aSession();
  await opened.store.sessions.insert(session);
  const result = { outcome: 'ok', latencyMs: 1, tokensIn: -5, tokensOut: 7, costMicros: -9 } as const;
  await opened.audit.append(aResult({ sessionId: session.id }));
  await opened.audit.append(aResult({ sessionId: session.id, result }));
  const counted = { tokensIn: 10, tokensOut: 27, costMicros: 30 };
  expect((await opened.store.sessions.get(session.id))?.counters).toMatchObject(counted);
});

test('no provider makes what was counted unreadable by the tokens that it says it took', async () => {
  const session = aSession();
  await opened.store.sessions.insert(session);
  const most = Number.MAX_SAFE_INTEGER;
  const result = { outcome: 'ok', latencyMs: 1, tokensIn: most, tokensOut: most } as const;
  const greedy = () => aResult({ sessionId: session.id, result });
  for (let round = 0; round < 3; round += 1) {
    // In one stretch more than SQLite's integers hold, and more with every stretch.
    await Promise.all(Array.from({ length: 1100 }, () => opened.audit.append(greedy())));
    const { counters } = (await opened.store.sessions.get(session.id)) ?? {};
    expect(counters).toMatchObject({ tokensIn: most, tokensOut: most, costMicros: 0 });
  }
  await opened.audit.append(aResult({ sessionId: session.id, at: 1_763_690_000_000 + 60_000, result }));
  expect(await opened.store.entries.activity(0, 4_000_000_000_000, 1)).toMatchObject({ tokensIn: most });
  expect(await opened.store.sessions.list({ limit: 1 })).toHaveLength(1);
  await opened.store.close();
  opened = await openSqliteStore({ file: folder.file, clock });
});

/** A log and tables that can fail half-way, which a real disk does too seldom. */
class Tables {
  readonly log: RecordedEntry[] = [];
  written = 0;
  events = 0;
  fails: 'no' | 'before' | 'after' = 'no';

  readonly derived = new Derived({
    clock,
    mark: async () => this.written,
    read: async (after, limit) => this.log.slice(after, after + limit),
    write: async (from, to, rows) => this.#write(from, to, rows),
  });

  append(count: number, told = true): void {
    const added = Array.from({ length: count }, (_, index) => ({ ...anIntent(), seq: this.log.length + 1 + index }));
    this.log.push(...added);
    if (told) this.derived.note(added);
  }

  #write(from: number, to: number, { minutes }: SumRows): void {
    if (this.fails === 'before') throw new Error('the disk is full');
    if (from !== this.written) throw new Error('not from here');
    this.written = to;
    for (const { events } of minutes) this.events += events;
    if (this.fails === 'after') throw new Error('the thread died');
  }
}

test.each(['before', 'after'] as const)(
  'a write that fails %s it was made counts nothing twice and loses nothing',
  async (fails) => {
    const tables = new Tables();
    await tables.derived.catchUp();
    tables.append(10);
    tables.fails = fails;
    await expect(tables.derived.catchUp()).rejects.toThrow();
    tables.append(5);
    await expect(tables.derived.catchUp()).rejects.toThrow();
    tables.fails = 'no';
    tables.append(1);
    await tables.derived.catchUp();
    expect(tables.events).toBe(16);
    tables.append(1);
    await tables.derived.close();
    expect([tables.events, tables.written]).toEqual([17, 17]);
  },
);

test('entries that the log has and did not tell of are found', async () => {
  const tables = new Tables();
  await tables.derived.catchUp();
  tables.append(3);
  tables.append(2, false);
  tables.derived.doubt();
  await tables.derived.catchUp();
  expect(tables.events).toBe(5);
  tables.append(2, false);
  tables.append(1500);
  await tables.derived.close();
  expect(tables.events).toBe(1507);
});

test('everyone who asks at once is told after what he asked for is written', async () => {
  const tables = new Tables();
  for (let round = 0; round < 20; round += 1) {
    tables.append(1 + (round % 3));
    const heard = tables.log.length;
    const asked = tables.derived.catchUp().then(() => expect(tables.written).toBeGreaterThanOrEqual(heard));
    if (round % 4 === 0) await asked;
  }
  await tables.derived.close();
  expect(tables.events).toBe(tables.log.length);
});
