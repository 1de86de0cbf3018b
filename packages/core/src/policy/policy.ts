import type { EventKind, JsonObject } from '../events.ts';
import type { Reason } from '../decision.ts';
import type { Trace } from '../flow/provenance.ts';
import type { SessionCounters, UserRef } from '../session.ts';

/** The kinds of event that a policy decides, and the type of resource each is about. */
export const policyActions = {
  model_request: 'Model',
  tool_call: 'Tool',
  egress_request: 'Host',
  code_execution: 'Language',
} as const satisfies Partial<Record<EventKind, string>>;
export type PolicyAction = keyof typeof policyActions;

/** What policies may know of where a call's values came from, and of what its session did before. */
export type RequestFlow = Pick<Trace, 'tainted' | 'labels' | 'provenance' | 'trajectory'>;

/** One question to the policies. Arguments are only known for `tool_call`. */
export interface AuthorizationRequest {
  readonly principal: { readonly id: string; readonly tenant: string; readonly roles: readonly string[] };
  readonly action: PolicyAction;
  /** Id of the resource: tool name, `provider/model`, host, language. */
  readonly resource: string;
  readonly arguments?: JsonObject;
  readonly user: UserRef;
  readonly session: SessionCounters;
  /** Of a `tool_call`. Without it a rule that asks for labels or for what the session did cannot be evaluated, and denies. */
  readonly flow?: RequestFlow | undefined;
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

/** How one rule stood to a request. */
export interface RuleExplanation {
  readonly rule: RuleRef;
  readonly file: string;
  /** From 1; of a cell of the matrix, its line in the YAML file. */
  readonly line: number;
  /** The rule as Cedar text. */
  readonly text: string;
  /** Whether principal, action and resource fit. */
  readonly scope: boolean;
  readonly conditions: 'met' | 'unmet' | 'failed' | 'not_asked';
  /** Whether this rule made the outcome what it is. */
  readonly decided: boolean;
}

export interface Explanation {
  readonly authorization: Authorization;
  /** The argument values that decided, by dotted path, in a visible form: of an array, one of its elements. */
  readonly values: Readonly<Record<string, string>>;
  /** Every rule about this action and resource, those that decided first. */
  readonly rules: readonly RuleExplanation[];
}

export interface PolicySetDescription {
  /** The Cedar texts in force, the permission matrix's first: that one is generated. */
  readonly sources: readonly {
    readonly name: string;
    readonly text: string;
    readonly generated: boolean;
    readonly rules: number;
  }[];
  /** Rules that Cedar's own, slower engine must answer. */
  readonly uncompiled: readonly RuleRef[];
}

/** A set of policies, parsed and validated; immutable. */
export interface PolicySet {
  /** SHA-256 (hex) over the Cedar texts in force. */
  readonly hash: string;
  /** Synchronous. Throws only on a request that cannot be put to policies at all; whoever asks must then deny. */
  authorize(request: AuthorizationRequest): Authorization;
  /**
   * Whether some arguments could be permitted, now or by a person: for lists, which offer nothing that is always refused.
   * It never says no to what `authorize` would allow.
   */
  mayPermit(request: Omit<AuthorizationRequest, 'arguments' | 'flow'>): boolean;
  /** Which rule decides, and how every other rule stood. Slow: for people. */
  explain(request: AuthorizationRequest): Explanation;
  describe(): PolicySetDescription;
}
