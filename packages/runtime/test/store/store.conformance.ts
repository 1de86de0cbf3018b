import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { manifestSchema } from '@sallyport/core';
import type { Store } from '@sallyport/core';
import { aKey, anAgent, anOperator, aSession, newId } from './fixtures.ts';
import { approvalConformance } from './approvals.conformance.ts';
import { credentialConformance } from './credentials.conformance.ts';
import { flowConformance } from './flow.conformance.ts';
import { logConformance } from './log.conformance.ts';
import type { OpenedStore } from './log.conformance.ts';

let opened: OpenedStore;
let store: Store;

/** What every store and its audit log promise. A driver runs this from its own test file. */
export function storeConformance(name: string, open: () => Promise<OpenedStore>): void {
  describe(name, () => {
    logConformance(open);
    approvalConformance(open);
    flowConformance(open);
    credentialConformance(open);
    beforeEach(async () => {
      opened = await open();
      ({ store } = opened);
    });
    afterEach(() => opened.close());
    describe('agents', agents);
    describe('agent keys', agentKeys);
    describe('operators', operators);
    describe('sign-ins', signIns);
    describe('sessions', sessions);
    describe('settings', settings);
    describe('manifests', manifests);
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

  test('an operator of an identity provider keeps the account, and no other has the same one', async () => {
    const operator = anOperator({ account: 'https://id.example sub-1' });
    for (const each of [operator, anOperator(), anOperator()]) await store.operators.insert(each);
    expect(await store.operators.get(operator.id)).toEqual(operator);
    const twin = anOperator({ account: 'https://id.example sub-1' });
    await expect(store.operators.insert(twin)).rejects.toMatchObject({ code: 'conflict' });
  });
}

const record = (operatorId: string, hash = newId()) =>
  ({ hash, operatorId, kind: 'link', createdAt: 1, expiresAt: 2 }) as const;

function signIns(): void {
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

  test('what a session is narrowed to is read back as written, and can be set later', async () => {
    const narrowed = aSession({ scope: { tools: ['crm_*', '"],["'], labels: [], by: 'caller' } });
    const whole = aSession();
    for (const session of [narrowed, whole]) await store.sessions.insert(session);
    expect(await store.sessions.get(narrowed.id)).toEqual(narrowed);
    expect(await store.sessions.get(whole.id)).not.toHaveProperty('scope');
    const scope = { tools: ['read_ticket'], by: 'second_model' } as const;
    expect(await store.sessions.update(whole.id, { scope })).toBe(true);
    expect(await store.sessions.update(whole.id, { expiresAt: 5 })).toBe(true);
    expect(await store.sessions.get(whole.id)).toEqual({ ...whole, scope, expiresAt: 5 });
  });

  test('what is said of the user is read back as written, and changes without changing who it is', async () => {
    const user = { id: 'corp:ann', roles: ['patron'], claims: { customer: ['C-1', '"],["'] }, issuer: 'corp' };
    const [said, plain] = [aSession({ user }), aSession()];
    for (const session of [said, plain]) await store.sessions.insert(session);
    expect(await store.sessions.get(said.id)).toEqual(said);
    expect((await store.sessions.get(plain.id))?.user).toEqual(plain.user);
    const later = { id: 'another', roles: [], claims: { customer: [] }, issuer: 'elsewhere' };
    expect(await store.sessions.update(said.id, { user: later })).toBe(true);
    expect((await store.sessions.get(said.id))?.user).toEqual({ ...user, roles: [], claims: { customer: [] } });
  });

  test("a user's sealed token is replaced by the next, and gone with the session's end", async () => {
    const session = aSession();
    await store.sessions.insert(session);
    expect(await store.userTokens.get(session.id)).toBeUndefined();
    for (const sealed of [Uint8Array.of(1), Uint8Array.of(2, 0)]) {
      await store.userTokens.set(session.id, sealed);
      expect(Buffer.from((await store.userTokens.get(session.id)) ?? [])).toEqual(Buffer.from(sealed));
    }
    await store.sessions.update(session.id, { state: 'ended' });
    expect(await store.userTokens.get(session.id)).toBeUndefined();
    for (const id of [session.id, 'none']) {
      await expect(store.userTokens.set(id, Uint8Array.of(3))).rejects.toMatchObject({ code: 'conflict' });
    }
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
    await expect(store.sessions.list({ limit })).rejects.toMatchObject({ code: 'invalid_request', path: 'limit' });
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

  test('of fifty who replace one value at the same moment, one does', async () => {
    await store.settings.setOnce('key', 'before');
    const tries = Array.from({ length: 50 }, (_, index) => store.settings.replace('key', 'before', `value ${index}`));
    const done = await Promise.all(tries);
    expect(done.filter(Boolean)).toHaveLength(1);
    expect(await store.settings.get('key')).toBe(`value ${done.indexOf(true)}`);
    expect(await store.settings.replace('none', 'before', 'after')).toBe(false);
    expect(await store.settings.get('none')).toBeUndefined();
  });

  test('a setting outlives the process', async () => {
    await store.settings.setOnce('__proto__', 'signing key');
    opened = await opened.reopen();
    expect(await opened.store.settings.get('__proto__')).toBe('signing key');
  });
}

function manifests(): void {
  const confirmed = (name: string, effect: 'read' | 'send') => ({
    name,
    manifest: manifestSchema.parse({ effect, target: ['to'], results: { labels: ['pii'] } }),
    definition: 'a'.repeat(64),
    confirmedBy: 'ada',
    confirmedAt: 1_763_690_000_000,
  });

  test('what was confirmed of a tool is read back, replaced by the next, and taken back by name', async () => {
    await store.manifests.set(confirmed('send_email', 'read'));
    await store.manifests.set(confirmed('__proto__', 'read'));
    await store.manifests.set(confirmed('send_email', 'send'));
    expect(await store.manifests.list()).toEqual([confirmed('__proto__', 'read'), confirmed('send_email', 'send')]);
    opened = await opened.reopen();
    const { manifests: kept } = opened.store;
    expect(await kept.delete('__proto__')).toBe(true);
    expect(await kept.delete('__proto__')).toBe(false);
    expect(await kept.list()).toEqual([confirmed('send_email', 'send')]);
  });
}
