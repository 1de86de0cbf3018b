import { RuntimeFault } from '@sallyport/core';
import { draftRule } from '../../approvals/index.ts';
import { given } from './given.ts';
import type { Handlers } from './services.ts';

type ApprovalRoute = 'approvals.list' | 'approvals.get' | 'approvals.answer' | 'approvals.draftRule';

export const approvalHandlers: Handlers<ApprovalRoute> = {
  'approvals.list': async ({ query: { limit, ...filter } }, { approvals }) => ({
    approvals: await approvals.list({ ...given(filter), limit }),
  }),
  'approvals.get': async ({ params: { id } }, { approvals }) => await approvals.get(id),
  'approvals.answer': {
    entry: ({ params: { id }, body }) => ({ subject: id, detail: JSON.stringify(body) }),
    run: async ({ params: { id }, body, operator }, { approvals }) => await approvals.answer(id, operator, body),
  },
  'approvals.draftRule': async ({ params: { id } }, { approvals, policies, sessions, tools, clock }) => {
    const approval = await approvals.get(id);
    const session = await sessions.get(approval.sessionId);
    const { detail } = approval;
    if (!session || !detail) {
      throw new RuntimeFault('conflict', { detail: 'Its session has ended, and what it was about is destroyed.' });
    }
    const { roles } = await policies.permissions();
    const manifestOf = (tool: string) => tools.manifestOf(tool);
    const policySet = policies.current();
    return draftRule({ approval, detail, session, now: clock.now(), policies: policySet, roles, manifestOf });
  },
};
