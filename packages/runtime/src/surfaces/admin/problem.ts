import { STATUS_CODES } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Problem } from '@sallyport/core/admin';
import { RuntimeFault, faults } from '@sallyport/core';

/** Fastify's own refusals (a body too large, a content type it does not read) as faults; anything else is ours. */
export function faultOf(error: unknown): RuntimeFault {
  if (error instanceof RuntimeFault) return error;
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  if (status === 413) return new RuntimeFault('body_too_large', { cause: error });
  if (status === 415) return new RuntimeFault('invalid_request', { detail: 'Send application/json, not compressed.' });
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new RuntimeFault('invalid_request', { detail: STATUS_CODES[status] ?? 'Bad Request', cause: error });
  }
  return new RuntimeFault('internal', { cause: error });
}

/** A problem document (RFC 9457). Says nothing of what failed inside: for that there is the request id. */
function problemOf(error: unknown, requestId: string): Problem {
  const { code, status, detail, path } = faultOf(error);
  const { title, hint } = faults[code];
  const place = path === undefined ? {} : { path };
  return { type: `urn:sallyport:fault:${code}`, title, status, detail: detail ?? hint, code, ...place, requestId };
}

/** For `setErrorHandler` of every surface that is ours and not a vendor's. */
export async function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const problem = problemOf(error, request.id);
  if (problem.status >= 500) request.log.error({ err: error, requestId: request.id }, problem.title);
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer');
  await reply
    .code(problem.status)
    .header('cache-control', 'no-store')
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(problem));
}

export const noSuchAddress = (): never => {
  throw new RuntimeFault('not_found');
};
