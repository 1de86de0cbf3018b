import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject, OperatorRecord, Session, ToolCall } from '@sallyport/core';
import { codeOf, minute } from '../identity/harness.ts';
import { answer, approvalOf, openHeld, type Held } from './held.ts';

let h: Held;
let session: Session;
let amir: OperatorRecord;
beforeEach(async () => {
  h = await openHeld();
  session = await h.openSession();
  amir = await h.operator('Amir');
});
afterEach(() => h.close());

const outcome = async (args?: JsonObject, change?: Partial<ToolCall>, as = session) =>
  (await h.propose(as, args, change)).decision.outcome;
const codes = async (args?: JsonObject) => (await h.propose(session, args)).decision.reasons.map(({ code }) => code);
const effects = async () =>
  (await h.store.entries.list({ limit: 500 })).filter(
    (entry) => entry.phase === 'intent' && entry.decision.outcome === 'allow',
  );

describe('an approved call', () => {
  test('passes once, and is asked about again', async () => {
    const { decision } = await h.propose(session);
    const id = approvalOf(decision);
    expect(decision).toMatchObject({ outcome: 'require_approval', approvalExpiresAt: h.clock.now() + 60 * minute });
    expect(approvalOf((await h.propose(session)).decision)).toBe(id);
    expect(await answer(h, id, amir)).toMatchObject({ state: 'approved', votes: [{ operator: 'Amir' }] });

    const passed = await h.propose(session);
    expect(passed.cleared).toBeDefined();
    expect(passed.decision).toMatchObject({ outcome: 'allow', approval: id, endorses: false });
    expect(await h.approvals.get(id)).toMatchObject({ state: 'used', usedBy: passed.cleared?.event.id });

    const replayed = await h.propose(session);
    expect(replayed.decision.outcome).toBe('require_approval');
    expect(approvalOf(replayed.decision)).not.toBe(id);
    expect(await effects()).toHaveLength(1);
  });

  test.each([
    ['an argument', { to: 'bob@bank.example', amount: 101 }, {}],
    ['a look-alike letter', { to: 'bоb@bank.example', amount: 100 }, {}],
    ['a number as a text', { to: 'bob@bank.example', amount: '100' }, {}],
    ['one more argument', { to: 'bob@bank.example', amount: 100, cc: 'eve' }, {}],
    ['the tool', undefined, { tool: 'send_emails' }],
    ['the definition', undefined, { definition: { name: 'send_email', description: 'Sends to everyone' } }],
  ])('does not pass with another byte of %s', async (_, args, change) => {
    await answer(h, approvalOf((await h.propose(session)).decision), amir);
    expect(await outcome(args, change)).toBe('require_approval');
    expect(await effects()).toHaveLength(0);
    expect(await outcome()).toBe('allow');
  });

  test('passes whatever the order of its members', async () => {
    await answer(h, approvalOf((await h.propose(session)).decision), amir);
    expect(await outcome({ amount: 100, to: 'bob@bank.example' })).toBe('allow');
  });

  test('does not pass in another session, nor for another user', async () => {
    await answer(h, approvalOf((await h.propose(session)).decision), amir);
    for (const other of [await h.openSession(), await h.openSession('bob')]) {
      expect(await outcome(undefined, {}, other)).toBe('require_approval');
    }
  });

  test('does not pass once the policies were changed', async () => {
    await answer(h, approvalOf((await h.propose(session)).decision), amir);
    h.policy = 'p-2';
    expect(await outcome()).toBe('require_approval');
    h.policy = 'p-1';
    expect(await outcome()).toBe('allow');
  });

  test('vouches for its values only where everybody said so', async () => {
    const first = approvalOf((await h.propose(session)).decision);
    await answer(h, first, amir, 'value');
    expect((await h.propose(session)).decision).toMatchObject({ outcome: 'allow', endorses: true });
    h.reasons = [{ code: 'approval_required', approvers: 2 }];
    const second = approvalOf((await h.propose(session)).decision);
    await answer(h, second, amir, 'value');
    await answer(h, second, await h.operator('Bea'), 'once');
    expect((await h.propose(session)).decision).toMatchObject({ outcome: 'allow', endorses: false });
  });
});

