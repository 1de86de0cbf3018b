import type { z } from 'zod';
import type {
  AuditLog,
  Clock,
  CredentialKeeper,
  EntryReader,
  Json,
  Manifest,
  NewId,
  OperatorRecord,
  PinState,
  PolicySet,
} from '@sallyport/core';
import type {
  AdminAnswer,
  AdminInput,
  AdminRouteName,
  Cell,
  PinView,
  UpstreamView,
  adminRoutes,
  cellKinds,
} from '@sallyport/core/admin';
import type { AgentService } from '../../agents/agents.ts';
import type { ApprovalService } from '../../approvals/index.ts';
import type { OperatorProvider } from '../../operators/provider.ts';
import type { OperatorService } from '../../operators/operators.ts';
import type { SessionService } from '../../sessions/sessions.ts';

/** The policies as the admin surface uses them. */
interface AdminPolicies {
  current(): PolicySet;
  status(): { readonly hash: string; readonly loadedAt: number; readonly problems: readonly string[] };
  /** `permissions.yaml` as it is now, valid or not, and the roles that it holds. */
  permissions(): Promise<{
    readonly hash: string;
    readonly text: string;
    readonly roles: Shown<AdminAnswer<'policies.get'>['roles']>;
  }>;
  /** Both reject with `conflict` when the file is not what `expectedHash` says, and resolve to its new hash. */
  setCell(change: CellChange): Promise<string>;
  writePermissions(text: string, expectedHash: string): Promise<string>;
}
interface CellChange {
  readonly role: string;
  readonly kind: (typeof cellKinds)[number];
  readonly name: string;
  /** null removes the cell. */
  readonly cell: Cell | null;
  readonly expectedHash: string;
}

/** What compose knows of the runtime as a whole. */
interface AdminSettings {
  readonly version: string;
  effectiveConfig(): Json;
  doctor(): Promise<Shown<AdminAnswer<'settings.doctor'>['checks']>>;
  /** Where this runtime is reached, without a slash at the end. */
  baseUrl(): string;
  models(): readonly string[];
  /** What was signed with each provider, as it holds now. */
  agreements(): Shown<AdminAnswer<'providers.list'>>;
  providers(): readonly { readonly name: string; readonly baseUrl: string; readonly scripted: boolean }[];
}

/** What is known of each tool, and what operators confirmed. */
interface AdminTools {
  list(): Promise<Shown<AdminAnswer<'tools.list'>['tools']>>;
  /** Rejects with `conflict` when the tool is no longer defined as `definition` says, `not_found` when it was never seen. */
  confirm(
    name: string,
    manifest: Manifest,
    operatorId: string,
    definition?: string,
  ): Promise<Shown<AdminAnswer<'tools.confirm'>>>;
  /** Rejects with `not_found` when nothing was confirmed. */
  forget(name: string): Promise<void>;
  /** What is assumed of it now. */
  manifestOf(name: string): Manifest;
}

/** Tools' credentials: where they are kept and where they go. What they are is never asked for. */
type AdminCredentials = Pick<CredentialKeeper, 'list' | 'set' | 'revoke' | 'restore'>;

/** The configured upstreams, as they are now. */
interface AdminUpstreams {
  /** In the order of the configuration. */
  list(): Promise<readonly Shown<Omit<UpstreamView, 'pins'>>[]>;
}

/** What was reviewed of the tools that upstreams offer. */
interface AdminPins {
  list(filter: { readonly upstream?: string; readonly state?: PinState }): Promise<Shown<readonly PinView[]>>;
  /**
   * Both reject with `conflict` when the tool is not offered with the definition of this hash any more, `not_found` when the
   * upstream never offered it, `store_unavailable` when the lock file cannot be written; then nothing has changed.
   */
  approve(upstream: string, tool: string, hash: string, operatorId: string): Promise<Shown<PinView>>;
  reject(upstream: string, tool: string, hash: string, operatorId: string): Promise<Shown<PinView>>;
  /** Of each upstream, how many of its tools are in each state. */
  counts(): Promise<ReadonlyMap<string, Readonly<Record<PinState, number>>>>;
}

/** What each session has read. */
interface AdminFlows {
  /** Undefined once the session has ended and its flow was destroyed. */
  describe(sessionId: string): Promise<Shown<AdminAnswer<'sessions.flow'>> | undefined>;
}

export interface AdminServices {
  readonly agents: AgentService;
  readonly approvals: ApprovalService;
  readonly credentials?: AdminCredentials;
  readonly flows: AdminFlows;
  readonly tools: AdminTools;
  readonly upstreams: AdminUpstreams;
  readonly pins: AdminPins;
  readonly sessions: SessionService;
  readonly operators: OperatorService;
  /** Where operators sign in beside links, if anywhere. */
  readonly operatorProvider?: Pick<OperatorProvider, 'host' | 'begin' | 'finish'>;
  readonly policies: AdminPolicies;
  readonly settings: AdminSettings;
  readonly entries: EntryReader;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly tenant: string;
  /** Host names, without port, by which requests may call this runtime, beside those of `baseUrl` and of this machine. */
  readonly trustedHosts: readonly string[];
}

/** An answer as a handler may give it: records are read-only, and what the schema does not declare is left out. */
type Shown<T> = z.core.util.JSONType extends T
  ? Json
  : T extends object
    ? { readonly [Key in keyof T]: Shown<T[Key]> }
    : T;

type RouteOf<N extends AdminRouteName> = (typeof adminRoutes)[N];

/** One request of an operator who may make it, parsed. */
export interface Asked<N extends AdminRouteName> {
  readonly operator: OperatorRecord;
  readonly params: AdminInput<N> extends { readonly params: infer Params } ? Params : unknown;
  readonly query: RouteOf<N> extends { readonly query: infer Q extends z.ZodType } ? z.output<Q> : unknown;
  readonly body: RouteOf<N> extends { readonly body: infer B extends z.ZodType } ? z.output<B> : unknown;
  /** For what the request creates: its entry in the log, written before, can so name it. */
  readonly newId: string;
}

type Run<N extends AdminRouteName> = (
  asked: Asked<N>,
  services: AdminServices,
) => Shown<AdminAnswer<N>> | Promise<Shown<AdminAnswer<N>>>;

/** What the log says of a change. */
export interface ChangeEntry {
  readonly subject: string;
  readonly detail?: string;
}

/** A change says what the log shall say of it, so that none can be made without. */
export interface Change<N extends AdminRouteName> {
  readonly entry: (asked: Asked<N>) => ChangeEntry;
  readonly run: Run<N>;
}

type Handler<N extends AdminRouteName> = RouteOf<N>['permission'] extends `${string}.read` ? Run<N> : Change<N>;
export type Handlers<N extends AdminRouteName = AdminRouteName> = { readonly [Name in N]: Handler<Name> };
