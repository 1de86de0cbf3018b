import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ApprovalRecord, AuditLog, Session, Store } from '@sallyport/core';
import { anApproval, anIntent, aResult, aSession, aUse, aVote } from './fixtures.ts';
import type { OpenedStore } from './log.conformance.ts';

let opened: OpenedStore;
let store: Store;
let audit: AuditLog;
let session: Session;

/** What every store promises of approvals, and every log of using them; part of `storeConformance`. */
export function approvalConformance(open: () => Promise<OpenedStore>): void {
  describe('approvals', () => {
    beforeEach(async () => {
      opened = await open();
      ({ store, audit } = opened);
      session = aSession();
      await store.sessions.insert(session);
    });
    afterEach(() => opened.close());
    describe('asking', asking);
    describe('lists', lists);
    describe('votes', votes);
    describe('the end of an approval', ends);
    describe('use', use);
  });
}

const detail = Uint8Array.of(0, 1, 255);
const ask = (change: Partial<ApprovalRecord> = {}) => store.approvals.insert(anApproval(session.id, change), detail);
const approved = async (change: Partial<ApprovalRecord> = {}): Promise<ApprovalRecord> => {
  const { id } = await ask(change);
  await store.approvals.vote(id, aVote());
  return (await store.approvals.get(id)) as ApprovalRecord;
};
const stateOf = async ({ id }: ApprovalRecord) => (await store.approvals.get(id))?.state;

function asking(): void {
  test('an approval is read back as written, with its detail, after a restart too', async () => {
    const approval = anApproval(session.id, { tool: "x'); DROP TABLE approvals;--", votesNeeded: 2 });
    expect(await store.approvals.insert(approval, detail)).toEqual(approval);
    opened = await opened.reopen();
    ({ store } = opened);
    expect(await store.approvals.get(approval.id)).toEqual(approval);
    expect(await store.approvals.byBinding(approval.binding)).toEqual(approval);
    expect(await store.approvals.detail(approval.id)).toEqual(detail);
    for (const nothing of [store.approvals.get('none'), store.approvals.detail('none')]) {
      expect(await nothing).toBeUndefined();
    }
    expect(await store.approvals.byBinding('none')).toBeUndefined();
  });

  test('it starts without an answer, whatever it says of itself', async () => {
    const made = await ask({ state: 'approved', votes: [aVote()] });
    expect(made).toMatchObject({ state: 'pending', votes: [], usedBy: null });
    expect(await store.approvals.get(made.id)).toEqual(made);
  });

  test('of fifty who ask about one call at the same moment, one makes the approval and all get it', async () => {
    const made = await Promise.all(Array.from({ length: 50 }, () => ask({ binding: 'one' })));
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    expect(await store.approvals.list({ limit: 99 })).toHaveLength(1);
  });

  test('an approved one is not asked about again; one whose time is over, or that was answered no, is', async () => {
    const first = await approved({ binding: 'one' });
    expect(await ask({ binding: 'one' })).toEqual(first);
    const late = await ask({ binding: 'one', requestedAt: first.expiresAt, expiresAt: first.expiresAt + 9 });
    expect(late.id).not.toBe(first.id);
    expect(await stateOf(first)).toBe('expired');
    await store.approvals.vote(late.id, aVote({ answer: 'reject', at: first.expiresAt }));
    expect(await store.approvals.byBinding('one')).toMatchObject({ id: late.id, state: 'rejected' });
    const again = await ask({ binding: 'one', requestedAt: first.expiresAt + 1, expiresAt: first.expiresAt + 9 });
    expect(again.id).not.toBe(late.id);
    expect(await store.approvals.byBinding('one')).toEqual(again);
  });

  test('a second approval with the same id, or of a session that is not there, is a conflict', async () => {
    const { id } = await ask();
    await expect(ask({ id })).rejects.toMatchObject({ code: 'conflict' });
    await expect(store.approvals.insert(anApproval('none'), detail)).rejects.toMatchObject({ code: 'conflict' });
  });

  test('its detail is replaced as long as there is one', async () => {
    const { id } = await ask();
    expect(await store.approvals.amend(id, Uint8Array.of(2))).toBe(true);
    expect(await store.approvals.detail(id)).toEqual(Uint8Array.of(2));
    await store.approvals.withdraw(session.id);
    expect(await store.approvals.amend(id, detail)).toBe(false);
    expect(await store.approvals.amend('none', detail)).toBe(false);
    expect(await store.approvals.detail(id)).toBeUndefined();
  });
}

