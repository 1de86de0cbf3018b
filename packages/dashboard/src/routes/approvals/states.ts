import type { ApprovalView } from '@sallyport/core/admin';
import type { Tone } from '../../components/Mark.tsx';

export type ApprovalStateName = ApprovalView['state'];
type ApprovalAnswerName = ApprovalView['votes'][number]['answer'];

export const approvalLooks: Readonly<Record<ApprovalStateName, { readonly tone: Tone; readonly word: string }>> = {
  pending: { tone: 'hold', word: 'Waiting' },
  approved: { tone: 'allow', word: 'Approved' },
  used: { tone: 'allow', word: 'Used' },
  rejected: { tone: 'deny', word: 'Rejected' },
  expired: { tone: 'quiet', word: 'Expired' },
  withdrawn: { tone: 'quiet', word: 'Withdrawn' },
};

/** What a state means for the call, in one sentence. */
export const approvalMeanings: Readonly<Record<ApprovalStateName, string>> = {
  pending: 'Nothing has been done. The call waits for an answer.',
  approved: 'The agent may make exactly this call once, until it expires. It has not done so yet.',
  used: 'It was approved, and the call was let through.',
  rejected: 'The call was not made, and the agent was told not to try it again.',
  expired: 'Nobody answered in time, or the agent did not come back: nothing was done.',
  withdrawn: 'Its session ended before anybody answered: nothing was done.',
};

export const answerWords: Readonly<Record<ApprovalAnswerName, string>> = {
  once: 'approved once',
  value: 'approved this value for the task',
  reject: 'rejected',
};

export const yesVotes = ({ votes }: ApprovalView): number => votes.filter(({ answer }) => answer !== 'reject').length;

/** Those that expire soonest first: they are lost first. */
export const inOrder = (approvals: readonly ApprovalView[]): ApprovalView[] =>
  approvals.toSorted((a, b) => a.expiresAt - b.expiresAt || a.requestedAt - b.requestedAt);
