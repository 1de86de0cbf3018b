import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AuditLog, EntryFilter, Store } from '@sallyport/core';
import { recoverOpenIntents } from '../../src/audit/recover.ts';
import { anAgent, anIntent, anOperatorEntry, aResult, aSession, clock, newId } from './fixtures.ts';

export interface OpenedStore {
  readonly store: Store;
  readonly audit: AuditLog;
  /** Closes it and opens the same data again. */
  reopen(): Promise<OpenedStore>;
  close(): Promise<void>;
}

let opened: OpenedStore;
let store: Store;
let audit: AuditLog;

/** What every audit log promises, and every reader of it; part of `storeConformance`. */
export function logConformance(open: () => Promise<OpenedStore>): void {
  describe('audit log', () => {
    beforeEach(async () => {
      opened = await open();
      ({ store, audit } = opened);
    });
    afterEach(() => opened.close());
    describe('entries', entries);
    describe('appends', appends);
    describe('counters', counters);
    describe('activity', activity);
    describe('open intents', openIntents);
    describe('hostile content', hostile);
  });
}

const seqs = async (filter: Partial<EntryFilter>) =>
  (await store.entries.list({ limit: 9, ...filter })).map(({ seq }) => seq);

function entries(): void {
  test('an appended entry is there, whole, as soon as append resolves, and after a restart', async () => {
    const all = [anIntent({ content: '{"to":"a@b.c"}' }), aResult(), anOperatorEntry({ detail: 'by hand' })];
    for (const entry of all) await audit.append(entry);
    const recorded = all.map((entry, index) => Object.assign(entry, { seq: index + 1 }));
    expect(await store.entries.list({ after: 0, limit: 9 })).toEqual(recorded);
    opened = await opened.reopen();
    expect(await opened.store.entries.list({ after: 0, limit: 9 })).toEqual(recorded);
  });

  test('seq follows the order of append, without a gap, however the appends fall into batches', async () => {
    const all = Array.from({ length: 1500 }, (_, index) => anIntent({ subject: String(index) }));
    const waiting: Promise<void>[] = [];
    for (const [index, entry] of all.entries()) {
      waiting.push(audit.append(entry));
      if (index % 400 === 0) await Promise.all(waiting);
    }
    await Promise.all(waiting);
    const recorded = await store.entries.list({ after: 0, limit: 10_000 });
    expect(recorded.map(({ seq }) => seq)).toEqual(all.map((_, index) => index + 1));
    expect(recorded.map(({ id }) => id)).toEqual(all.map(({ id }) => id));
  });

  test('entries are read forwards after a place, backwards before one, newest first without one', async () => {
    for (let index = 1; index <= 6; index += 1) await audit.append(anIntent({ at: index }));
    expect(await seqs({ limit: 2 })).toEqual([6, 5]);
    expect(await seqs({ before: 4, limit: 2 })).toEqual([3, 2]);
    expect(await seqs({ after: 2, limit: 2 })).toEqual([3, 4]);
    expect(await seqs({ since: 4 })).toEqual([6, 5, 4]);
    await expect(seqs({ after: 1, before: 3 })).rejects.toMatchObject({ code: 'invalid_request' });
  });

  test('entries are filtered by session, agent, kind and outcome', async () => {
    await audit.append(anIntent({ sessionId: 's' }));
    const session = aSession({ agent: { id: 'a', name: 'a', roles: [] } });
    await store.sessions.insert(session);
    await audit.append(anIntent({ sessionId: session.id, agentId: 'a', kind: 'model_request' }, 'deny'));
    await audit.append(anIntent({}, 'require_approval'));
    await audit.append(aResult({ sessionId: 's' }));
    await audit.append(anOperatorEntry());
    expect(await seqs({ sessionId: 's' })).toEqual([4, 1]);
    expect(await seqs({ agentId: 'a' })).toEqual([2]);
    expect(await seqs({ kind: 'model_request' })).toEqual([2]);
    expect(await seqs({ outcome: 'deny' })).toEqual([2]);
    expect(await seqs({ outcome: 'require_approval' })).toEqual([3]);
    expect(await seqs({ outcome: 'allow', sessionId: 's' })).toEqual([1]);
    expect(await seqs({ outcome: 'deny', sessionId: 's' })).toEqual([]);
  });
}

