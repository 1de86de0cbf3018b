/** Who acts: the program and the person it acts for. Roles come from the registry, never from the wire. */
export interface AgentRef {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
}
export interface UserRef {
  readonly id: string;
  readonly roles: readonly string[];
  /** What the user's identity provider, or a trusted back end, says of them: `customer`, `department`. Every claim is a list. */
  readonly claims?: Readonly<Record<string, readonly string[]>>;
  /** Name of the configured issuer whose token said so; absent where a trusted back end named the user. */
  readonly issuer?: string;
}

export const sessionStates = ['open', 'ended'] as const;
export type SessionState = (typeof sessionStates)[number];

/** What a session has done so far. Token counts as the provider reported them; cost in millionths of a US dollar. */
export interface SessionCounters {
  readonly modelCalls: number;
  readonly toolCalls: number;
  readonly denied: number;
  readonly held: number;
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly costMicros: number;
}

export const zeroCounters: SessionCounters = {
  modelCalls: 0,
  toolCalls: 0,
  denied: 0,
  held: 0,
  tokensIn: 0,
  tokensOut: 0,
  costMicros: 0,
};

/** What a task may use: tools by name or glob, classes of data by label. What is absent is not narrowed. */
export interface Scope {
  readonly tools?: readonly string[];
  readonly labels?: readonly string[];
  /** Who narrowed it: the caller, or a second model from the user's request alone. */
  readonly by: 'caller' | 'second_model';
}

/** One agent working for one user on one purpose. */
export interface Session {
  readonly id: string;
  readonly tenant: string;
  readonly agent: AgentRef;
  readonly user: UserRef;
  readonly purpose: string;
  /** What this task may use, where it was narrowed. */
  readonly scope?: Scope;
  readonly openedAt: number;
  /** Milliseconds since the epoch; nothing is decided in the session's favour from then on. */
  readonly expiresAt: number;
  readonly state: SessionState;
  readonly counters: SessionCounters;
}

export const isOpen = (session: Session, now: number): boolean => session.state === 'open' && now < session.expiresAt;
