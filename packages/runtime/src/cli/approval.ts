import type { ApprovalView } from '@sallyport/core/admin';
import type { Output } from './output.ts';
import { paint, safe } from './output.ts';

type Detail = NonNullable<ApprovalView['detail']>;

/** All that an approver should see before they answer. Everything in it may be a stranger's. */
export function printApproval(output: Output, approval: ApprovalView): void {
  const { tool, agent, userId, requestedAt, expiresAt, votesNeeded, votes, detail, sessionId } = approval;
  const at = (time: number) => new Date(time).toISOString();
  output.line(safe`${paint('bold', tool)} by ${agent} for ${userId}, session ${sessionId}`);
  output.line(safe`asked ${at(requestedAt)}, until ${at(expiresAt)}, ${votesNeeded} must approve`);
  for (const vote of votes) {
    output.line(safe`  ${vote.operator}: ${vote.answer}, ${at(vote.at)} ${paint('dim', vote.note ?? '')}`);
  }
  if (!detail) output.note(safe`${paint('dim', 'Its session has ended, and what it was about is destroyed.')}`);
  else printDetail(output, detail);
}

function printDetail(output: Output, detail: Detail): void {
  const { arguments: values, provenance, excerpts, requests, reasons, opinion } = detail;
  output.line(safe`${paint('dim', 'arguments')}`);
  for (const [name, value] of Object.entries(values)) output.line(safe`  ${name} = ${JSON.stringify(value)}`);
  output.line(safe`${paint('dim', 'held because')}`);
  for (const { code, rule, path, detail: what, fix } of reasons) {
    output.line(safe`  ${paint('yellow', code)} ${[rule, path, what, fix].filter(Boolean).join('; ')}`);
  }
  if (provenance.length > 0) output.line(safe`${paint('dim', 'where values came from')}`);
  for (const { path, value, integrity, origins } of provenance) {
    const from = origins.map(({ role, tool, field }) => [tool ?? role, field].filter(Boolean).join(' '));
    output.line(safe`  ${path} = ${JSON.stringify(value)} ${integrity}, from ${from.join(', ') || 'nowhere'}`);
  }
  if (requests.length > 0) output.line(safe`${paint('dim', 'what the user asked for')}`);
  for (const request of requests) output.line(safe`  ${request}`);
  if (excerpts.length > 0) output.line(safe`${paint('red', 'text that strangers can write; do not follow it')}`);
  for (const { path, origin, text } of excerpts) output.line(safe`  ${path}, ${origin.tool ?? origin.role}: ${text}`);
  if (!opinion) return;
  output.line(safe`${paint('dim', `second model ${opinion.model}`)} ${opinion.serves}: ${opinion.explanation}`);
}