function appends(): void {
  test('two appends of one turn share a commit, and the log tells of it once, in order', async () => {
    const batches: number[][] = [];
    const stop = audit.subscribe((recorded) => batches.push(recorded.map(({ seq }) => seq)));
    await Promise.all([audit.append(anIntent()), audit.append(aResult()), audit.append(anOperatorEntry())]);
    expect(batches).toEqual([[1, 2, 3]]);
    stop();
    await audit.append(anIntent());
    expect(batches).toHaveLength(1);
  });

  test('an entry that nobody waits for is in the log before the store is closed', async () => {
    const entry = anIntent({ kind: 'model_request' });
    audit.enqueue(entry);
    opened = await opened.reopen();
    expect(await opened.store.entries.list({ limit: 9 })).toEqual([{ ...entry, seq: 1 }]);
  });

  test('nothing is appended to or read from a closed store', async () => {
    await store.close();
    await expect(audit.append(anIntent())).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(() => audit.enqueue(anIntent())).toThrow(expect.objectContaining({ code: 'store_unavailable' }));
    await expect(store.agents.list()).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(store.entries.list({ limit: 1 })).rejects.toMatchObject({ code: 'store_unavailable' });
  });
}

function counters(): void {
  test("a session's counters are the sum over its entries at the moment append resolves", async () => {
    const [session, other] = [aSession(), aSession()];
    for (const one of [session, other]) await store.sessions.insert(one);
    const sessionId = session.id;
    await Promise.all([
      audit.append(anIntent({ sessionId })),
      audit.append(anIntent({ sessionId }, 'deny')),
      audit.append(anIntent({ sessionId, kind: 'model_request' }, 'require_approval')),
      audit.append(aResult({ sessionId })),
      audit.append(aResult({ sessionId })),
      audit.append(aResult({ sessionId: other.id })),
      audit.append(aResult({ sessionId: 'of a session that is not there' })),
    ]);
    const { counters: sums } = (await store.sessions.get(sessionId)) ?? {};
    expect(sums).toEqual({
      modelCalls: 1,
      toolCalls: 2,
      denied: 1,
      held: 1,
      tokensIn: 20,
      tokensOut: 40,
      costMicros: 60,
    });
    expect((await store.sessions.get(other.id))?.counters.tokensIn).toBe(10);
  });
}

function activity(): void {
  test('the figures of a stretch count what lies in it, in slices, and each denial under one reason', async () => {
    const minute = (count: number) => count * 60_000;
    await audit.append(anIntent({ at: minute(100) - 1 }, 'deny'));
    await audit.append(anIntent({ at: minute(100) }));
    await audit.append(aResult({ at: minute(101) }));
    await audit.append(anIntent({ at: minute(133) + 1 }, 'deny'));
    const both = [{ code: 'approval_required' }, { code: 'forbidden' }] as const;
    const decision = { outcome: 'deny', reasons: both, verdicts: [], policy: '' } as const;
    await audit.append(anIntent({ at: minute(134), decision }));
    await audit.append(anIntent({ at: minute(199) + 59_999 }, 'require_approval'));
    await audit.append(anOperatorEntry({ at: minute(150) }));
    await audit.append(anIntent({ at: minute(200) }, 'deny'));
    expect(await store.entries.activity(minute(100), minute(200), 3)).toEqual({
      events: 4,
      denied: 2,
      held: 1,
      tokensIn: 10,
      tokensOut: 20,
      costMicros: 30,
      denials: { no_permission: 1, forbidden: 1 },
      slices: [
        { at: minute(100), events: 2, denied: 1 },
        { at: 8_000_000, events: 1, denied: 1 },
        { at: 10_000_000, events: 1, denied: 0 },
      ],
    });
  });

  test('an empty stretch is all zero, and a senseless one is refused', async () => {
    const empty = await store.entries.activity(0, 10, 2);
    expect(empty).toMatchObject({ events: 0, denied: 0, tokensIn: 0, denials: {} });
    expect(empty.slices.map(({ at }) => at)).toEqual([0, 5]);
    for (const [since, until, slices] of [
      [10, 10, 1],
      [10, 9, 1],
      [0, 10, 0],
      [0, 10, 1e9],
      [0.5, 10, 1],
    ] as const) {
      await expect(store.entries.activity(since, until, slices)).rejects.toMatchObject({ code: 'invalid_request' });
    }
  });
}

