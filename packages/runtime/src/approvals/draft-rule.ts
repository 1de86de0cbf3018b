import { RuntimeFault } from '@sallyport/core';
import type { ApprovalDetail, ApprovalRecord, CellValue, Manifest, PolicySet, Reason, Session } from '@sallyport/core';
import { draftManifest } from './draft-manifest.ts';
import { draftPolicy } from './draft-policy.ts';

/** A rule for an operator to read, change and save. */
export interface DraftedRule {
  /** Where it belongs: `permissions.yaml`, a Cedar file beside it, or `sallyport.yaml`. */
  readonly file: string;
  readonly text: string;
  readonly explanation: string;
}

/** Cells by role, kind and name, as `permissions.yaml` has them. */
export type Roles = Readonly<Record<string, { readonly tools: Readonly<Record<string, CellValue>> }>>;

export interface Drafting {
  readonly approval: ApprovalRecord;
  readonly detail: ApprovalDetail;
  readonly session: Session;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** In force now. */
  readonly policies: PolicySet;
  readonly roles: Roles;
  /** What is assumed of a tool now. */
  readonly manifestOf: (tool: string) => Manifest;
}

/**
 * A rule that would decide calls like this one without asking, as narrow as the held call allows: it names the values
 * that were held, never patterns. Of a call that is held for several reasons, it lifts the first.
 *
 * @throws RuntimeFault `conflict` when there is nothing that a rule could lift
 */
export function draftRule(drafting: Drafting): DraftedRule {
  const { reasons } = drafting.detail;
  const [reason, ...others] = reasons;
  if (!reason) throw new RuntimeFault('conflict', { detail: 'It is not on record why this call was held.' });
  const drafted = reason.code === 'approval_required' ? draftPolicy(reason, drafting) : draftManifest(reason, drafting);
  const left = others.filter(({ rule, path }) => rule !== reason.rule || path !== reason.path);
  if (left.length === 0) return drafted;
  return { ...drafted, explanation: `${drafted.explanation} The call is also held by ${left.map(named).join(', ')}.` };
}

const named = ({ rule, code, path }: Reason): string => `${rule ?? code}${path === undefined ? '' : ` for ${path}`}`;
