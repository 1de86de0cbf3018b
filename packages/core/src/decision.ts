import type { AgentEvent } from './events.ts';
import type { ArgumentProvenance } from './flow/provenance.ts';
import type { ReasonCode } from './reasons.ts';

/** In order of severity: the later wins when verdicts are merged. */
export const outcomes = ['allow', 'transform', 'require_approval', 'deny'] as const;
export type Outcome = (typeof outcomes)[number];

/** Where a value was read. `message` is its index in the model request. */
export interface Source {
  readonly message: number;
  readonly role: string;
  /** Of a tool's result: the tool. */
  readonly tool?: string;
}

/** Why. Everything here may be shown to an operator; `value` is a short, visible form, never a secret. */
export interface Reason {
  readonly code: ReasonCode;
  /** The rule that decided, with its place: `permissions.yaml#support/send_email` or `pay.cedar:12`. */
  readonly rule?: string;
  /** The value's place in the event, such as `arguments.to` or `settings.temperature`. */
  readonly path?: string;
  readonly value?: string;
  readonly source?: Source;
  /** What exactly is wrong, in one sentence. */
  readonly detail?: string;
  /** How to allow it, in one sentence. */
  readonly fix?: string;
  /** Of a hold: how many different operators must approve; by default one. */
  readonly approvers?: number;
}

/** One guard's opinion of one event. */
export type Verdict =
  | { readonly outcome: 'allow' }
  | { readonly outcome: 'transform'; readonly event: AgentEvent; readonly reasons: readonly Reason[] }
  | { readonly outcome: 'require_approval' | 'deny'; readonly reasons: readonly Reason[] };

export const allow: Verdict = Object.freeze({ outcome: 'allow' });
export const deny = (...reasons: Reason[]): Verdict => ({ outcome: 'deny', reasons });
export const requireApproval = (...reasons: Reason[]): Verdict => ({ outcome: 'require_approval', reasons });

/** A verdict as it was recorded. `outcome` is the guard's own, also where it only observed. */
export interface VerdictRecord {
  readonly guard: string;
  readonly mode: 'enforce' | 'observe';
  readonly outcome: Outcome;
  readonly reasons: readonly Reason[];
  /** Time the guard took, in microseconds. */
  readonly micros: number;
}

/** The merged answer of all guards. */
export interface Decision {
  readonly outcome: Outcome;
  readonly reasons: readonly Reason[];
  readonly verdicts: readonly VerdictRecord[];
  /** Hash of the policies that were in force. */
  readonly policy: string;
  /** Of a tool call: where each argument came from. */
  readonly provenance?: readonly ArgumentProvenance[];
  /** The approval that this call waits for, or that let it pass. */
  readonly approval?: string;
  /** Of a held call: until when its approval can be given and used. Milliseconds since the epoch. */
  readonly approvalExpiresAt?: number;
  /** The approval also vouches for the values that were held, for the rest of the session. */
  readonly endorses?: boolean;
}

export const moreSevere = (a: Outcome, b: Outcome): Outcome => (outcomes.indexOf(a) >= outcomes.indexOf(b) ? a : b);
