import { JsonRpcError, RuntimeFault, parseJson } from '@sallyport/core';
import type { Json, JsonObject } from '@sallyport/core';

/** Revision without handshake, whose every request carries what it needs. */
export const modernProtocol = '2026-07-28';
/** Revisions with a handshake, newest first. */
export const legacyProtocols = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const;

/** Keys of `_meta` that are the protocol's own (2026-07-28, "_meta"), and ours. */
export const metaKeys = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
  logLevel: 'io.modelcontextprotocol/logLevel',
  relatedTask: 'io.modelcontextprotocol/related-task',
  userContext: 'sallyport/userContext',
} as const;

export const clientInfo: JsonObject = { name: 'sallyport', version: '1.0.0' };

export const rpcCodes = {
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  refused: -1,
  unsupportedProtocol: -32022,
} as const;

export type RequestId = string | number;

/** What an upstream may send: JSON-RPC 2.0. */
export type Incoming =
  | { readonly kind: 'result'; readonly id: RequestId; readonly result: JsonObject }
  | { readonly kind: 'error'; readonly id: RequestId | undefined; readonly error: JsonRpcError }
  | { readonly kind: 'request'; readonly id: RequestId; readonly method: string; readonly params: JsonObject }
  | { readonly kind: 'notification'; readonly method: string; readonly params: JsonObject };

const maxDepth = 64;
const maxMethodLength = 128;

export const malformed = (detail: string): RuntimeFault => new RuntimeFault('upstream_malformed', { detail });

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * One message, or the batch of 2025-03-26.
 *
 * @throws RuntimeFault `upstream_malformed`
 */
export function readMessages(text: string): Incoming[] {
  let value: Json;
  try {
    value = parseJson(text, { maxDepth });
  } catch (cause) {
    const why = cause instanceof RuntimeFault && cause.detail !== undefined ? cause.detail : 'It is not JSON.';
    throw new RuntimeFault('upstream_malformed', { detail: `A message is no JSON: ${why}`, cause });
  }
  return Array.isArray(value) ? (value as readonly Json[]).map(readMessage) : [readMessage(value)];
}

function readMessage(value: Json): Incoming {
  if (!isObject(value) || value['jsonrpc'] !== '2.0') throw malformed('A message is no JSON-RPC 2.0 object.');
  const { id, method, params, result, error } = value;
  if (method !== undefined) return readOwn(method, id, params);
  if (result !== undefined && error !== undefined) throw malformed('An answer has both a result and an error.');
  if (result !== undefined) {
    if (!isId(id)) throw malformed('An answer has no id.');
    if (!isObject(result)) throw malformed('A result is no object.');
    return { kind: 'result', id, result };
  }
  if (!isObject(error)) throw malformed('A message is neither a request nor an answer.');
  if (id !== undefined && id !== null && !isId(id)) throw malformed('An answer has an id of no known kind.');
  return { kind: 'error', id: id ?? undefined, error: readError(error) };
}

function readOwn(method: Json, id: Json | undefined, given: Json | undefined): Incoming {
  if (typeof method !== 'string' || method.length > maxMethodLength) throw malformed('A method is no short text.');
  const params = given ?? {};
  if (!isObject(params)) throw malformed('The params of a message are no object.');
  if (id === undefined) return { kind: 'notification', method, params };
  if (!isId(id)) throw malformed('The id of a request is of no known kind.');
  return { kind: 'request', id, method, params };
}

function readError({ code, message, data }: JsonObject): JsonRpcError {
  if (typeof code !== 'number' || !Number.isInteger(code)) throw malformed('An error has no code.');
  return new JsonRpcError(code, typeof message === 'string' ? message : '', data);
}

const isId = (value: Json | undefined): value is RequestId =>
  (typeof value === 'string' && value.length <= 256) || (typeof value === 'number' && Number.isSafeInteger(value));

/** An error in an HTTP answer that is no success, where it has one. */
export function errorIn(text: string): JsonRpcError | undefined {
  try {
    const value = parseJson(text, { maxDepth });
    return isObject(value) && isObject(value['error']) ? readError(value['error']) : undefined;
  } catch {
    return undefined;
  }
}

/** Of a revision that an upstream names; anything else that it says is not repeated. */
export const isRevision = (value: Json | undefined): value is string =>
  typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value);

/** What only this runtime may say. */
const reservedMeta: ReadonlySet<string> = new Set([
  metaKeys.protocolVersion,
  metaKeys.clientInfo,
  metaKeys.clientCapabilities,
  metaKeys.subscriptionId,
  metaKeys.userContext,
]);

export function ownMeta(meta: JsonObject): JsonObject {
  const names = Object.keys(meta);
  return names.some((name) => reservedMeta.has(name))
    ? Object.fromEntries(Object.entries(meta).filter(([name]) => !reservedMeta.has(name)))
    : meta;
}
