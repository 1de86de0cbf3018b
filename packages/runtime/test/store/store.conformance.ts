import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AuditLog, Store } from '@sallyport/core';
import { recoverOpenIntents } from '../../src/audit/recover.ts';
import { aKey, anAgent, anIntent, anOperator, anOperatorEntry, aResult, aSession, clock, newId } from './fixtures.ts';

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

/** What every store and its audit log promise. A driver runs this from its own test file. */
export function storeConformance(name: string, open: () => Promise<OpenedStore>): void {
  describe(name, () => {
    beforeEach(async () => {
      opened = await open();
      ({ store, audit } = opened);
    });
    afterEach(() => opened.close());
    describe('agents', agents);
    describe('agent keys', agentKeys);
    describe('operators', operators);
    describe('sign-ins', signIns);
    describe('sessions', sessions);
    describe('settings', settings);
    describe('entries', entries);
    describe('counters', counters);
    describe('activity', activity);
    describe('open intents', openIntents);
    describe('hostile content', hostile);
  });
}

function agents(): void {
  test('an agent is read back as it was written', async () => {
    const agent = anAgent({ name: "Robert'); DROP TABLE agents;--", disabledAt: 7 });
    await store.agents.insert(agent);
    expect(await store.agents.get(agent.id)).toEqual(agent);
    expect(await store.agents.list()).toEqual([agent]);
    expect(await store.agents.get('none')).toBeUndefined();
  });

  test('a second agent with the same id is a conflict and leaves the first as it was', async () => {
    const agent = anAgent();
    await store.agents.insert(agent);
    await expect(store.agents.insert({ ...agent, name: 'other' })).rejects.toMatchObject({ code: 'conflict' });
    expect(await store.agents.get(agent.id)).toEqual(agent);
  });

  test('a change touches what it names and nothing else', async () => {
    const [agent, other] = [anAgent(), anAgent()];
    await store.agents.insert(agent);
    await store.agents.insert(other);
    expect(await store.agents.update(agent.id, { roles: [], namesUsers: false })).toBe(true);
    expect(await store.agents.get(agent.id)).toEqual({ ...agent, roles: [], namesUsers: false });
    expect(await store.agents.update(agent.id, { name: 'renamed', disabledAt: 5 })).toBe(true);
    expect(await store.agents.update(agent.id, { disabledAt: null })).toBe(true);
    expect(await store.agents.get(agent.id)).toEqual({ ...agent, name: 'renamed', roles: [], namesUsers: false });
    expect(await store.agents.get(other.id)).toEqual(other);
  });

  test('a change of nothing says whether the agent is there', async () => {
    const agent = anAgent();
    await store.agents.insert(agent);
    expect(await store.agents.update(agent.id, {})).toBe(true);
    expect(await store.agents.update('none', { name: 'x' })).toBe(false);
    expect(await store.agents.update('none', {})).toBe(false);
  });
}

function agentKeys(): void {
  test('a key is found by its hash and by its agent', async () => {
    const agent = anAgent();
    const [first, second] = [aKey(agent.id, { createdAt: 1 }), aKey(agent.id, { createdAt: 2, expiresAt: 9 })];
    await store.agents.insert(agent);
    await store.agents.insertKey(second);
    await store.agents.insertKey(first);
    expect(await store.agents.keys(agent.id)).toEqual([first, second]);
    expect(await store.agents.keyByHash(second.hash)).toEqual(second);
    expect(await store.agents.keyByHash('none')).toBeUndefined();
    expect(await store.agents.keys('none')).toEqual([]);
  });

  test('a key is revoked by its id', async () => {
    const agent = anAgent();
    const key = aKey(agent.id);
    await store.agents.insert(agent);
    await store.agents.insertKey(key);
    expect(await store.agents.updateKey(key.id, { revokedAt: 5 })).toBe(true);
    expect(await store.agents.updateKey(key.id, { lastUsedAt: 6 })).toBe(true);
    expect(await store.agents.keyByHash(key.hash)).toEqual({ ...key, revokedAt: 5, lastUsedAt: 6 });
    expect(await store.agents.updateKey('none', { revokedAt: 5 })).toBe(false);
  });

  test('a key belongs to an agent that is there, and no two keys share a hash', async () => {
    const agent = anAgent();
    await store.agents.insert(agent);
    await store.agents.insertKey(aKey(agent.id, { hash: 'one' }));
    const twin = aKey(agent.id, { hash: 'one' });
    await expect(store.agents.insertKey(twin)).rejects.toMatchObject({ code: 'conflict' });
    await expect(store.agents.insertKey(aKey('none'))).rejects.toMatchObject({ code: 'not_found' });
  });
}

