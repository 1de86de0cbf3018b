/** Revisions with a handshake and a session, newest first. */
export const sessionRevisions = ['2025-11-25', '2025-06-18', '2025-03-26'] as const;
/** Revisions in which every request stands alone. */
export const statelessRevisions = ['2026-07-28'] as const;

export const isSessionRevision = (version: unknown): version is (typeof sessionRevisions)[number] =>
  (sessionRevisions as readonly unknown[]).includes(version);
export const isStatelessRevision = (version: unknown): version is (typeof statelessRevisions)[number] =>
  (statelessRevisions as readonly unknown[]).includes(version);

/** Members of `_meta` that make up the envelope of a 2026 request. */
export const metaKeys = {
  version: 'io.modelcontextprotocol/protocolVersion',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  capabilities: 'io.modelcontextprotocol/clientCapabilities',
  logLevel: 'io.modelcontextprotocol/logLevel',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
} as const;

const both = [
  'tools/list',
  'tools/call',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'prompts/list',
  'prompts/get',
  'completion/complete',
];
/** What goes to the gateway as it is, by era; anything else is the surface's own or no method at all. */
export const gatewayMethods = {
  session: new Set([...both, 'resources/subscribe', 'resources/unsubscribe', 'logging/setLevel']),
  stateless: new Set(both),
} as const;

/** RFC 5424 severities, least first. */
export const logLevels = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const;
