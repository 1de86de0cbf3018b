import { JsonRpcError, RuntimeFault, asFault, faults } from '@sallyport/core';
import type { Json, JsonObject } from '@sallyport/core';

/** JSON-RPC 2.0 section 5.1, and MCP 2026-07-28 (basic, error codes). */
export const errorCodes = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  /** Until 2025-11-25; later it is one of the parameters that is invalid. */
  resourceNotFound: -32002,
  headerMismatch: -32020,
  missingCapability: -32021,
  unsupportedVersion: -32022,
} as const;

/** The surface's own refusal of a request as such: it is answered with an HTTP status, not within a 200. */
export class Refusal extends JsonRpcError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: number,
    message: string,
    more: { data?: Json; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(code, message, more.data);
    this.status = status;
    this.headers = more.headers ?? {};
  }
}

export const invalidRequest = (message: string): Refusal => new Refusal(400, errorCodes.invalidRequest, message);
export const invalidParams = (message: string): Refusal => new Refusal(400, errorCodes.invalidParams, message);
export const mismatch = (message: string): Refusal =>
  new Refusal(400, errorCodes.headerMismatch, `The headers and the body disagree: ${message}`);
/** Also where the session is another principal's: whether it is there is no one else's business. */
export const noSuchSession = (): Refusal =>
  new Refusal(404, errorCodes.invalidRequest, 'There is no such MCP session. Send initialize to begin a new one.');

export type RpcErrorBody = JsonObject & { readonly code: number; readonly message: string };

/** An error as a client is told: nothing of what failed inside. */
export function errorBody(error: unknown): RpcErrorBody {
  if (error instanceof JsonRpcError) {
    const { code, message, data } = error;
    return { code, message, ...(data === undefined ? {} : { data }) };
  }
  const fault: RuntimeFault = asFault(error);
  const { status, title, hint } = faults[fault.code];
  const own = { invalid_json: errorCodes.parse, invalid_request: errorCodes.invalidParams } as Record<string, number>;
  const code = own[fault.code] ?? (status < 500 ? errorCodes.invalidRequest : errorCodes.internal);
  const path = fault.path === undefined ? {} : { path: fault.path };
  return { code, message: fault.detail ?? `${title}.`, data: { code: fault.code, hint, ...path } };
}

/** Fastify's own refusals (a body too large, a content type it does not read) become refusals of ours. */
export function asRefusal(error: unknown): Error {
  if (error instanceof JsonRpcError || error instanceof RuntimeFault) return error;
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  if (status === 413) return new RuntimeFault('body_too_large', { cause: error });
  if (status === 415) return new Refusal(415, errorCodes.invalidRequest, 'Send application/json, not compressed.');
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new Refusal(status, errorCodes.invalidRequest, (error as Error).message);
  return asFault(error);
}

export const statusOf = (error: Error): number =>
  error instanceof Refusal ? error.status : error instanceof JsonRpcError ? 200 : asFault(error).status;

/** RFC 6750 section 3 and RFC 9728 section 5.1: where to learn how to sign in, and what is missing. */
export function challengeOf(error: unknown, metadataUrl: string): string | undefined {
  const scope = scopeOf(error);
  const metadata = `resource_metadata="${metadataUrl}"`;
  if (scope !== undefined) return `Bearer error="insufficient_scope", scope="${scope}", ${metadata}`;
  return error instanceof RuntimeFault && error.code === 'unauthenticated' ? `Bearer ${metadata}` : undefined;
}

function scopeOf(error: unknown): string | undefined {
  const scope = error instanceof Error && 'scope' in error ? error.scope : undefined;
  // RFC 6749 section 3.3: nothing in it can end the quotes.
  return typeof scope === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/.test(scope)
    ? scope
    : undefined;
}
