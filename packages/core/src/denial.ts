import type { Decision, Reason } from './decision.ts';
import { approvalNotice, reasons, retryableReasons, type ReasonCode } from './reasons.ts';

/** The one payload by which a model or a client learns of a denial, whatever the protocol. */
export interface Denial {
  readonly denied: true;
  readonly reason: ReasonCode;
  readonly message: string;
  /** Whether the same request may pass later, unchanged. */
  readonly retryable: boolean;
  /** Id of the event, by which an operator finds it. */
  readonly event: string;
  /** A person is being asked. Of an agent's own approvals `GET /v1/approvals/<id>` tells the state. */
  readonly approval?: {
    readonly id: string;
    readonly expiresAt: number;
    /** Where a person answers it, where this is known. */
    readonly url?: string;
  };
}

/** For a decision that is `deny` or `require_approval`. */
export function denialOf(decision: Decision, eventId: string): Denial {
  const first = decision.reasons.find(({ code }) => reasons[code].outcome === decision.outcome) ?? decision.reasons[0];
  const reason = first ?? { code: 'guard_failed' };
  const approval = approvalOf(decision);
  const notice = approval && approvalNotice(approval.id, new Date(approval.expiresAt).toISOString());
  return {
    denied: true,
    reason: reason.code,
    message: [reasons[reason.code].model, describe(reason), notice].filter(Boolean).join(' '),
    retryable: approval !== undefined || retryableReasons.has(reason.code),
    event: eventId,
    ...(approval ? { approval } : {}),
  };
}

function approvalOf({ outcome, approval: id, approvalExpiresAt: expiresAt }: Decision): Denial['approval'] {
  if (outcome !== 'require_approval' || id === undefined || expiresAt === undefined) return undefined;
  return { id, expiresAt };
}

/** Which rule, which value, from where: one sentence for people and models. */
export function describe({ rule, path, value, source, detail }: Reason): string {
  const parts = [
    rule && `rule ${rule}`,
    path && value !== undefined ? `${path} = ${JSON.stringify(value)}` : path,
    source && (source.tool ? `first seen in the result of ${source.tool}` : `first seen in a ${source.role} message`),
    detail,
  ].filter(Boolean);
  return parts.length === 0 ? '' : `(${parts.join('; ')})`;
}
