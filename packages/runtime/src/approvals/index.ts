export * from './approvals.ts';
export { ApprovalWebhook } from './webhook.ts';
export { draftRule } from './draft-rule.ts';
