import type { ApprovalRecord, ApprovalState, ApprovalVote } from './approvals.ts';
import type { Cleared } from './monitor.ts';
import type { CredentialStore } from './credentials.ts';
import type { Entry, RecordedEntry } from './entries.ts';
import type { EventKind, ModelRef, ModelRequest, ToolCall, ToolResult, UserMessage } from './events.ts';
import type { RuntimeFault } from './errors.ts';
import type { Decision, Outcome, Reason } from './decision.ts';
import type { OperatorRole } from './operators.ts';
import type { Session, SessionState } from './session.ts';
import type { Manifest } from './flow/manifest.ts';
import type { Trace } from './flow/provenance.ts';

/** Milliseconds since the epoch; and a monotonic clock for durations, in microseconds. */
export interface Clock {
  now(): number;
  micros(): number;
  /** Runs `then` after `ms` unless the returned function is called first. */
  after(ms: number, then: () => void): () => void;
}

/** New, unique, time-ordered ids (UUIDv7, RFC 9562). */
export type NewId = () => string;

/**
 * The audit log. `append` resolves once the entry is durable: it survives kill -9 and power loss.
 * It rejects when that cannot be promised, and whoever asked must then not act.
 */
export interface AuditLog {
  append(entry: Entry): Promise<void>;
  /**
   * Queues without waiting, where the operator chose `audit.modelCalls: async`. Throws `store_unavailable` once the log
   * is known to be broken, or while more entries wait than it may hold.
   */
  enqueue(entry: Entry): void;
  /** Calls back with entries, in order of `seq`, once they are durable. Returns how to stop. */
  subscribe(listener: (entries: readonly RecordedEntry[]) => void): () => void;
}

/** Times are milliseconds since the epoch everywhere below. */
export interface AgentRecord {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly roles: readonly string[];
  /** Whether a back end that holds this agent's key is trusted to say which user it acts for. */
  readonly namesUsers: boolean;
  readonly createdAt: number;
  readonly disabledAt: number | null;
}

/** A key is shown once; what is kept is its SHA-256 (the key has 256 bits of entropy, so a slow hash adds nothing). */
export interface AgentKeyRecord {
  readonly id: string;
  readonly agentId: string;
  readonly name: string;
  /** SHA-256, hex. */
  readonly hash: string;
  /** The first characters, for people to tell keys apart. */
  readonly hint: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  readonly lastUsedAt: number | null;
}

export interface OperatorRecord {
  readonly id: string;
  readonly name: string;
  readonly role: OperatorRole;
  readonly createdAt: number;
  readonly disabledAt: number | null;
  /** `<issuer> <sub>` of the account at the identity provider by which they sign in; absent for local operators. */
  readonly account?: string;
}