describe('of one approval', () => {
  test('forty agents at once make one effect', async () => {
    await answer(h, approvalOf((await h.propose(session)).decision), amir);
    const rulings = await Promise.all(Array.from({ length: 40 }, () => h.propose(session)));
    expect(rulings.filter(({ decision }) => decision.outcome === 'allow')).toHaveLength(1);
    expect(rulings.filter(({ decision }) => decision.outcome === 'require_approval')).toHaveLength(39);
    const later = new Set(rulings.flatMap(({ cleared, decision }) => (cleared ? [] : [approvalOf(decision)])));
    // All others wait for one and the same next approval.
    expect(later.size).toBe(1);
    expect(await effects()).toHaveLength(1);
  });

  test('two runtimes that both believe in it make one effect', async () => {
    const id = approvalOf((await h.propose(session)).decision);
    await answer(h, id, amir);
    const other = await openHeld({}, h);
    const rulings = await Promise.all([h.propose(session), other.propose(session)]);
    other.approvals.close();
    expect(rulings.filter(({ cleared }) => cleared)).toHaveLength(1);
    expect(await effects()).toHaveLength(1);
  });

  test('ten operators at once count once, and the others are told', async () => {
    const id = approvalOf((await h.propose(session)).decision);
    const operators = await Promise.all(Array.from({ length: 10 }, (_, at) => h.operator(`Operator ${at}`)));
    const results = await Promise.all(operators.map((operator) => codeOf(answer(h, id, operator))));
    expect(results.filter((result) => result === 'resolved')).toHaveLength(1);
    expect(results.filter((result) => result === 'conflict')).toHaveLength(9);
    expect((await h.approvals.get(id)).votes).toHaveLength(1);
  });

  test('a yes and a no at once are one of the two', async () => {
    const bea = await h.operator('Bea');
    for (let round = 0; round < 10; round++) {
      const args = { round };
      const id = approvalOf((await h.propose(session, args)).decision);
      await Promise.all([codeOf(answer(h, id, amir)), codeOf(answer(h, id, bea, 'reject'))]);
      const { state, votes } = await h.approvals.get(id);
      expect(votes).toHaveLength(1);
      expect(state).toBe(votes[0]?.answer === 'reject' ? 'rejected' : 'approved');
      expect(await outcome(args)).toBe(state === 'approved' ? 'allow' : 'deny');
    }
  });
});

describe('an answer is refused', () => {
  test('by whom it is for: by id, by name, in any case and any form', async () => {
    const own = await h.operator('Chloé ');
    const byName = await h.openSession('CHLOE\u0301');
    const byId = await h.openSession(own.id.toUpperCase());
    for (const mine of [byName, byId]) {
      const id = approvalOf((await h.propose(mine)).decision);
      expect(await codeOf(answer(h, id, own))).toBe('forbidden');
      expect(await codeOf(answer(h, id, own, 'reject'))).toBe('forbidden');
      expect(await h.approvals.get(id)).toMatchObject({ state: 'pending', votes: [] });
    }
  });

  test('about another call than the approver saw', async () => {
    const seen = await h.approvals.get(approvalOf((await h.propose(session, { to: 'bob' })).decision));
    const id = approvalOf((await h.propose(session, { to: 'eve' })).decision);
    expect(await codeOf(h.approvals.answer(id, amir, { answer: 'once', binding: seen.binding }))).toBe('conflict');
    expect((await h.approvals.get(id)).state).toBe('pending');
  });

  test('twice by one operator; two make four eyes, and one no is enough', async () => {
    h.reasons = [{ code: 'approval_required' }, { code: 'untrusted_target', approvers: 2 }];
    const id = approvalOf((await h.propose(session)).decision);
    expect(await answer(h, id, amir)).toMatchObject({ state: 'pending', votesNeeded: 2 });
    expect(await codeOf(answer(h, id, amir))).toBe('conflict');
    expect(await outcome()).toBe('require_approval');
    expect(await answer(h, id, await h.operator('Bea'))).toMatchObject({ state: 'approved' });
    expect(await outcome()).toBe('allow');

    const next = approvalOf((await h.propose(session)).decision);
    await answer(h, next, amir);
    expect(await answer(h, next, await h.operator('Cem'), 'reject')).toMatchObject({ state: 'rejected' });
    expect(await codes()).toEqual(['approval_rejected', 'approval_required', 'untrusted_target']);
  });

  test('once it is answered, used, expired or withdrawn, and says which', async () => {
    const ask = async (args: JsonObject) => approvalOf((await h.propose(session, args)).decision);
    const [rejected, used, expired] = [await ask({ n: 1 }), await ask({ n: 2 }), await ask({ n: 3 })];
    await answer(h, rejected, amir, 'reject');
    await answer(h, used, amir);
    await h.propose(session, { n: 2 });
    h.clock.advance(60 * minute);
    const bea = await h.operator('Bea');
    const why = async (id: string) => await answer(h, id, bea).catch((error: Error) => error.message);
    expect(await why(rejected)).toContain('rejected already');
    expect(await why(used)).toContain('used already');
    expect(await why(expired)).toContain('has expired');
    expect(await codeOf(h.approvals.get('none'))).toBe('not_found');
  });
});

