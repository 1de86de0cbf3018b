import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Clock, Session } from '@sallyport/core';
import { RuntimeFault, isScopePattern } from '@sallyport/core';
import type { AuthenticatedAgent } from '../../agents/agents.ts';
import type { Authenticator } from '../../identity/authenticate.ts';
import type { NewSession, SessionService } from '../../sessions/sessions.ts';
import { anonymousUser, isUserId } from '../../identity/user-id.ts';
import { credentialsOf, requireNamesUsers } from '../../identity/authenticate.ts';
import { parseInput, readJsonBodies } from '../admin/input.ts';
import { sendProblem } from '../admin/problem.ts';

export interface SessionSurfaceServices {
  readonly authenticator: Authenticator;
  readonly sessions: SessionService;
  readonly clock: Clock;
}

const patterns = z
  .array(z.string().min(1).max(200).refine(isScopePattern, 'is no pattern: * is any characters, \\* a star'))
  .max(200);
const openSchema = z.object({
  user: z.string().refine(isUserId, 'a user id is 1 to 200 visible ASCII characters').optional(),
  purpose: z.string().trim().min(1).max(500),
  ttl_seconds: z.int().min(60).max(604_800).optional(),
  scope: z.strictObject({ tools: patterns.optional(), labels: patterns.optional() }).optional(),
});
const nothing = z.object({});

type OneSession = { Params: { id: string } };

/**
 * Where an agent's back end opens, renews and ends sessions, with the agent's key. Times are milliseconds since the epoch.
 *
 * - `POST /v1/sessions` with `{ user?, purpose, ttl_seconds?, scope?: { tools?, labels? } }` → 201 and the session with its
 *   first token. The scope's names may hold `*`. It is for the session's whole life: no token and no later request widens it
 * - `POST /v1/sessions/:id/token` → a new token; the old one stays good until it expires
 * - `DELETE /v1/sessions/:id` → 204
 */
export const sessionRoutes =
  (services: SessionSurfaceServices): FastifyPluginAsync =>
  async (app) => {
    readJsonBodies(app);
    app.setErrorHandler(sendProblem);
    app.addHook('onRequest', async (_, reply) => {
      reply.header('cache-control', 'no-store');
    });
    app.route({
      method: 'POST',
      url: '/v1/sessions',
      handler: async (request, reply) => {
        reply.code(201);
        return await open(request, services);
      },
    });
    app.route<OneSession>({
      method: 'POST',
      url: '/v1/sessions/:id/token',
      handler: async (request) => {
        const { known, session } = await own(request, services);
        parseInput(nothing, request.body);
        // Trust that was withdrawn since ends with the token that is out.
        if (session.user.id !== anonymousUser) requireNamesUsers(known);
        return await answer(session, known, services);
      },
    });
    app.route<OneSession>({
      method: 'DELETE',
      url: '/v1/sessions/:id',
      handler: async (request, reply) => {
        const { session } = await own(request, services);
        if (session.state === 'open') await services.sessions.end(session.id);
        return await reply.code(204).send();
      },
    });
  };

async function open(request: FastifyRequest, services: SessionSurfaceServices) {
  const known = services.authenticator.agent(credentialsOf(request.raw));
  const { user, purpose, ttl_seconds: ttlSeconds, scope } = parseInput(openSchema, request.body);
  if (user !== undefined) requireNamesUsers(known);
  const ttl = ttlSeconds === undefined ? {} : { ttlSeconds };
  const asked = { agent: known.agent, userId: user ?? anonymousUser, purpose, ...ttl, ...narrowed(scope) };
  return await answer(await services.sessions.open(asked), known, services);
}

/** An empty scope object narrows nothing; an empty list narrows to nothing. */
function narrowed(scope: z.output<typeof openSchema>['scope']): Pick<NewSession, 'scope'> {
  if (!scope) return {};
  const { tools, labels } = scope;
  if (!tools && !labels) return {};
  return { scope: { ...(tools ? { tools } : {}), ...(labels ? { labels } : {}) } };
}

/** Another agent's session is as unknown as one that never was. */
async function own(request: FastifyRequest<OneSession>, { authenticator, sessions }: SessionSurfaceServices) {
  const known = authenticator.agent(credentialsOf(request.raw));
  const session = await sessions.get(request.params.id);
  if (session?.agent.id !== known.agent.id) throw new RuntimeFault('not_found', { detail: 'No such session.' });
  return { known, session };
}

async function answer(session: Session, { key }: AuthenticatedAgent, { sessions, clock }: SessionSurfaceServices) {
  const { token, expiresAt } = await sessions.token(session, key.id);
  return {
    id: session.id,
    token,
    token_expires_at: expiresAt,
    token_expires_in: Math.floor((expiresAt - clock.now()) / 1000),
    expires_at: session.expiresAt,
    agent: { id: session.agent.id, name: session.agent.name },
    user: session.user.id,
    purpose: session.purpose,
    ...(session.scope ? { scope: session.scope } : {}),
  };
}
