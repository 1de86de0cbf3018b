import type { JsonObject, Session } from '@sallyport/core';

/** A client of the MCP surface, as the gateway meets it during one request, whatever revision it speaks. */
export interface McpClient {
  /** Protocol revision of this request, such as `2025-11-25`. */
  readonly protocol: string;
  /** What the client declared. */
  readonly capabilities: JsonObject;
  readonly info: JsonObject;
  /** `_meta` of the request, as it came. */
  readonly meta: JsonObject;
  /** Sends a notification on the stream of this request, such as `notifications/progress`; upgrades it to a stream. */
  notify(method: string, params: JsonObject): void;
  /**
   * Asks the client itself and resolves to its result: 2025 clients, on the stream of this request. Absent with 2026 clients,
   * which are answered `input_required` and make their request again.
   *
   * @throws JsonRpcError as the client answered
   */
  readonly ask?: (method: string, params: JsonObject) => Promise<JsonObject>;
  /** Keeps the stream open while a person is waited for; returns how to stop. */
  keepAlive(): () => void;
  /** Whether whoever asks would still be let in: their key may have been revoked, or their session ended, while a person was waited for. */
  isStill(): Promise<boolean>;
  /** Fires when the client has gone, or has cancelled the request. */
  readonly signal: AbortSignal;
}

/** What a client is told of the gateway when it begins: the same for `initialize` and `server/discover`. */
export interface GatewayInfo {
  readonly serverInfo: JsonObject;
  readonly capabilities: JsonObject;
  readonly instructions?: string;
}

/** Which notifications a client wants beside its requests. */
export interface ListenFilter {
  readonly toolsListChanged?: boolean;
  readonly promptsListChanged?: boolean;
  readonly resourcesListChanged?: boolean;
  /** URIs as the client knows them. */
  readonly resources?: readonly string[];
  /** Whether listening is all it does to watch them, as in 2026-07-28: before that they are subscribed to by requests. */
  readonly watch?: boolean;
  /** Log messages of upstreams (2025: after `logging/setLevel`). */
  readonly messages?: boolean;
}

/**
 * The tool gateway: every MCP request of an agent passes it, and it asks the monitor about each. Results are JSON-RPC
 * results without the 2026 envelope (`resultType` of complete results, `ttlMs`), which the surface adds.
 */
export interface Gateway {
  /** What this session may see of. */
  describe(session: Session, client: Pick<McpClient, 'capabilities' | 'signal'>): Promise<GatewayInfo>;
  /**
   * `tools/list`, `tools/call`, `resources/*`, `prompts/*`, `completion/complete`, `logging/setLevel`.
   *
   * @throws JsonRpcError for the client; RuntimeFault where something failed
   */
  handle(session: Session, method: string, params: JsonObject, client: McpClient): Promise<JsonObject>;
  /**
   * `inputSchema` of a tool as this session sees it, nothing where it sees none: 2026 clients repeat marked arguments in
   * `Mcp-Param-*` headers, which are held against it. Without this method requests with such headers are refused.
   */
  inputSchema?(session: Session, tool: string): Promise<JsonObject | undefined>;
  /** A notification of the client: `notifications/roots/list_changed`. Those about a request are the surface's. */
  notified(session: Session, method: string, params: JsonObject): void;
  /** A client that subscribed to a resource of its own accord (2025) has gone. */
  unwatch(session: Session, uri: string): void;
  /** The runtime is about to stop: no call is kept waiting for a person any more. Each is told where its approval is. */
  stopHolding(): void;
  /** Returns how to stop. */
  listen(session: Session, filter: ListenFilter, listener: (method: string, params: JsonObject) => void): () => void;
}
