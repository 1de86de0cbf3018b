import type { Cleared } from './monitor.ts';
import type { Json, JsonObject, ToolCall } from './events.ts';
import type { Session } from './session.ts';

/**
 * What an upstream can be asked to do, in MCP's words. Each is a `tool_call` event, so that policies, information flow and
 * the log see all of them: a tool under its listed name, the rest as `<upstream>__resources/read` and the like.
 */
export const upstreamMethods = [
  'tools/call',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'prompts/get',
  'completion/complete',
] as const;
export type UpstreamMethod = (typeof upstreamMethods)[number];

/** What lists an upstream has. Asking for one is no event: what it lists is judged when it is used. */
export const upstreamLists = ['tools/list', 'resources/list', 'resources/templates/list', 'prompts/list'] as const;
export type UpstreamList = (typeof upstreamLists)[number];

/** Which upstream carries a call out. */
export interface UpstreamTarget {
  readonly upstream: string;
  readonly method: UpstreamMethod;
  /** Of `tools/call`: the tool's name as the upstream knows it. */
  readonly tool?: string;
  /** Of a resource: the address is one that the upstream itself offers, and no page of the web. */
  readonly own?: true;
}

/** What an upstream says of itself once it is connected. Everything in it is its own word, so hostile. */
export interface UpstreamInfo {
  /** Protocol revision in use, such as `2025-11-25`; `http` where it is no MCP server. */
  readonly protocol: string;
  readonly capabilities: JsonObject;
  readonly serverInfo: JsonObject;
  readonly instructions?: string;
}

/** Whoever waits for an answer, as the upstream meets it while it works. */
export interface UpstreamPeer {
  /** Progress and log messages that belong to this request. */
  notify(method: string, params: JsonObject): void;
  /**
   * What the upstream wants to know: `elicitation/create`, `sampling/createMessage`, `roots/list`. Absent where nobody can
   * be asked. Rejects where it is refused; the upstream is told so.
   */
  readonly ask?: (method: string, params: JsonObject) => Promise<JsonObject>;
  /** Fires when nobody waits any more: the upstream is told to stop. */
  readonly signal: AbortSignal;
  /** `_meta` for the upstream: trace context, log level, progress token. Never the client's credentials. */
  readonly meta: JsonObject;
  /** Beside the cleared arguments: `inputResponses` and `requestState` of a request that is made again. */
  readonly again?: JsonObject;
}

/**
 * A connection to one upstream on behalf of one session (or, for lists, of nobody). Faults are `upstream_failed`,
 * `upstream_timeout` and `upstream_malformed`; what the upstream itself answers as an error is a `JsonRpcError`.
 */
export interface UpstreamConnection {
  readonly info: UpstreamInfo;
  /** One page. @param params `cursor` and `_meta` */
  list(method: UpstreamList, params: JsonObject, signal: AbortSignal): Promise<JsonObject>;
  /**
   * Carries out exactly what was cleared: `cleared.event.target` and `.arguments`. Resolves to the result as the upstream
   * gave it; of a 2026 upstream it may be `resultType: input_required`.
   */
  run(cleared: Cleared<ToolCall>, peer: UpstreamPeer): Promise<JsonObject>;
  /** `notifications/roots/list_changed` and the like; nothing where the upstream takes none. */
  notify(method: string, params: JsonObject): void;
  /** What comes outside any request: lists that changed, resources that were updated, log messages. Returns how to stop. */
  onNotification(listener: (method: string, params: JsonObject) => void): () => void;
  /** Once, when it is lost or closed; every request under way has failed by then. */
  onClose(listener: (reason: string) => void): () => void;
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** Whose calls it will carry; none where only lists are asked for. */
  readonly session?: Session;
  /** What the client can be asked: `elicitation`, `sampling`, `roots`. */
  readonly capabilities: JsonObject;
  readonly signal: AbortSignal;
}

/** One configured upstream: an MCP server, or an HTTP API whose operations are tools. */
export interface Upstream {
  readonly name: string;
  /** Whether all sessions share one connection, because the upstream keeps nothing between calls. */
  readonly shared: boolean;
  connect(options: ConnectOptions): Promise<UpstreamConnection>;
  status(): UpstreamStatus;
  close(): Promise<void>;
}

/** How an upstream is, for the dashboard. */
export interface UpstreamStatus {
  /**
   * `restarting`: its program broke down and is started again when it is next needed, after a pause. `refused`: its package is
   * not what was pinned.
   */
  readonly state: 'idle' | 'connected' | 'restarting' | 'failing' | 'refused';
  /** Of the last three: why. Safe to show. */
  readonly detail?: string;
  /** Protocol revision it was last found to speak. */
  readonly protocol?: string;
  /** Of a program: what keeps it in. */
  readonly isolation?: ProcessRunner['isolation'];
  /** Of an HTTP API: what of its description could not be made a tool, such as `DELETE /pets/{id}`. */
  readonly skipped?: readonly { readonly operation: string; readonly why: string }[];
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** An error that an upstream answered, or that a client is answered: JSON-RPC 2.0 section 5.1. */
export class JsonRpcError extends Error {
  override readonly name = 'JsonRpcError';
  readonly code: number;
  readonly data: Json | undefined;

  constructor(code: number, message: string, data?: Json) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** Starts a program for an upstream that speaks over its standard input and output. The sandbox drivers implement it. */
export interface ProcessRunner {
  /** Named in messages and on the dashboard, so that a weaker one shows. */
  readonly isolation: 'none' | 'sandbox';
  start(program: Program): RunningProgram;
}

export interface Program {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** All of it: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What the operator declared; a runner that cannot enforce it must have said so by `isolation`. */
  readonly permissions: ProgramPermissions;
}

export interface ProgramPermissions {
  /** Hosts, with ports; none is no network. */
  readonly hosts: readonly string[];
  readonly read: readonly string[];
  readonly write: readonly string[];
}

export interface RunningProgram {
  readonly stdin: { write(bytes: Uint8Array): boolean; end(): void };
  onStdout(listener: (bytes: Uint8Array) => void): void;
  onStderr(listener: (bytes: Uint8Array) => void): void;
  onExit(listener: (exit: { readonly code: number | null; readonly signal: string | null }) => void): void;
  /** Asks it to stop, and ends it and what it started a moment later. */
  stop(): Promise<void>;
}
