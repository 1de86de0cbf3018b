import type { Insertable, Selectable } from 'kysely';

/** Times are milliseconds since the epoch; lists are JSON; a truth is 0 or 1. Columns in SQL are in snake_case. */
export interface AgentTable {
  id: string;
  tenant: string;
  name: string;
  roles: string;
  namesUsers: number;
  createdAt: number;
  disabledAt: number | null;
}
export interface AgentKeyTable {
  id: string;
  agentId: string;
  name: string;
  hash: string;
  hint: string;
  createdAt: number;
  expiresAt: number | null;
  revokedAt: number | null;
  lastUsedAt: number | null;
}
export interface OperatorTable {
  id: string;
  name: string;
  role: string;
  createdAt: number;
  disabledAt: number | null;
  account: string | null;
}
export interface SignInTable {
  hash: string;
  operatorId: string;
  kind: string;
  createdAt: number;
  expiresAt: number;
}
export interface SessionTable {
  id: string;
  tenant: string;
  agentId: string;
  agentName: string;
  agentRoles: string;
  userId: string;
  userRoles: string;
  /** JSON; null where nothing is claimed. */
  userClaims: string | null;
  userIssuer: string | null;
  purpose: string;
  openedAt: number;
  expiresAt: number;
  state: string;
  /** JSON; null where nothing was narrowed. */
  scope: string | null;
  modelCalls: number;
  toolCalls: number;
  denied: number;
  held: number;
  tokensIn: number;
  tokensOut: number;
  costMicros: number;
}
/** Only the log writes here, see `audit/rows.ts`. */
export interface EntryTable {
  seq: number;
  at: number;
  sessionId: string | null;
  kind: string | null;
  phase: string;
  outcome: string | null;
  entry: string;
}
/** Up to which `seq` the tables have what follows from the log: one row. */
export interface DerivedTable {
  id: number;
  seq: number;
}
export interface SessionEntryTable {
  sessionId: string;
  seq: number;
}
/** Sums of the entries of a minute, which is milliseconds since the epoch, rounded down. */
export interface ActivityMinuteTable {
  minute: number;
  events: number;
  denied: number;
  held: number;
  tokensIn: number;
  tokensOut: number;
  costMicros: number;
}
export interface DenialMinuteTable {
  minute: number;
  reason: string;
  denials: number;
}
/** Intents let through whose result is not in the log yet, so that a start need not search millions of entries. */
export interface OpenIntentTable {
  eventId: string;
  seq: number;
}
/** Sealed by whoever wrote it. */
export interface FlowPieceTable {
  sessionId: string;
  seq: number;
  piece: Uint8Array;
}
/** Sealed. */
export interface VaultPieceTable {
  sessionId: string;
  seq: number;
  piece: Uint8Array;
}
/** Keyed hashes: neither the identifier nor its owner is told by the file. */
export interface OwnedIdentifierTable {
  tenant: string;
  digest: Uint8Array;
  owner: Uint8Array;
  type: string;
  shape: string;
  seenAt: number;
}
export interface SessionSaltTable {
  sessionId: string;
  salt: Uint8Array;
}
/** Sealed. */
export interface UserTokenTable {
  sessionId: string;
  sealed: Uint8Array;
}
export interface ApprovalTable {
  id: string;
  tenant: string;
  sessionId: string;
  agentId: string;
  agent: string;
  userId: string;
  eventId: string;
  tool: string;
  binding: string;
  state: string;
  requestedAt: number;
  expiresAt: number;
  votesNeeded: number;
  /** Only the log sets it, with the entry. */
  usedBy: string | null;
  detail: Uint8Array | null;
}
/** `manifest` is JSON. */
export interface ManifestTable {
  name: string;
  manifest: string;
  definition: string;
  confirmedBy: string;
  confirmedAt: number;
}
/** Sealed under its name, slot and version. */
export interface SealedCredentialTable {
  name: string;
  slot: string;
  version: number;
  sealed: Uint8Array;
}
export interface RevokedCredentialTable {
  name: string;
  revokedAt: number;
}
export interface SettingTable {
  key: string;
  value: string;
}

export interface Database {
  agents: AgentTable;
  agentKeys: AgentKeyTable;
  operators: OperatorTable;
  signIns: SignInTable;
  sessions: SessionTable;
  entries: EntryTable;
  derived: DerivedTable;
  sessionEntries: SessionEntryTable;
  openIntents: OpenIntentTable;
  activityMinutes: ActivityMinuteTable;
  denialMinutes: DenialMinuteTable;
  flowPieces: FlowPieceTable;
  vaultPieces: VaultPieceTable;
  ownedIdentifiers: OwnedIdentifierTable;
  sessionSalts: SessionSaltTable;
  userTokens: UserTokenTable;
  approvals: ApprovalTable & { rowid: number };
  manifests: ManifestTable;
  sealedCredentials: SealedCredentialTable;
  revokedCredentials: RevokedCredentialTable;
  settings: SettingTable;
}
export type SessionRow = Selectable<SessionTable>;
export type NewSessionRow = Insertable<SessionTable>;
