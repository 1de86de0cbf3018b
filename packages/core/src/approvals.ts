import type { ArgumentProvenance, Excerpt } from './flow/provenance.ts';
import type { JsonObject } from './events.ts';
import type { Reason } from './decision.ts';

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