function operators(): void {
  test('an operator is read back as written, and changes by what is named', async () => {
    const operator = anOperator();
    await store.operators.insert(operator);
    expect(await store.operators.list()).toEqual([operator]);
    expect(await store.operators.update(operator.id, { role: 'viewer', disabledAt: 3 })).toBe(true);
    expect(await store.operators.get(operator.id)).toEqual({ ...operator, role: 'viewer', disabledAt: 3 });
    expect(await store.operators.update('none', { name: 'x' })).toBe(false);
    expect(await store.operators.get('none')).toBeUndefined();
  });
}

function signIns(): void {
  const record = (operatorId: string, hash = newId()) =>
    ({ hash, operatorId, kind: 'link', createdAt: 1, expiresAt: 2 }) as const;

  test('a sign-in is read as often as one likes and taken once', async () => {
    const operator = anOperator();
    const signIn = record(operator.id);
    await store.operators.insert(operator);
    await store.operators.insertSignIn(signIn);
    expect(await store.operators.signIn(signIn.hash)).toEqual(signIn);
    expect(await store.operators.signIn(signIn.hash)).toEqual(signIn);
    expect(await store.operators.takeSignIn(signIn.hash)).toEqual(signIn);
    expect(await store.operators.takeSignIn(signIn.hash)).toBeUndefined();
    expect(await store.operators.signIn(signIn.hash)).toBeUndefined();
  });

  test('of fifty who take one link at the same moment, one gets in', async () => {
    const operator = anOperator();
    const signIn = record(operator.id);
    await store.operators.insert(operator);
    await store.operators.insertSignIn(signIn);
    const takers = Array.from({ length: 50 }, () => store.operators.takeSignIn(signIn.hash));
    const taken = (await Promise.all(takers)).filter((taker) => taker !== undefined);
    expect(taken).toEqual([signIn]);
  });

  test('signing an operator out everywhere leaves the others signed in', async () => {
    const [operator, other] = [anOperator(), anOperator()];
    for (const person of [operator, other]) await store.operators.insert(person);
    const mine = [record(operator.id), record(operator.id)];
    const theirs = record(other.id);
    for (const signIn of [...mine, theirs]) await store.operators.insertSignIn(signIn);
    await store.operators.deleteSignIns(operator.id);
    for (const { hash } of mine) expect(await store.operators.signIn(hash)).toBeUndefined();
    expect(await store.operators.signIn(theirs.hash)).toEqual(theirs);
    await expect(store.operators.insertSignIn(record('none'))).rejects.toMatchObject({ code: 'not_found' });
  });
}

function sessions(): void {
  test('a session is read back as written, but for its counters, which only the log moves', async () => {
    const session = aSession();
    await store.sessions.insert({ ...session, counters: { ...session.counters, toolCalls: 7 } });
    expect(await store.sessions.get(session.id)).toEqual(session);
    expect(await store.sessions.get('none')).toBeUndefined();
    expect(await store.sessions.update(session.id, { state: 'ended', expiresAt: 5 })).toBe(true);
    expect(await store.sessions.get(session.id)).toEqual({ ...session, state: 'ended', expiresAt: 5 });
    expect(await store.sessions.update('none', { state: 'ended' })).toBe(false);
  });

  test('pages of the list, newest first, show each session once, also where many opened in one millisecond', async () => {
    const all = Array.from({ length: 25 }, (_, index) => aSession({ openedAt: Math.floor(index / 10) }));
    for (const session of all) await store.sessions.insert(session);
    const seen: string[] = [];
    for (let before: string | undefined; ;) {
      const page = await store.sessions.list({ limit: 4, ...(before === undefined ? {} : { before }) });
      if (page.length === 0) break;
      seen.push(...page.map(({ id }) => id));
      before = seen.at(-1);
    }
    const newestFirst = all.toSorted((a, b) => b.openedAt - a.openedAt || (a.id < b.id ? 1 : -1));
    expect(seen).toEqual(newestFirst.map(({ id }) => id));
    expect(await store.sessions.list({ limit: 4, before: 'none' })).toEqual([]);
  });

  test('the list is filtered by state, agent and user together', async () => {
    const agent = { id: 'agent-2', name: 'b', roles: [] };
    const wanted = aSession({ agent, state: 'ended', user: { id: 'user-2', roles: [] } });
    const others = [aSession(), aSession({ agent }), aSession({ state: 'ended' }), aSession({ user: wanted.user })];
    for (const session of [wanted, ...others]) await store.sessions.insert(session);
    expect(await store.sessions.list({ state: 'ended', agentId: 'agent-2', userId: 'user-2', limit: 9 })).toEqual([
      wanted,
    ]);
    expect(await store.sessions.list({ agentId: 'agent-2', limit: 9 })).toHaveLength(2);
    expect(await store.sessions.list({ limit: 9 })).toHaveLength(5);
  });

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('a list of %d is refused by name', async (limit) => {
    const refusal = { code: 'invalid_request', path: 'limit' };
    await expect(store.sessions.list({ limit })).rejects.toMatchObject(refusal);
    await expect(store.entries.list({ limit })).rejects.toMatchObject(refusal);
  });
}

