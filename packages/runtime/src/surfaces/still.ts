import type { FastifyRequest } from 'fastify';
import type { Session } from '@sallyport/core';

interface Authenticating {
  authenticate(request: FastifyRequest): Session | Promise<Session>;
}

/**
 * Whether the request's credential would still lead to its session: while a person or an upstream was waited for, the key may
 * have been revoked, or the session ended.
 */
export async function isStill(
  surface: Authenticating,
  { id }: Pick<Session, 'id'>,
  request: FastifyRequest,
): Promise<boolean> {
  try {
    return (await surface.authenticate(request)).id === id;
  } catch {
    return false;
  }
}
