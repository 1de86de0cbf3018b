import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RuntimeFault } from '@sallyport/core';
import { faultOf } from '../admin/problem.ts';

/** The closed table of what the token endpoint answers: RFC 6749 section 5.2, RFC 8707 section 2, and 503 as section 4.1.2.1 names it. */
const oauthErrors = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  invalid_scope: 400,
  invalid_target: 400,
  temporarily_unavailable: 503,
  server_error: 500,
} as const;
type OAuthErrorCode = keyof typeof oauthErrors;

export class OAuthError extends Error {
  override readonly name = 'OAuthError';
  readonly code: OAuthErrorCode;

  constructor(code: OAuthErrorCode, description: string) {
    super(description);
    this.code = code;
  }
}

/** RFC 8693 section 2.2.2: a token that will not do, for whatever reason, is `invalid_request`. */
const codes: Partial<Record<RuntimeFault['code'], OAuthErrorCode>> = {
  unauthenticated: 'invalid_request',
  forbidden: 'invalid_request',
  invalid_request: 'invalid_request',
  body_too_large: 'invalid_request',
  identity_unavailable: 'temporarily_unavailable',
  store_unavailable: 'temporarily_unavailable',
  shutting_down: 'temporarily_unavailable',
};

function asOAuthError(error: unknown): OAuthError {
  if (error instanceof OAuthError) return error;
  const { code, message } = faultOf(error);
  return new OAuthError(codes[code] ?? 'server_error', message);
}

export async function sendOAuthError(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { code, message } = asOAuthError(error);
  if (oauthErrors[code] >= 500) request.log.error({ err: error, requestId: request.id }, 'The token endpoint failed');
  if (code === 'invalid_client') reply.header('www-authenticate', 'Basic realm="sallyport", charset="UTF-8", Bearer');
  await reply
    .code(oauthErrors[code])
    .headers({ 'cache-control': 'no-store', pragma: 'no-cache' })
    .type('application/json')
    // Section 5.2 allows a description printable ASCII without quotes and backslashes only.
    .send(JSON.stringify({ error: code, error_description: message.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?') }));
}
