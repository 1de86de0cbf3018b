import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { countersOf, zeroCounters } from '@sallyport/core';
import type { RecordedEntry, SessionCounters, Store } from '@sallyport/core';
import { recoverOpenIntents } from '../../src/audit/recover.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { anIntent, aSession, clock, newId, temporaryFolder } from './fixtures.ts';

const childFile = fileURLToPath(new URL('append-child.ts', import.meta.url));

/** Runs the child until it is killed, `ms` after its first line, and resolves to the lines it had written. */
async function killed(task: string, file: string, ms: number): Promise<string[]> {
  const child = spawn(process.execPath, [childFile, task, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const output: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => output.push(text));
  const exited = once(child, 'exit');
  const closed = once(child.stdout, 'close');
  await once(child.stdout, 'data');
  setTimeout(() => child.kill('SIGKILL'), ms);
  await exited;
  await closed;
  // A last line cut short was not acknowledged to anybody.
  return output.join('').split('\n').slice(0, -1);
}

async function allEntries(store: Store): Promise<RecordedEntry[]> {
  const all: RecordedEntry[] = [];
  for (;;) {
    const page = await store.entries.list({ after: all.at(-1)?.seq ?? 0, limit: 10_000 });
    if (page.length === 0) return all;
    all.push(...page);
  }
}

function sumOf(entries: readonly RecordedEntry[]): SessionCounters {
  const sum: Record<keyof SessionCounters, number> = { ...zeroCounters };
  for (const entry of entries) {
    for (const [name, value] of Object.entries(countersOf(entry))) sum[name as keyof SessionCounters] += value;
  }
  return sum;
}

function openIn(entries: readonly RecordedEntry[]): string[] {
  const results = new Set(
    entries.filter(({ phase }) => phase === 'result').map((entry) => 'eventId' in entry && entry.eventId),
  );
  return entries.flatMap((entry) => (entry.phase === 'intent' && !results.has(entry.eventId) ? [entry.eventId] : []));
}

test('what was acknowledged survives kill -9 at any moment, whole and counted', { timeout: 300_000 }, async () => {
  using folder = temporaryFolder();
  const session = aSession();
  const first = await openSqliteStore({ file: folder.file, clock });
  await first.store.sessions.insert(session);
  await first.store.close();
  const acknowledged: string[] = [];
  for (let round = 0; round < 12; round += 1) {
    acknowledged.push(...(await killed('append', folder.file, Math.random() * 150)));
    const { store, audit } = await openSqliteStore({ file: folder.file, clock });
    const before = await allEntries(store);
    expect(before.map(({ seq }) => seq)).toEqual(before.map((_, index) => index + 1));
    const ids = new Set(before.map(({ id }) => id));
    expect(ids.size).toBe(before.length);
    expect(acknowledged.filter((id) => !ids.has(id))).toEqual([]);
    expect((await store.sessions.get(session.id))?.counters).toEqual(sumOf(before));
    const open = openIn(before);
    expect((await store.entries.openIntents()).map((entry) => 'eventId' in entry && entry.eventId)).toEqual(open);
    expect(await recoverOpenIntents(store, audit, newId, clock)).toBe(open.length);
    expect(openIn(await allEntries(store))).toEqual([]);
    await store.close();
  }
  expect(acknowledged.length).toBeGreaterThan(12);
});

test(
  'kill -9 at any moment: an approval is used if and only if its one entry is there',
  { timeout: 300_000 },
  async () => {
    using folder = temporaryFolder();
    const session = aSession();
    const first = await openSqliteStore({ file: folder.file, clock });
    await first.store.sessions.insert(session);
    await first.store.close();
    const told = new Map<string, string>();
    let open = 0;
    for (let round = 0; round < 10; round += 1) {
      for (const line of await killed('use', folder.file, Math.random() * 200)) {
        const [id = '', ...passed] = line.split(' ');
        expect(passed).toHaveLength(1);
        told.set(id, passed[0] ?? '');
      }
      const { store } = await openSqliteStore({ file: folder.file, clock });
      const approvals = await store.approvals.list({ limit: 10_000 });
      const intents = (await allEntries(store)).filter((entry) => entry.phase === 'intent');
      const using = Map.groupBy(intents, ({ decision }) => decision.approval ?? '');
      using.delete('');
      for (const { id, state, usedBy } of approvals) {
        const events = (using.get(id) ?? []).map(({ eventId }) => eventId);
        expect(events).toEqual(state === 'used' ? [usedBy] : []);
        if (told.has(id)) expect(events).toEqual([told.get(id)]);
      }
      const known = new Set(approvals.map(({ id }) => id));
      expect([...using.keys()].filter((id) => !known.has(id))).toEqual([]);
      open = approvals.filter(({ state }) => state === 'approved' || state === 'pending').length;
      await store.close();
    }
    // It was worth something only if many were used, and some were cut off before.
    expect(told.size).toBeGreaterThan(20);
    expect(open).toBeGreaterThan(0);
  },
);

test('an open intent gets one result, also when recovery itself is killed', { timeout: 300_000 }, async () => {
  using folder = temporaryFolder();
  const { store, audit } = await openSqliteStore({ file: folder.file, clock });
  const intents = Array.from({ length: 8000 }, () => anIntent());
  for (let from = 0; from < intents.length; from += 1000) {
    await Promise.all(intents.slice(from, from + 1000).map((intent) => audit.append(intent)));
  }
  await store.close();
  let partly = 0;
  for (let round = 0; round < 12; round += 1) {
    const lines = await killed('recover', folder.file, Math.random() * 10 * round);
    if (!lines.some((line) => line.startsWith('recovered'))) partly += 1;
  }
  const again = await openSqliteStore({ file: folder.file, clock });
  await recoverOpenIntents(again.store, again.audit, newId, clock);
  const results = (await allEntries(again.store)).flatMap((entry) => (entry.phase === 'result' ? [entry.eventId] : []));
  await again.store.close();
  expect(results.toSorted()).toEqual(intents.map(({ eventId }) => eventId).toSorted());
  expect(partly).toBeGreaterThan(0);
});
