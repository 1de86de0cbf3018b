export * from './approvals.ts';
export { ApprovalWebhook } from './webhook.ts';
export { draftRule, type DraftedRule } from './draft-rule.ts';
export type { SecondOpinion } from './opinion.ts';
