import type { ApprovalRecord, OperatorRecord } from '@sallyport/core';
import { RuntimeFault } from '@sallyport/core';

/** Whether its time has passed while it was still open. */
export const isOver = ({ state, expiresAt }: ApprovalRecord, now: number): boolean =>
  (state === 'pending' || state === 'approved') && now >= expiresAt;

/** Whether it answers for its call: a no counts as long as a yes would have. */
export const isLive = ({ state, expiresAt }: ApprovalRecord, now: number): boolean =>
  (state === 'pending' || state === 'approved' || state === 'rejected') && now < expiresAt;

/** As people compare names: two that look the same are the same. */
const folded = (name: string): string => name.normalize('NFKC').trim().toLowerCase();

/** @throws RuntimeFault `forbidden` for whoever asked; `conflict` for whoever has voted */
export function checkVoter({ userId, votes }: ApprovalRecord, { id, name }: Pick<OperatorRecord, 'id' | 'name'>): void {
  if ([id, name].some((own) => folded(own) === folded(userId))) {
    const detail = 'The call would run for you. Nobody answers for their own; ask another approver.';
    throw new RuntimeFault('forbidden', { detail });
  }
  if (votes.some(({ operatorId }) => operatorId === id)) {
    throw new RuntimeFault('conflict', {
      detail: 'You have answered this one already. It waits for another approver.',
    });
  }
}

export const otherCall = (): RuntimeFault =>
  new RuntimeFault('conflict', {
    path: 'binding',
    detail:
      'The answer is about another call than this approval. Load it again, read it, and answer what you then see.',
  });

const states: Readonly<Record<ApprovalRecord['state'], string>> = {
  pending: 'was changed at the same moment; load it again',
  approved: 'was approved already',
  rejected: 'was rejected already',
  expired: 'has expired, which counts as a no; the agent asks anew by proposing the call again',
  used: 'was approved and used already',
  withdrawn: 'was withdrawn because its session has ended',
};

export const notPending = ({ state }: ApprovalRecord): RuntimeFault =>
  new RuntimeFault('conflict', { detail: `This approval ${states[state]}.` });