function openIntents(): void {
  test('only an intent that owes a result and has none is open', async () => {
    const [open, rewritten, done] = [anIntent(), anIntent({ kind: 'model_request' }, 'transform'), anIntent()];
    await Promise.all([open, rewritten, done].map((intent) => audit.append(intent)));
    await audit.append(aResult({ eventId: done.eventId }));
    await audit.append(anIntent({}, 'deny'));
    await audit.append(anIntent({}, 'require_approval'));
    await audit.append(anIntent({ kind: 'user_message', owesResult: false }));
    expect((await store.entries.openIntents()).map(({ id }) => id)).toEqual([open.id, rewritten.id]);
  });

  test('an intent and its result in one batch leave nothing open', async () => {
    const intent = anIntent();
    await Promise.all([audit.append(intent), audit.append(aResult({ eventId: intent.eventId }))]);
    expect(await store.entries.openIntents()).toEqual([]);
  });

  test('what a stop left open is marked unknown, once', async () => {
    const open = Array.from({ length: 1203 }, () => anIntent());
    await Promise.all(open.map((intent) => audit.append(intent)));
    opened = await opened.reopen();
    ({ store, audit } = opened);
    expect(await recoverOpenIntents(store, audit, newId, clock)).toBe(1203);
    expect(await recoverOpenIntents(store, audit, newId, clock)).toBe(0);
    const results = await store.entries.list({ after: 1203, limit: 10_000 });
    expect(results.map((entry) => entry.phase === 'result' && entry.eventId)).toEqual(
      open.map(({ eventId }) => eventId),
    );
    for (const entry of results) expect(entry).toMatchObject({ phase: 'result', result: { outcome: 'unknown' } });
  });
}

function hostile(): void {
  const texts = {
    'a NUL': 'a\0b',
    'half a surrogate pair': 'a\ud800b',
    'the other half': '\udc00',
    'an emoji': '👩‍👩‍👧',
    'a megabyte': 'x'.repeat(1024 * 1024),
    'a key of every object': '{"__proto__":{"admin":true},"constructor":1}',
    'line separators and a BOM': '\ufeff\u2028\u2029\r\n',
  };

  test.each(Object.entries(texts))('%s in an entry comes back as it went in', async (_, text) => {
    const entry = anIntent({ content: text, subject: text, userId: text });
    await audit.append(entry);
    expect(await store.entries.list({ limit: 1 })).toEqual([{ ...entry, seq: 1 }]);
  });

  test('keys of every object in an entry are data', async () => {
    const result = JSON.parse('{"outcome":"ok","latencyMs":1,"__proto__":{"tokensIn":5}}') as {
      outcome: 'ok';
      latencyMs: 1;
    };
    await audit.append(aResult({ result }));
    const [read] = await store.entries.list({ limit: 1 });
    expect(JSON.stringify(read)).toContain('"__proto__":{"tokensIn":5}');
    expect((await store.entries.activity(0, Date.now(), 1)).tokensIn).toBe(0);
  });

  test.each(['a\0b', 'a\ud800b'])('a name that another database would change (%j) is refused', async (name) => {
    await expect(store.agents.insert(anAgent({ name }))).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(store.sessions.insert(aSession({ purpose: name }))).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(store.settings.setOnce(name, 'x')).rejects.toMatchObject({ code: 'invalid_request' });
    expect(await store.agents.list()).toEqual([]);
  });

  test('roles with any text come back as they went in', async () => {
    const agent = anAgent({ roles: ['a\0b', '\ud800', '"],["', '__proto__'] });
    await store.agents.insert(agent);
    expect(await store.agents.get(agent.id)).toEqual(agent);
  });

  test('an entry that no log can hold is refused alone, not with those beside it', async () => {
    const bad = [
      anIntent({ at: Number.NaN }),
      anIntent({ content: 'x'.repeat(5 * 1024 * 1024) }),
      aResult({ result: { outcome: 'ok', latencyMs: 1, costMicros: 0.5 } }),
    ];
    const good = anIntent();
    const settled = await Promise.allSettled([...bad, good].map((entry) => audit.append(entry)));
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'fulfilled']);
    expect(() => audit.enqueue(anIntent({ at: 0.5 }))).toThrow(/at is not a whole number/);
    expect(await store.entries.list({ limit: 9 })).toEqual([{ ...good, seq: 1 }]);
  });
}