function lists(): void {
  test('pages of the list, newest first, show each approval once', async () => {
    const all = await Promise.all(
      Array.from({ length: 25 }, (_, index) => ask({ requestedAt: Math.floor(index / 10) })),
    );
    const seen: string[] = [];
    for (let before: string | undefined; ;) {
      const page = await store.approvals.list({ limit: 4, ...(before === undefined ? {} : { before }) });
      if (page.length === 0) break;
      seen.push(...page.map(({ id }) => id));
      before = seen.at(-1);
    }
    const newestFirst = all.toSorted((a, b) => b.requestedAt - a.requestedAt || (a.id < b.id ? 1 : -1));
    expect(seen).toEqual(newestFirst.map(({ id }) => id));
    expect(await store.approvals.list({ limit: 4, before: 'none' })).toEqual([]);
    await expect(store.approvals.list({ limit: 0 })).rejects.toMatchObject({ code: 'invalid_request' });
  });

  test('the list is filtered by state and session together', async () => {
    const other = aSession();
    await store.sessions.insert(other);
    const wanted = await approved();
    await ask();
    await store.approvals.insert(anApproval(other.id), detail);
    const list = await store.approvals.list({ state: 'approved', sessionId: session.id, limit: 9 });
    expect(list).toEqual([wanted]);
    expect(await store.approvals.list({ sessionId: session.id, limit: 9 })).toHaveLength(2);
    expect(await store.approvals.list({ state: 'pending', limit: 9 })).toHaveLength(2);
  });
}

function votes(): void {
  test('one yes approves where one is needed, and nobody votes after it', async () => {
    const approval = await ask();
    const vote = aVote({ answer: 'value', note: 'Ann asked for it: "send"' });
    expect(await store.approvals.vote(approval.id, vote)).toBe(true);
    expect(await store.approvals.get(approval.id)).toEqual({ ...approval, state: 'approved', votes: [vote] });
    expect(await store.approvals.vote(approval.id, aVote({ answer: 'reject' }))).toBe(false);
    expect(await store.approvals.vote('none', aVote())).toBe(false);
    expect((await store.approvals.get(approval.id))?.votes).toEqual([vote]);
  });

  test('where three are needed, three different operators must say yes', async () => {
    const approval = await ask({ votesNeeded: 3 });
    const ada = aVote({ operatorId: 'ada' });
    expect(await store.approvals.vote(approval.id, ada)).toBe(true);
    expect(await store.approvals.vote(approval.id, { ...ada, answer: 'value' })).toBe(false);
    expect(await store.approvals.vote(approval.id, aVote())).toBe(true);
    expect(await stateOf(approval)).toBe('pending');
    expect(await store.approvals.vote(approval.id, aVote())).toBe(true);
    expect(await stateOf(approval)).toBe('approved');
  });

  test('one no ends it, whoever said yes before', async () => {
    const approval = await ask({ votesNeeded: 2 });
    expect(await store.approvals.vote(approval.id, aVote())).toBe(true);
    expect(await store.approvals.vote(approval.id, aVote({ answer: 'reject' }))).toBe(true);
    expect(await store.approvals.vote(approval.id, aVote())).toBe(false);
    expect(await stateOf(approval)).toBe('rejected');
  });

  test('a vote at the moment its time is over comes too late', async () => {
    const approval = await ask();
    expect(await store.approvals.vote(approval.id, aVote({ at: approval.expiresAt }))).toBe(false);
    expect(await store.approvals.vote(approval.id, aVote({ at: approval.expiresAt - 1 }))).toBe(true);
  });

  test('of fifty votes at the same moment as many count as are needed, and each operator once', async () => {
    const approval = await ask({ votesNeeded: 3 });
    const cast = Array.from({ length: 50 }, (_, index) => aVote({ operatorId: `operator ${index % 7}` }));
    const counted = await Promise.all(cast.map((vote) => store.approvals.vote(approval.id, vote)));
    expect(counted.filter(Boolean)).toHaveLength(3);
    const { state, votes: kept } = (await store.approvals.get(approval.id)) as ApprovalRecord;
    expect(state).toBe('approved');
    expect(new Set(kept.map(({ operatorId }) => operatorId)).size).toBe(3);
  });

  test('of a yes and a no at the same moment one counts', async () => {
    for (let round = 0; round < 20; round += 1) {
      const approval = await ask();
      const both = [aVote(), aVote({ answer: 'reject' })].toSorted(() => Math.random() - 0.5);
      const counted = await Promise.all(both.map((vote) => store.approvals.vote(approval.id, vote)));
      expect(counted.filter(Boolean)).toHaveLength(1);
      const yes = both[counted.indexOf(true)]?.answer === 'once';
      expect(await stateOf(approval)).toBe(yes ? 'approved' : 'rejected');
    }
  });
}

