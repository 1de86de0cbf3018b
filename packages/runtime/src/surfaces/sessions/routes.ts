import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Clock, Session, UserRef } from '@sallyport/core';
import { RuntimeFault, claimName, isScopePattern } from '@sallyport/core';
import type { AuthenticatedAgent } from '../../agents/agents.ts';
import type { Authenticator } from '../../identity/authenticate.ts';
import type { NewSession, SessionService } from '../../sessions/sessions.ts';
import { anonymousUser, isUserId } from '../../identity/user-id.ts';
import { claimBounds } from '../../identity/oidc/index.ts';
import type { OidcIssuers, VerifiedUser } from '../../identity/oidc/index.ts';
import type { UserTokens } from '../../identity/user-tokens.ts';
import { userHandedOver } from '../../identity/handed-over.ts';
import { credentialsOf, requireNamesUsers } from '../../identity/authenticate.ts';
import { parseInput, readJsonBodies } from '../admin/input.ts';
import { sendProblem } from '../admin/problem.ts';

export interface SessionSurfaceServices {
  readonly authenticator: Authenticator;
  readonly sessions: SessionService;
  readonly clock: Clock;
  /** Whose tokens may say who a user is. */
  readonly oidc?: OidcIssuers;
  readonly userTokens?: Pick<UserTokens, 'keep' | 'renew'>;
}

const patterns = z
  .array(z.string().min(1).max(200).refine(isScopePattern, 'is no pattern: * is any characters, \\* a star'))
  .max(200);
const claims = z
  .record(claimName, z.array(z.string().max(claimBounds.characters)).max(claimBounds.values))
  .refine((given) => Object.keys(given).length <= claimBounds.names, `at most ${claimBounds.names} claims`);
const role = z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, 'a role is lower-case letters, digits, - and _');
const userToken = z.string().min(1).max(12_288);
const openSchema = z.object({
  user: z.string().refine(isUserId, 'a user id is 1 to 200 visible ASCII characters').optional(),
  claims: claims.optional(),
  roles: z.array(role).max(50).optional(),
  user_token: userToken.optional(),
  keep_user_token: z.boolean().optional(),
  purpose: z.string().trim().min(1).max(500),
  ttl_seconds: z.int().min(60).max(604_800).optional(),
  scope: z.strictObject({ tools: patterns.optional(), labels: patterns.optional() }).optional(),
});
const refreshSchema = z.object({ user_token: userToken });
const nothing = z.object({});

type OneSession = { Params: { id: string } };

/**
 * Where an agent's back end opens, renews and ends sessions, with the agent's key. Times are milliseconds since the epoch.
 *
 * - `POST /v1/sessions` with `{ user?, claims?, roles?, purpose, ttl_seconds?, scope?: { tools?, labels? } }`, or with
 *   `{ user_token, keep_user_token?, … }` in place of the first three → 201 and the session with its first token. The scope's
 *   names may hold `*`. It is for the session's whole life: no token and no later request widens it
 * - `POST /v1/sessions/:id/user-token` with `{ user_token }`, a fresh one of the same user: kept in place of the old one, where
 *   one was kept, and what it says of the user counts from now on → the session
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
        if (services.sessions.isByAccessToken(session)) throw byAccessToken();
        // Trust that was withdrawn since ends with the token that is out; whom a provider vouched for needs none.
        if (isSaidByBackEnd(session.user)) requireNamesUsers(known);
        return await answer(session, known, services);
      },
    });
    app.route<OneSession>({
      method: 'POST',
      url: '/v1/sessions/:id/user-token',
      handler: async (request) => {
        const { known, session } = await own(request, services);
        const { user_token: token } = parseInput(refreshSchema, request.body);
        const user = await verified(token, known, services);
        const refreshed = await services.sessions.refreshUser(session.id, user);
        await services.userTokens?.renew(refreshed, { ...user, token });
        return shown(refreshed);
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
  const { purpose, ttl_seconds: ttlSeconds, scope, ...given } = parseInput(openSchema, request.body);
  const { user_token: token, keep_user_token: keep = false } = given;
  const ttl = ttlSeconds === undefined ? {} : { ttlSeconds };
  const asked = { agent: known.agent, purpose, ...ttl, ...narrowed(scope) };
  if (token === undefined) {
    return await answer(await services.sessions.open({ ...asked, ...named(given, known) }), known, services);
  }
  refuseBeside(given, 'user_token');
  const user = await verified(token, known, services);
  const { userId, roles: userRoles, claims: userClaims, issuer: userIssuer } = user;
  const session = await services.sessions.open({ ...asked, userId, userRoles, userClaims, userIssuer });
  if (keep) await services.userTokens?.keep(session, { ...user, token });
  return await answer(session, known, services);
}

type Given = Omit<z.output<typeof openSchema>, 'purpose' | 'ttl_seconds' | 'scope'>;

/** The user as a trusted back end names them, with what it says of them. */
function named(
  { user, claims: userClaims, roles: userRoles, keep_user_token: keep }: Given,
  known: AuthenticatedAgent,
) {
  if (keep !== undefined) throw unfit('keep_user_token', 'There is no user_token to keep.');
  if (user === undefined && (userClaims || userRoles))
    throw unfit('user', 'Name the user whose claims and roles these are.');
  if (user !== undefined) requireNamesUsers(known);
  return {
    userId: user ?? anonymousUser,
    ...(userRoles ? { userRoles } : {}),
    ...(userClaims ? { userClaims } : {}),
  };
}

const isSaidByBackEnd = (user: UserRef): boolean =>
  user.issuer === undefined && (user.id !== anonymousUser || user.roles.length > 0 || user.claims !== undefined);

/** What a token says is said by its issuer alone: nothing is added to it, and nothing chosen beside it. */
function refuseBeside(given: Given, token: string): void {
  for (const key of ['user', 'claims', 'roles'] as const) {
    if (given[key] !== undefined) throw unfit(key, `Leave ${key} out: ${token} says it.`);
  }
}

/** @throws RuntimeFault `invalid_request` where no issuer is configured; as `userHandedOver` */
async function verified(
  token: string,
  { agent }: AuthenticatedAgent,
  { oidc }: SessionSurfaceServices,
): Promise<VerifiedUser> {
  if (!oidc || oidc.isEmpty) throw unfit('user_token', 'No identity provider is configured: see identity.issuers.');
  return await userHandedOver(oidc, token, agent);
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
    ...shown(session),
    token,
    token_expires_at: expiresAt,
    token_expires_in: Math.floor((expiresAt - clock.now()) / 1000),
  };
}

const shown = ({ id, expiresAt, agent, user, purpose, scope }: Session) => ({
  id,
  expires_at: expiresAt,
  agent: { id: agent.id, name: agent.name },
  user: user.id,
  roles: user.roles,
  ...(user.claims ? { claims: user.claims } : {}),
  purpose,
  ...(scope ? { scope } : {}),
});

const unfit = (path: string, detail: string): RuntimeFault => new RuntimeFault('invalid_request', { path, detail });

const byAccessToken = (): RuntimeFault =>
  new RuntimeFault('forbidden', { detail: "Only the user's own access token lets anyone into this session." });
