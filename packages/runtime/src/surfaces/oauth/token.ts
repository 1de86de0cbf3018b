import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { RuntimeFault } from '@sallyport/core';
import type { Clock } from '@sallyport/core';
import type { AuthenticatedAgent } from '../../agents/agents.ts';
import type { Authenticator } from '../../identity/authenticate.ts';
import type { OidcIssuers, UserTokenKind, VerifiedUser } from '../../identity/oidc/index.ts';
import type { SessionService } from '../../sessions/sessions.ts';
import { credentialsOf } from '../../identity/authenticate.ts';
import { userHandedOver } from '../../identity/handed-over.ts';
import { OAuthError, sendOAuthError } from './errors.ts';
import { Form, readForms } from './form.ts';

export interface TokenServices {
  readonly authenticator: Authenticator;
  readonly sessions: SessionService;
  readonly oidc: OidcIssuers;
  readonly clock: Clock;
  /** Where this runtime is reached, without a slash at the end. */
  readonly baseUrl: () => string;
}

const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange';
const tokenType = (name: string): string => `urn:ietf:params:oauth:token-type:${name}`;
const accessTokenType = tokenType('access_token');

/** RFC 8693 section 3: what a token is said to be, and what it must then be. */
const subjectTypes: ReadonlyMap<string, UserTokenKind | 'either'> = new Map([
  [accessTokenType, 'access'],
  [tokenType('id_token'), 'id'],
  [tokenType('jwt'), 'either'],
]);
const ownTypes: ReadonlySet<string> = new Set([accessTokenType, tokenType('jwt')]);
const longestPurpose = 500;

/**
 * `POST /oauth/token`: OAuth 2.0 Token Exchange (RFC 8693) for agents' back ends. Who asks is an agent, by its key, as Bearer or
 * Basic (its name or id and the key); `subject_token` is the user's own. The answer is the token of a new session, for the
 * user and with the agent as `act`. `purpose` may say what the session is for.
 */
export const tokenRoutes =
  (services: TokenServices): FastifyPluginAsync =>
  async (app) => {
    readForms(app);
    app.setErrorHandler(sendOAuthError);
    app.post('/oauth/token', async (request, reply) => {
      reply.headers({ 'cache-control': 'no-store', pragma: 'no-cache' });
      return await exchanged(request, services);
    });
  };

async function exchanged(request: FastifyRequest, services: TokenServices) {
  const { sessions, oidc, clock } = services;
  const form = new Form(request.body, ['audience', 'resource']);
  const known = clientOf(request, services);
  if (form.get('grant_type') !== exchange) {
    if (form.get('grant_type') === undefined) throw missing('grant_type');
    throw new OAuthError('unsupported_grant_type', `Send grant_type=${exchange}.`);
  }
  checkTargets(form, services.baseUrl());
  const scope = scopeOf(form, oidc);
  checkRequestedType(form);
  await checkActor(form, known, services);
  const user = await subjectOf(form, known, oidc);
  const { userId, roles: userRoles, claims: userClaims, issuer: userIssuer } = user;
  const purpose = form.get('purpose')?.trim().slice(0, longestPurpose) || 'token exchange';
  const session = await sessions.open({ agent: known.agent, userId, userRoles, userClaims, userIssuer, purpose });
  const { token, expiresAt } = await sessions.token(session, known.key.id);
  return {
    access_token: token,
    issued_token_type: accessTokenType,
    token_type: 'Bearer',
    expires_in: Math.floor((expiresAt - clock.now()) / 1000),
    ...(scope === undefined ? {} : { scope }),
  };
}

/** RFC 6749 section 2.3.1, and the key as Bearer, as everywhere else. @throws OAuthError `invalid_client` */
function clientOf(request: FastifyRequest, { authenticator }: TokenServices): AuthenticatedAgent {
  const given = credentialsOf(request.raw);
  const { authorization } = given;
  const basic = typeof authorization === 'string' ? /^basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization)?.[1] : undefined;
  try {
    if (basic === undefined) return authenticator.agent(given);
    const [id = '', key = ''] = Buffer.from(basic, 'base64').toString('utf8').split(/:(.*)/s, 2).map(formDecoded);
    const { xApiKey } = given;
    const known = authenticator.agent({
      authorization: `Bearer ${key}`,
      ...(xApiKey === undefined ? {} : { xApiKey }),
    });
    if (id !== known.agent.id && id !== known.agent.name) throw new RuntimeFault('unauthenticated');
    return known;
  } catch (error) {
    if (!(error instanceof RuntimeFault) || error.code !== 'unauthenticated') throw error;
    throw new OAuthError(
      'invalid_client',
      'Authenticate by one agent key: Bearer, or Basic with the name of the agent.',
    );
  }
}

function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return '';
  }
}

/** A session token is for this runtime and for nothing else: whoever asks for more is not given less. */
function checkTargets(form: Form, baseUrl: string): void {
  const mine = [baseUrl, `${baseUrl}/`, `${baseUrl}/mcp`, `${baseUrl}/v1`];
  for (const [name, known] of [
    ['resource', mine],
    ['audience', [...mine, 'sallyport']],
  ] as const) {
    if (form.all(name).every((each) => known.includes(each))) continue;
    throw new OAuthError('invalid_target', `A session token is for this runtime only: ${known.join(', ')}.`);
  }
}

function scopeOf(form: Form, oidc: OidcIssuers): string | undefined {
  const scope = form.get('scope');
  const known = new Set(oidc.forAgents().map((issuer) => issuer.scope));
  if (scope === undefined || scope.split(' ').every((each) => known.has(each))) return scope;
  throw new OAuthError('invalid_scope', `Known are: ${[...known].join(' ') || 'none'}.`);
}

function checkRequestedType(form: Form): void {
  const requested = form.get('requested_token_type');
  if (requested === undefined || ownTypes.has(requested)) return;
  throw new OAuthError('invalid_request', `requested_token_type must be ${accessTokenType}.`);
}

/** Who acts is the agent that asks: an actor token may say so once more, and nobody else's will do. */
async function checkActor(form: Form, { agent }: AuthenticatedAgent, { authenticator }: TokenServices): Promise<void> {
  const [token, type] = [form.get('actor_token'), form.get('actor_token_type')];
  if (token === undefined && type === undefined) return;
  if (token === undefined) throw new OAuthError('invalid_request', 'actor_token_type is there without actor_token.');
  if (type === undefined) throw missing('actor_token_type');
  if (!ownTypes.has(type)) throw new OAuthError('invalid_request', `actor_token_type must be ${accessTokenType}.`);
  if ((await authenticator.actor(token)) !== agent.id) {
    throw new OAuthError('invalid_request', 'actor_token must be a good key or session token of the agent that asks.');
  }
}

async function subjectOf(form: Form, { agent }: AuthenticatedAgent, oidc: OidcIssuers): Promise<VerifiedUser> {
  const [token, type] = [form.get('subject_token'), form.get('subject_token_type')];
  if (token === undefined) throw missing('subject_token');
  if (type === undefined) throw missing('subject_token_type');
  const accept = subjectTypes.get(type);
  if (accept === undefined) {
    throw new OAuthError(
      'invalid_request',
      `subject_token_type must be one of ${[...subjectTypes.keys()].join(', ')}.`,
    );
  }
  if (oidc.isEmpty)
    throw new OAuthError('invalid_request', 'No identity provider is configured: see identity.issuers.');
  return await userHandedOver(oidc, token, agent, accept);
}

const missing = (name: string): OAuthError => new OAuthError('invalid_request', `${name} is missing.`);