describe('time', () => {
  test('a call that nobody answered is denied when its time is over, on record, and can be asked about anew', async () => {
    const id = approvalOf((await h.propose(session)).decision);
    h.clock.advance(60 * minute - 1);
    expect((await h.approvals.get(id)).state).toBe('pending');
    h.clock.advance(1);
    expect((await h.approvals.get(id)).state).toBe('expired');
    expect(await codeOf(answer(h, id, amir))).toBe('conflict');
    expect(await h.store.entries.list({ limit: 1 })).toMatchObject([{ action: 'approvals.expire', subject: id }]);
    const again = approvalOf((await h.propose(session)).decision);
    expect(again).not.toBe(id);
  });

  test('an approval that was not used in time is void', async () => {
    await answer(h, approvalOf((await h.propose(session)).decision), amir);
    h.clock.advance(60 * minute);
    expect(await outcome()).toBe('require_approval');
    expect(await effects()).toHaveLength(0);
  });

  test('it expires by itself, without anybody looking', async () => {
    const changes: string[] = [];
    h.approvals.onChange(({ state }) => changes.push(state));
    await h.propose(session);
    h.clock.advance(60 * minute);
    await expect.poll(() => changes).toEqual(['pending', 'expired']);
  });

  test('a no holds as long as a yes would have, however often the call is tried', async () => {
    await answer(h, approvalOf((await h.propose(session)).decision), amir, 'reject');
    for (let tries = 0; tries < 5; tries++) expect(await codes()).toEqual(['approval_rejected', 'approval_required']);
    expect(await h.approvals.list({ limit: 10 })).toHaveLength(1);
    h.clock.advance(60 * minute);
    expect(await outcome()).toBe('require_approval');
  });

  test('a clock that is set back brings no old answer back, and loses no new one', async () => {
    await answer(h, approvalOf((await h.propose(session)).decision), amir);
    expect(await outcome()).toBe('allow');
    h.clock.advance(-30 * minute);
    const id = approvalOf((await h.propose(session)).decision);
    expect(approvalOf((await h.propose(session)).decision)).toBe(id);
    await answer(h, id, amir);
    expect((await h.propose(session)).decision).toMatchObject({ outcome: 'allow', approval: id });
    expect(await effects()).toHaveLength(2);
  });

  test('what waits in a session that ends is withdrawn, and what it was about is destroyed', async () => {
    const id = approvalOf((await h.propose(session)).decision);
    const approved = approvalOf((await h.propose(session, { n: 1 })).decision);
    await answer(h, approved, amir);
    await h.sessions.end(session.id);
    await h.approvals.sweep();
    for (const each of [id, approved]) {
      const shown = await h.approvals.get(each);
      expect(shown.state).toBe('withdrawn');
      expect(shown.detail).toBeUndefined();
    }
    expect(await codeOf(answer(h, id, amir))).toBe('conflict');
  });
});

describe('a restart', () => {
  test('between the question and the answer loses neither', async () => {
    const id = approvalOf((await h.propose(session)).decision);
    const before = await h.approvals.get(id);
    h = await h.again();
    session = (await h.sessions.get(session.id)) as Session;
    expect(await h.approvals.get(id)).toEqual(before);
    await answer(h, id, amir);
    expect(await outcome()).toBe('allow');
  });

  test('between the answer and the call keeps the approval, for one use', async () => {
    const id = approvalOf((await h.propose(session)).decision);
    await answer(h, id, amir);
    h = await h.again();
    session = (await h.sessions.get(session.id)) as Session;
    expect((await h.propose(session)).decision).toMatchObject({ outcome: 'allow', approval: id });
    h = await h.again();
    session = (await h.sessions.get(session.id)) as Session;
    expect(await outcome()).toBe('require_approval');
    expect(await effects()).toHaveLength(1);
  });
});

describe('asking', () => {
  test('one session cannot flood the approvers; others still can ask', async () => {
    h.approvals.close();
    const few = await openHeld({ maxPending: 3 }, h);
    const asked = await Promise.all(Array.from({ length: 20 }, (_, n) => few.propose(session, { n })));
    expect(asked.filter(({ decision }) => decision.outcome === 'require_approval')).toHaveLength(3);
    const refused = asked.find(({ decision }) => decision.outcome === 'deny');
    expect(refused?.decision.reasons[0]).toMatchObject({ code: 'too_many_approvals' });
    expect((await few.propose(await h.openSession())).decision.outcome).toBe('require_approval');
    // One that is asked about already is no further one.
    expect((await few.propose(session, { n: 0 })).decision.outcome).toBe('require_approval');
    few.approvals.close();
  });

  test('what the approver sees is not in the store in clear', async () => {
    const secret = 'the-bank-account-of-ann';
    const id = approvalOf((await h.propose(session, { to: secret })).decision);
    const sealed = await h.store.approvals.detail(id);
    expect(Buffer.from(sealed ?? []).toString('latin1')).not.toContain(secret);
    expect((await h.approvals.get(id)).detail).toMatchObject({
      arguments: { to: secret },
      requests: ['Pay Bob.'],
      reasons: [{ code: 'approval_required' }],
    });
  });

  test('a call with a number that readers disagree on cannot be approved at all', async () => {
    const { decision } = await h.propose(session, { account: 2 ** 53 });
    expect(decision.outcome).toBe('deny');
    expect(decision.reasons[0]?.detail).toContain('beyond 2^53');
    expect(await h.approvals.list({ limit: 10 })).toEqual([]);
  });
});
