import canonicalize from 'canonicalize';
import type { ArgumentProvenance, Excerpt } from './flow/provenance.ts';
import type { Json, JsonObject, ToolCall } from './events.ts';
import type { Reason } from './decision.ts';
import type { Session } from './session.ts';
import { RuntimeFault } from './errors.ts';

export const approvalStates = ['pending', 'approved', 'rejected', 'expired', 'used', 'withdrawn'] as const;
export type ApprovalState = (typeof approvalStates)[number];

/** `once`: this call. `value`: this call, and its held values are not asked about again in this session. */
export const approvalAnswers = ['once', 'value', 'reject'] as const;
export type ApprovalAnswer = (typeof approvalAnswers)[number];

/**
 * Exactly what would run, and under which rules. Its hash binds an approval: RFC 8785 canonical JSON, SHA-256 (hex).
 * A byte that differs is another call.
 */
export interface ApprovalBinding {
  readonly tenant: string;
  readonly session: string;
  readonly agent: string;
  readonly user: string;
  readonly tool: string;
  /** SHA-256 (hex) of the canonical tool definition; empty where there is none. */
  readonly definition: string;
  /** After rewriting. */
  readonly arguments: JsonObject;
  /** Hash of the policies in force. */
  readonly policy: string;
}

/** What the approver sees. Encrypted at rest, gone with its session. All of it is hostile text. */
export interface ApprovalDetail {
  readonly arguments: JsonObject;
  readonly provenance: readonly ArgumentProvenance[];
  readonly excerpts: readonly Excerpt[];
  readonly requests: readonly string[];
  readonly reasons: readonly Reason[];
  /** The second model's, where one is configured. */
  readonly opinion?: Opinion;
}

/** What the second model says of a held call. It explains, it never decides. */
export interface Opinion {
  readonly model: string;
  readonly serves: 'yes' | 'no' | 'unsure' | 'failed';
  readonly explanation: string;
  readonly latencyMs: number;
}

export interface ApprovalVote {
  readonly operatorId: string;
  readonly operator: string;
  readonly answer: ApprovalAnswer;
  readonly at: number;
  readonly note?: string;
}

export interface ApprovalRecord {
  readonly id: string;
  readonly tenant: string;
  readonly sessionId: string;
  readonly agentId: string;
  readonly agent: string;
  readonly userId: string;
  /** The event that was held first. */
  readonly eventId: string;
  readonly tool: string;
  /** SHA-256 (hex) of the binding. */
  readonly binding: string;
  readonly state: ApprovalState;
  readonly requestedAt: number;
  readonly expiresAt: number;
  /** How many different operators must say yes. */
  readonly votesNeeded: number;
  readonly votes: readonly ApprovalVote[];
  /** The event that used it. */
  readonly usedBy: string | null;
}

/** An approval with what it is about. */
export interface ShownApproval extends ApprovalRecord {
  /** Absent once the session has ended and it was destroyed. */
  readonly detail?: ApprovalDetail;
}

/**
 * SHA-256 (hex) of exactly what would run: see `ApprovalBinding`. The order of an object's members and the way a number is
 * written (`1`, `1.0`) do not count, because no reader of JSON sees them; everything else does.
 *
 * @param policy hash of the policies that held the call
 * @param sha256 of UTF-8 text, hex
 * @throws RuntimeFault `invalid_request` on values that readers of JSON disagree on (RFC 7493 section 2): halves of a
 * surrogate pair, and numbers beyond 2^53, of which several would share one approval
 */
export function bindingOf(
  { tool, definition, arguments: values }: ToolCall,
  { id, tenant, agent, user }: Session,
  policy: string,
  sha256: (text: string) => string,
): string {
  const binding: ApprovalBinding = {
    tenant,
    session: id,
    agent: agent.id,
    user: user.id,
    tool,
    definition: definition ? sha256(canonical(definition, 'definition')) : '',
    arguments: values,
    policy,
  };
  return sha256(canonical(binding, 'arguments'));
}

function canonical(value: object, path: string): string {
  refuseInexact(value as Json, path);
  try {
    return canonicalize(value) ?? '';
  } catch (cause) {
    const detail = `${path} holds half of a surrogate pair; readers disagree on it, so nobody can approve it.`;
    throw new RuntimeFault('invalid_request', { path, detail, cause });
  }
}

function refuseInexact(value: Json | undefined, path: string): void {
  if (typeof value === 'number' && !(Math.abs(value) <= Number.MAX_SAFE_INTEGER)) {
    const detail = `${path} holds a number beyond 2^53; readers disagree on it, so it must be sent as a text.`;
    throw new RuntimeFault('invalid_request', { path, detail });
  }
  if (typeof value !== 'object' || value === null) return;
  for (const item of Object.values(value)) refuseInexact(item, path);
}