function ends(): void {
  test('what is pending or approved expires at its time, once, and nothing else does', async () => {
    const expiresAt = 1_763_690_000_900;
    const [pending, yes, no] = [await ask({ expiresAt }), await approved({ expiresAt }), await ask({ expiresAt })];
    await store.approvals.vote(no.id, aVote({ answer: 'reject' }));
    const later = await ask({ expiresAt: expiresAt + 1 });
    expect(await store.approvals.expire(expiresAt - 1)).toEqual([]);
    const expired = await store.approvals.expire(expiresAt);
    expect(expired.map(({ id }) => id).toSorted()).toEqual([pending.id, yes.id].toSorted());
    for (const { state } of expired) expect(state).toBe('expired');
    expect(expired.find(({ id }) => id === yes.id)?.votes).toHaveLength(1);
    expect(await store.approvals.expire(expiresAt)).toEqual([]);
    expect(await Promise.all([no, later].map(stateOf))).toEqual(['rejected', 'pending']);
  });

  test('withdrawing ends what is open of a session and destroys the details of all of it', async () => {
    const other = aSession();
    await store.sessions.insert(other);
    const theirs = await store.approvals.insert(anApproval(other.id), detail);
    const [pending, yes, no] = [await ask(), await approved(), await ask()];
    await store.approvals.vote(no.id, aVote({ answer: 'reject' }));
    const withdrawn = await store.approvals.withdraw(session.id);
    expect(withdrawn.map(({ id }) => id).toSorted()).toEqual([pending.id, yes.id].toSorted());
    for (const { state } of withdrawn) expect(state).toBe('withdrawn');
    for (const { id } of [pending, yes, no]) expect(await store.approvals.detail(id)).toBeUndefined();
    expect(await stateOf(no)).toBe('rejected');
    expect(await store.approvals.get(theirs.id)).toEqual(theirs);
    expect(await store.approvals.detail(theirs.id)).toEqual(detail);
    expect(await store.approvals.withdraw(session.id)).toEqual([]);
    expect(await store.approvals.vote(pending.id, aVote())).toBe(false);
  });
}

const refused = { status: 'rejected', reason: { code: 'conflict' } };