/** A secret that lets an operator in: a one-time link, a browser's cookie, or the command line's token. */
export interface SignInRecord {
  /** SHA-256 (hex) of the secret. */
  readonly hash: string;
  readonly operatorId: string;
  readonly kind: 'link' | 'cookie' | 'token';
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface AgentStore {
  list(): Promise<AgentRecord[]>;
  get(id: string): Promise<AgentRecord | undefined>;
  insert(agent: AgentRecord): Promise<void>;
  /** Resolves to false when there is no such agent. */
  update(
    id: string,
    change: Partial<Pick<AgentRecord, 'name' | 'roles' | 'namesUsers' | 'disabledAt'>>,
  ): Promise<boolean>;
  keys(agentId: string): Promise<AgentKeyRecord[]>;
  keyByHash(hash: string): Promise<AgentKeyRecord | undefined>;
  insertKey(key: AgentKeyRecord): Promise<void>;
  updateKey(id: string, change: Partial<Pick<AgentKeyRecord, 'revokedAt' | 'lastUsedAt'>>): Promise<boolean>;
}

export interface OperatorStore {
  list(): Promise<OperatorRecord[]>;
  get(id: string): Promise<OperatorRecord | undefined>;
  insert(operator: OperatorRecord): Promise<void>;
  update(id: string, change: Partial<Pick<OperatorRecord, 'name' | 'role' | 'disabledAt'>>): Promise<boolean>;
  insertSignIn(signIn: SignInRecord): Promise<void>;
  signIn(hash: string): Promise<SignInRecord | undefined>;
  /** Atomic: of two callers with one link, one gets the record and the other nothing. */
  takeSignIn(hash: string): Promise<SignInRecord | undefined>;
  deleteSignIns(operatorId: string): Promise<void>;
}

export interface SessionFilter {
  readonly state?: SessionState;
  readonly agentId?: string;
  readonly userId?: string;
  /** Sessions opened before this one's place in the list, newest first. */
  readonly before?: string;
  readonly limit: number;
}

export interface SessionStore {
  /** Counters are kept by the audit log, in the transaction that appends the entry. */
  insert(session: Session): Promise<void>;
  get(id: string): Promise<Session | undefined>;
  list(filter: SessionFilter): Promise<Session[]>;
  /** Of `user` only what is said of them changes: whose session it is never does. */
  update(id: string, change: Partial<Pick<Session, 'state' | 'expiresAt' | 'scope' | 'user'>>): Promise<boolean>;
}

export interface EntryFilter {
  readonly sessionId?: string;
  readonly agentId?: string;
  readonly kind?: EventKind;
  readonly outcome?: Outcome;
  /** Entries with `seq` greater than this, oldest first; or smaller, newest first. Not both. */
  readonly after?: number;
  readonly before?: number;
  readonly since?: number;
  readonly limit: number;
}

/** Figures of a stretch of time, to the minute, for the Overview. */
export interface Activity {
  readonly events: number;
  readonly denied: number;
  readonly held: number;
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly costMicros: number;
  /** Denials by reason code. */
  readonly denials: Readonly<Record<string, number>>;
  /** Events and denials per equal slice of the stretch, oldest first. */
  readonly slices: readonly { readonly at: number; readonly events: number; readonly denied: number }[];
}

export interface EntryReader {
  list(filter: EntryFilter): Promise<RecordedEntry[]>;
  activity(since: number, until: number, slices: number): Promise<Activity>;
  /** Intents that were let through and have no result: what a crash left open. */
  openIntents(): Promise<RecordedEntry[]>;
}

/**
 * Where the values of each session came from. A fault of any method denies.
 */
export interface FlowStates {
  /** Takes up what the session has read. What was taken up before costs next to nothing. */
  learn(event: UserMessage | ModelRequest | ToolResult, session: Session): void | Promise<void>;
  /** Where each argument came from, as far as the session has read. */
  trace(call: ToolCall, session: Session): Trace | Promise<Trace>;
  /**
   * The call was decided: what passes will echo its arguments, and what a person approved is not asked again. Resolves
   * once this, and all that was learned before, is durable: no call is cleared before.
   */
  settle(call: ToolCall, session: Session, decision: Decision): void | Promise<void>;
}

/** What a person has said, or is asked, of a held call. */
export type Hold =
  /** This very call was approved: the intent entry carries the id, which uses the approval up in the same transaction. */
  | { readonly state: 'approved'; readonly id: string; readonly endorses: boolean }
  /** A person is being asked. */
  | { readonly state: 'pending'; readonly id: string; readonly expiresAt: number }
  | { readonly state: 'rejected'; readonly id: string }
  /** Nobody is asked. */
  | { readonly state: 'refused'; readonly reason: Reason };

/** What approvals do with a held call. */
export interface Holds {
  /** Called with every decision that would be `require_approval`. A fault denies. */
  resolve(call: ToolCall, session: Session, decision: Decision, trace: Trace | undefined): Promise<Hold>;
}

/** Encrypted pieces of a session's flow, in the order in which they were learned. The session's end destroys them. */
export interface FlowStore {
  /**
   * Places them from `from` on, counted from 0. The same bytes in the same place again are no fault, so that a write whose
   * outcome is unknown can be repeated; others are `conflict`, and so is a session that is not open.
   */
  append(sessionId: string, from: number, pieces: readonly Uint8Array[]): Promise<void>;
  /**
   * Calls back right before the next commit, which what it appends is then part of: at once where somebody waits
   * (`awaited`), else with the next one that somebody waits for, or a little later. Returns how to leave it be.
   */
  join(then: () => void, awaited: boolean): () => void;
  load(sessionId: string): Promise<Uint8Array[]>;
  /** What the session's key is derived with. Of an open session that has none, `fresh` becomes it. */
  salt(sessionId: string, fresh?: Uint8Array): Promise<Uint8Array | undefined>;
  /** Destroys pieces and salt. */
  delete(sessionId: string): Promise<void>;
}

/** The sealed token of a session's user at their identity provider. The session's end destroys it. */
export interface UserTokenStore {
  /** In place of the one before. @throws RuntimeFault `conflict` when the session is not open */
  set(sessionId: string, sealed: Uint8Array): Promise<void>;
  get(sessionId: string): Promise<Uint8Array | undefined>;
}

/** Encrypted pieces of a session's vault, in the order in which its tokens were given out; as those of its flow. */
export type VaultStore = Omit<FlowStore, 'salt'>;

/** What tokens of one session stand for: `<EMAIL_1>`. The same value has the same token for as long as the session lasts. */
export interface Vault {
  /** The value's token, a new one where it has none. */
  tokenOf(type: string, value: string): string;
  /** What a token stands for, written exactly as `tokenOf` gave it. */
  valueOf(token: string): string | undefined;
  /** Whether the value has a token of the type. */
  has(type: string, value: string): boolean;
  /** How many tokens were given out; none is ever taken back. */
  readonly size: number;
  /** Those given out after the first `from`, in order. */
  given(from?: number): readonly { readonly token: string; readonly type: string; readonly value: string }[];
  /** Resolves once every token given out is durable; a fault denies. Nothing to wait for where none is new. */
  save(): void | Promise<void>;
}

/** The vaults of open sessions; ended with the session. */
export interface Vaults {
  /** @throws RuntimeFault `conflict` once the session has ended, `internal` where it cannot be read again */
  of(session: Session): Vault | Promise<Vault>;
}

/** An identifier of somebody, in its normal form; see `fence/keys.ts`. */
export interface OwnedIdentifier {
  /** A row of `sensitiveTypes`, an operator's type, or `ID`. */
  readonly type: string;
  readonly key: string;
}

/** To whom identifiers belong, as keyed hashes: of no identifier and of no owner the text is kept. */
export interface OwnerIndex {
  /** These were seen to belong to `owner`. Resolves once this is durable; a fault denies. Nothing to wait for where none is new. */
  learn(tenant: string, owner: string, identifiers: readonly OwnedIdentifier[]): void | Promise<void>;
  /**
   * Of each key its type, where it belongs to others and to none of `owners`; undefined where it was never seen, or is
   * shared by so many that it is nobody's. At once, because answers stream.
   */
  others(tenant: string, owners: readonly string[], keys: readonly string[]): readonly (string | undefined)[];
  /** Whether nothing is known of the tenant. */
  isEmpty(tenant: string): boolean;
}

/** One row of the index. Digests are of 16 bytes, keyed. */
export interface OwnedDigest {
  readonly tenant: string;
  readonly digest: Uint8Array;
  readonly owner: Uint8Array;
  readonly type: string;
  /** Kind of characters and length of the key: what has another shape need not be hashed to be told apart. */
  readonly shape: string;
  /** When it was seen last, in milliseconds since the epoch. */
  readonly seenAt: number;
}

export interface OwnerStore {
  /** All of them, in pages. */
  load(take: (rows: readonly OwnedDigest[]) => void): Promise<void>;
  /** What is known already is seen anew. */
  add(rows: readonly OwnedDigest[]): Promise<void>;
  /** Erases all of an owner; resolves to how many there were. */
  forget(tenant: string, owner: Uint8Array): Promise<number>;
  /** Erases what was not seen since. */
  expire(seenBefore: number): Promise<number>;
}

export interface ApprovalFilter {
  readonly state?: ApprovalState;
  readonly sessionId?: string;
  readonly before?: string;
  readonly limit: number;
}

export interface ApprovalStore {
  /**
   * Resolves to the pending or approved one of the same binding instead, where there is one whose time is not over.
   * `conflict` when the session is not open.
   */
  insert(approval: ApprovalRecord, detail: Uint8Array): Promise<ApprovalRecord>;
  get(id: string): Promise<ApprovalRecord | undefined>;
  detail(id: string): Promise<Uint8Array | undefined>;
  /** The newest of this binding; an open one is always that. */
  byBinding(binding: string): Promise<ApprovalRecord | undefined>;
  /** Replaces the detail, such as when the second model's opinion came in. False when it is destroyed: it stays so. */
  amend(id: string, detail: Uint8Array): Promise<boolean>;
  /** Newest first. */
  list(filter: ApprovalFilter): Promise<ApprovalRecord[]>;
  /** Atomic: false when it is no longer pending, expired, or this operator has voted. Sets the state that follows. */
  vote(id: string, vote: ApprovalVote): Promise<boolean>;
  /** Pending and approved ones whose time is over become `expired`; resolves to them. */
  expire(now: number): Promise<ApprovalRecord[]>;
  /** Ends what is open of a session, and destroys the details. */
  withdraw(sessionId: string): Promise<ApprovalRecord[]>;
}

/** What an operator confirmed of a tool. */
export interface ConfirmedManifest {
  /** The tool. */
  readonly name: string;
  readonly manifest: Manifest;
  /** SHA-256 (hex) of the canonical definition that it was confirmed for: of another one it says nothing. */
  readonly definition: string;
  /** Operator id. */
  readonly confirmedBy: string;
  readonly confirmedAt: number;
}

export interface ManifestStore {
  list(): Promise<ConfirmedManifest[]>;
  /** In place of what was confirmed of this tool before. */
  set(confirmed: ConfirmedManifest): Promise<void>;
  /** Resolves to false when nothing was confirmed. */
  delete(name: string): Promise<boolean>;
}

/** Small things the runtime must remember, such as its signing key. */
export interface SettingStore {
  get(key: string): Promise<string | undefined>;
  /** Keeps the first value ever set, and resolves to it. */
  setOnce(key: string, value: string): Promise<string>;
  /** Atomic: false, and nothing is changed, when the value is no longer `before`. */
  replace(key: string, before: string, after: string): Promise<boolean>;
}

/** Every method rejects with RuntimeFault `store_unavailable` when the database cannot answer. */
export interface Store {
  readonly agents: AgentStore;
  readonly operators: OperatorStore;
  readonly sessions: SessionStore;
  readonly entries: EntryReader;
  readonly flow: FlowStore;
  readonly vault: VaultStore;
  readonly userTokens: UserTokenStore;
  readonly owners: OwnerStore;
  readonly approvals: ApprovalStore;
  readonly manifests: ManifestStore;
  readonly credentials: CredentialStore;
  readonly settings: SettingStore;
  close(): Promise<void>;
}

/** Receives a provider's answer as it comes in. Exactly one of `end` and `fault` is called, last. */
export interface AnswerReceiver {
  head(status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void;
  data(bytes: Uint8Array): void;
  end(): void;
  fault(fault: RuntimeFault): void;
}

/** A model call under way. After `abort` the receiver hears nothing more. */
export interface ModelCall {
  pause(): void;
  resume(): void;
  abort(): void;
}

/** Token counts as the provider reported them. */
export interface Usage {
  readonly tokensIn: number;
  readonly tokensOut: number;
}

export interface Providers {
  /** The model that a request names: `provider/name`, or a configured name that only one provider has. */
  resolve(model: string): ModelRef | undefined;
  /** Configured models, and those that a provider lists. */
  models(): Promise<readonly ModelRef[]>;
  /** Millionths of a US dollar, by the operator's price table; undefined where the model has no price. */
  cost(model: ModelRef, usage: Usage): number | undefined;
  /** Sends exactly `wire.bytes` of a cleared event. Faults are `provider_failed` and `provider_timeout`. */
  send(cleared: Cleared<ModelRequest>, receiver: AnswerReceiver): ModelCall;
  close(): Promise<void>;
}