function settings(): void {
  test('a setting keeps the first of fifty values set at the same moment, and all learn which', async () => {
    expect(await store.settings.get('key')).toBeUndefined();
    const tries = Array.from({ length: 50 }, (_, index) => store.settings.setOnce('key', `value ${index}`));
    const kept = new Set(await Promise.all(tries));
    expect(kept.size).toBe(1);
    expect(await store.settings.get('key')).toBe([...kept][0]);
    expect(await store.settings.setOnce('key', 'late')).toBe([...kept][0]);
  });

  test('a setting outlives the process', async () => {
    await store.settings.setOnce('__proto__', 'signing key');
    opened = await opened.reopen();
    expect(await opened.store.settings.get('__proto__')).toBe('signing key');
  });
}

function entries(): void {
  test('an appended entry is there, whole, as soon as append resolves, and after a restart', async () => {
    const all = [anIntent({ content: '{"to":"a@b.c"}' }), aResult(), anOperatorEntry({ detail: 'by hand' })];
    for (const entry of all) await audit.append(entry);
    const recorded = all.map((entry, index) => ({ ...entry, seq: index + 1 }));
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
    const seqs = async (filter: object) => (await store.entries.list({ limit: 2, ...filter })).map(({ seq }) => seq);
    expect(await seqs({})).toEqual([6, 5]);
    expect(await seqs({ before: 4 })).toEqual([3, 2]);
    expect(await seqs({ after: 2 })).toEqual([3, 4]);
    expect(await seqs({ since: 4, limit: 9 })).toEqual([6, 5, 4]);
    await expect(seqs({ after: 1, before: 3 })).rejects.toMatchObject({ code: 'invalid_request' });
  });

  test('entries are filtered by session, agent, kind and outcome', async () => {
    await audit.append(anIntent({ sessionId: 's' }));
    await audit.append(anIntent({ agentId: 'a', kind: 'model_request' }, 'deny'));
    await audit.append(anIntent({}, 'require_approval'));
    await audit.append(aResult({ sessionId: 's' }));
    await audit.append(anOperatorEntry());
    const seqs = async (filter: object) => (await store.entries.list({ limit: 9, ...filter })).map(({ seq }) => seq);
    expect(await seqs({ sessionId: 's' })).toEqual([4, 1]);
    expect(await seqs({ agentId: 'a' })).toEqual([2]);
    expect(await seqs({ kind: 'model_request' })).toEqual([2]);
    expect(await seqs({ outcome: 'deny' })).toEqual([2]);
    expect(await seqs({ outcome: 'require_approval' })).toEqual([3]);
    expect(await seqs({ outcome: 'allow', sessionId: 's' })).toEqual([1]);
    expect(await seqs({ outcome: 'deny', sessionId: 's' })).toEqual([]);
  });

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
    await audit.append(anIntent({ at: 99 }, 'deny'));
    await audit.append(anIntent({ at: 100 }));
    await audit.append(aResult({ at: 110 }));
    await audit.append(anIntent({ at: 133 }, 'deny'));
    const both = [{ code: 'approval_required' }, { code: 'forbidden' }] as const;
    const decision = { outcome: 'deny', reasons: both, verdicts: [], policy: '' } as const;
    await audit.append(anIntent({ at: 134, decision }));
    await audit.append(anIntent({ at: 199 }, 'require_approval'));
    await audit.append(anOperatorEntry({ at: 150 }));
    await audit.append(anIntent({ at: 200 }, 'deny'));
    expect(await store.entries.activity(100, 200, 3)).toEqual({
      events: 4,
      denied: 2,
      held: 1,
      tokensIn: 10,
      tokensOut: 20,
      costMicros: 30,
      denials: { no_permission: 1, forbidden: 1 },
      slices: [
        { at: 100, events: 2, denied: 1 },
        { at: 134, events: 1, denied: 1 },
        { at: 167, events: 1, denied: 0 },
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