function use(): void {
  test('the entry of a call uses its approval up, and the next entry that names it is refused and not written', async () => {
    const approval = await approved();
    const entry = aUse(approval);
    await audit.append(entry);
    expect(await store.approvals.get(approval.id)).toEqual({ ...approval, state: 'used', usedBy: entry.eventId });
    await expect(audit.append(aUse(approval))).rejects.toMatchObject({
      code: 'conflict',
      detail: expect.stringContaining(approval.id),
    });
    expect(await store.entries.list({ limit: 9 })).toEqual([{ ...entry, seq: 1 }]);
    expect(await store.entries.openIntents()).toHaveLength(1);
    expect((await store.sessions.get(session.id))?.counters.toolCalls).toBe(1);
    expect((await store.entries.activity(entry.at, entry.at + 1, 1)).events).toBe(1);
  });

  const wrong: Record<string, (approval: ApprovalRecord) => unknown> = {
    'is still pending': () => undefined,
    'was rejected': ({ id }) => store.approvals.vote(id, aVote({ answer: 'reject' })),
    'was withdrawn': async ({ id }) => {
      await store.approvals.vote(id, aVote());
      await store.approvals.withdraw(session.id);
    },
    'has expired': async ({ id, expiresAt }) => {
      await store.approvals.vote(id, aVote());
      await store.approvals.expire(expiresAt);
    },
    'belongs to a session that has ended': async ({ id }) => {
      await store.approvals.vote(id, aVote());
      await store.sessions.update(session.id, { state: 'ended' });
    },
  };
  test.each(Object.entries(wrong))('an approval that %s lets nothing pass', async (_, spoil) => {
    const approval = await ask();
    await spoil(approval);
    const before = await store.approvals.get(approval.id);
    await expect(audit.append(aUse(approval))).rejects.toMatchObject({ code: 'conflict' });
    expect(await store.approvals.get(approval.id)).toEqual(before);
    expect(await store.entries.list({ limit: 9 })).toEqual([]);
  });

  test('an approval lets nothing pass from the moment its time is over, nor what is of another session or tool', async () => {
    const approval = await approved();
    const other = aSession();
    await store.sessions.insert(other);
    for (const change of [{ at: approval.expiresAt }, { sessionId: other.id }, { subject: 'delete_all' }]) {
      await expect(audit.append(aUse(approval, change))).rejects.toMatchObject({ code: 'conflict' });
    }
    await expect(audit.append(aUse({ ...approval, id: 'none' }))).rejects.toMatchObject({ code: 'conflict' });
    expect(await store.entries.list({ limit: 9 })).toEqual([]);
    await audit.append(aUse(approval, { at: approval.expiresAt - 1 }));
    expect(await stateOf(approval)).toBe('used');
  });

  test('a call that waits, or that is denied, uses nothing up', async () => {
    const approval = await approved();
    for (const outcome of ['require_approval', 'deny'] as const) {
      const entry = anIntent({ sessionId: session.id }, outcome);
      await audit.append({ ...entry, decision: { ...entry.decision, approval: approval.id } });
    }
    expect(await stateOf(approval)).toBe('approved');
  });

  test('what is refused takes none of the entries that share its commit with it', async () => {
    const [approval, pending] = [await approved(), await ask()];
    const good = [aUse(approval), anIntent({ sessionId: session.id }), aResult({ sessionId: session.id })];
    const bad = [aUse(pending), aUse(approval), aUse({ ...approval, id: 'none' })];
    const told: string[] = [];
    audit.subscribe((recorded) => told.push(...recorded.map(({ id }) => id)));
    const [first, second, third] = good as [(typeof good)[0], (typeof good)[0], (typeof good)[0]];
    const queued = anIntent({ kind: 'model_request', sessionId: session.id });
    audit.enqueue(queued);
    const order = [bad[0], first, bad[1], second, bad[2], third] as (typeof good)[0][];
    const settled = await Promise.allSettled(order.map((entry) => audit.append(entry)));
    const fine = { status: 'fulfilled' };
    expect(settled).toMatchObject([refused, fine, refused, fine, refused, fine]);
    const written = [queued.id, first.id, second.id, third.id];
    expect((await store.entries.list({ after: 0, limit: 9 })).map(({ seq, id }) => [seq, id])).toEqual(
      written.map((id, index) => [index + 1, id]),
    );
    expect(told).toEqual(written);
    expect((await store.sessions.get(session.id))?.counters).toMatchObject({
      toolCalls: 2,
      modelCalls: 1,
      tokensIn: 10,
    });
    expect(await stateOf(approval)).toBe('used');
  });

  test('of many racing uses of many approvals, in batches of any make-up, exactly one of each passes', async () => {
    const all = await Promise.all(Array.from({ length: 30 }, () => approved()));
    const uses = all.flatMap((approval) => Array.from({ length: 6 }, () => aUse(approval)));
    const shuffled = uses.map((entry) => [Math.random(), entry] as const).toSorted(([a], [b]) => a - b);
    const waiting: Promise<string | undefined>[] = [];
    for (const [chance, entry] of shuffled) {
      waiting.push(
        audit.append(entry).then(
          () => entry.id,
          () => undefined,
        ),
      );
      if (chance % 0.1 < 0.02) await waiting.at(-1);
      if (chance % 0.1 > 0.05) waiting.push(audit.append(anIntent({ sessionId: session.id })).then(() => undefined));
    }
    const passed = (await Promise.all(waiting)).filter((id) => id !== undefined);
    expect(passed).toHaveLength(30);
    const entries = (await store.entries.list({ limit: 999 })).filter((entry) => entry.phase === 'intent');
    const written = entries.filter(({ decision }) => decision.approval !== undefined);
    expect(written.map(({ id }) => id).toSorted()).toEqual(passed.toSorted());
    for (const { id } of all) {
      const using = written.filter(({ decision }) => decision.approval === id);
      expect(using).toHaveLength(1);
      expect(await store.approvals.get(id)).toMatchObject({ state: 'used', usedBy: using[0]?.eventId });
    }
  });

  test('nothing is used up by an entry that nobody waits for', async () => {
    const approval = await approved();
    expect(() => audit.enqueue(aUse(approval))).toThrow(/waited for/);
    await audit.append(anIntent());
    expect(await stateOf(approval)).toBe('approved');
    expect(await store.entries.list({ limit: 9 })).toHaveLength(1);
  });
}
