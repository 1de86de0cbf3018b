import type { EventKind, JsonObject } from '../events.ts';
import type { Reason } from '../decision.ts';
import type { SessionCounters, UserRef } from '../session.ts';

/** The kinds of event that a policy decides, and the type of resource each is about. */
export const policyActions = {
  model_request: 'Model',
  tool_call: 'Tool',
  egress_request: 'Host',
  code_execution: 'Language',
} as const satisfies Partial<Record<EventKind, string>>;
export type PolicyAction = keyof typeof policyActions;

/** One question to the policies. Arguments are only known for `tool_call`. */
export interface AuthorizationRequest {
  readonly principal: { readonly id: string; readonly tenant: string; readonly roles: readonly string[] };
  readonly action: PolicyAction;
  /** Id of the resource: tool name, `provider/model`, host, language. */
  readonly resource: string;
  readonly arguments?: JsonObject;
  readonly user: UserRef;
  readonly session: SessionCounters;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A rule that took part in a decision, with its place for people: `permissions.yaml#support/send_email`, `pay.cedar:12`. */
export interface RuleRef {
  readonly id: string;
  readonly place: string;
  readonly effect: 'permit' | 'forbid';
}

export interface Authorization {
  readonly outcome: 'allow' | 'require_approval' | 'deny';
  /** Empty when allowed. Each names the rule, and, where a pattern failed, the argument, its value and the fix. */
  readonly reasons: readonly Reason[];
  readonly rules: readonly RuleRef[];
}

/** A set of policies, parsed and validated; immutable. */
export interface PolicySet {
  /** SHA-256 (hex) over the Cedar texts in force. */
  readonly hash: string;
  authorize(request: AuthorizationRequest): Authorization;
}
