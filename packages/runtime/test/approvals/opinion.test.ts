import { afterEach, expect, test } from 'vitest';
import type { Opinion } from '@sallyport/core';
import type { ApprovalServiceOptions } from '../../src/approvals/index.ts';
import { approvalOf, openHeld, type Held } from './held.ts';

let h: Held;
afterEach(() => h.close());

const opinion: Opinion = { model: 'second/m-1', serves: 'no', explanation: 'Nobody asked for this.', latencyMs: 5 };

async function held(secondOpinion: NonNullable<ApprovalServiceOptions['secondOpinion']>): Promise<string> {
  h = await openHeld({ secondOpinion, opinionMs: 1_000 });
  return approvalOf((await h.propose(await h.openSession())).decision);
}
const shown = async (id: string) => (await h.approvals.get(id)).detail?.opinion;

test('the second model’s opinion reaches the approver once it is there; the approval does not wait for it', async () => {
  const { promise, resolve } = Promise.withResolvers<Opinion>();
  const id = await held(() => promise);
  expect(await shown(id)).toBeUndefined();
  const heard: string[] = [];
  h.approvals.onChange((approval) => heard.push(approval.id));
  resolve(opinion);
  await expect.poll(() => shown(id)).toEqual(opinion);
  expect(heard).toEqual([id]);
  expect((await h.approvals.get(id)).state).toBe('pending');
});

test('a second model that throws, or never answers, is shown as one that failed', async () => {
  const id = await held(() => Promise.reject(new Error('overloaded')));
  await expect.poll(() => shown(id)).toMatchObject({ serves: 'failed', explanation: 'overloaded' });
  await h.close();
  const silent = await held(() => new Promise(() => undefined));
  h.clock.advance(1_000);
  await expect.poll(() => shown(silent)).toMatchObject({ serves: 'failed', explanation: 'no opinion within 1000 ms' });
});

test('an opinion that comes after the session has ended does not bring back what was destroyed', async () => {
  const { promise, resolve } = Promise.withResolvers<Opinion>();
  const id = await held(() => promise);
  const { sessionId } = await h.approvals.get(id);
  await h.sessions.end(sessionId);
  resolve(opinion);
  await expect.poll(() => h.faults.length).toBe(1);
  expect(await h.store.approvals.detail(id)).toBeUndefined();
});
