import type { Session } from '@sallyport/core';
import { RuntimeFault, showText } from '@sallyport/core';
import { decodeProtectedHeader } from 'jose';
import type { AgentService, AuthenticatedAgent } from '../agents/agents.ts';
import type { SessionService } from '../sessions/sessions.ts';
import type { OidcIssuers, VerifiedUser } from './oidc/index.ts';
import type { SessionTokens, TokenClaims } from './tokens.ts';
import { sessionTokenType } from './tokens.ts';
import { isUserId } from './user-id.ts';

/** Who a request says it is from. Values as they stand in the headers; a list where a header came more than once. */
export interface Credentials {
  readonly authorization?: string | readonly string[] | undefined;
  /** `x-api-key`, as Anthropic's SDK sends its key. */
  readonly xApiKey?: string | readonly string[] | undefined;
  /** `x-sallyport-user`: the user for whom an agent acts that may name users. */
  readonly userHeader?: string | readonly string[] | undefined;
}

export interface AuthenticatorServices {
  readonly agents: AgentService;
  readonly sessions: SessionService;
  readonly tokens: SessionTokens;
  /** Whose access tokens let agents in; without it only keys and session tokens do. */
  readonly oidc?: Pick<OidcIssuers, 'isEmpty' | 'known' | 'verifyUser' | 'agentOf' | 'scopeOf'>;
}

/** Names the user for whom an agent acts that may name users. */
const userHeaderName = 'x-sallyport-user';

/** Access tokens carry claims; Node takes 16 KiB of headers. */
const longestCredential = 12_288;
/** RFC 6750 section 2.1; the scheme's name in any case (RFC 9110 section 11.1). */
const bearer = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;
/**
 * The credentials of a request. Read from the raw headers: Node keeps the first of two `authorization` headers, a proxy in
 * front may have looked at the second.
 */
export function credentialsOf({ rawHeaders }: { readonly rawHeaders: readonly string[] }): Credentials {
  return {
    authorization: valuesOf(rawHeaders, 'authorization'),
    xApiKey: valuesOf(rawHeaders, 'x-api-key'),
    userHeader: valuesOf(rawHeaders, userHeaderName),
  };
}

/** A header's value; a list where it came more than once. `name` is in lower case. */
function valuesOf(rawHeaders: readonly string[], name: string): string | readonly string[] | undefined {
  const found: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const given = rawHeaders[i] ?? '';
    if (given.length === name.length && given.toLowerCase() === name) found.push(rawHeaders[i + 1] ?? '');
  }
  return found.length > 1 ? found : found[0];
}

/** Turns a request's credentials into the session it belongs to. */
export class Authenticator {
  readonly #services: AuthenticatorServices;

  constructor(services: AuthenticatorServices) {
    this.#services = services;
  }

  /**
   * The session of a session token, or the direct session of an agent key or of a user's access token. Every credential that
   * will not do gets the same answer: a caller never learns which part was wrong.
   *
   * @throws RuntimeFault `unauthenticated`; `forbidden` when the agent may not act for the user it names, or the client is no
   *   agent; `insufficient_scope` with the scope that an access token lacks; `identity_unavailable` when its issuer cannot be
   *   asked
   */
  async authenticate(credentials: Credentials): Promise<Session> {
    return await this.sessionOf(credentials);
  }

  /** As `authenticate`, but at once, also in refusing, where nothing must be verified, read or opened first. */
  sessionOf(credentials: Credentials): Session | Promise<Session> {
    const secret = secretOf(credentials);
    const { agents, sessions, tokens } = this.#services;
    const agent = agents.authenticateKey(secret);
    if (agent) return this.#direct(agent, userOf(credentials));
    const claims = tokens.known(secret);
    const session = claims && sessions.known(claims.sessionId);
    return claims && session ? allowed(this.#live(session, claims), credentials) : this.#verified(secret, credentials);
  }

  /** The agent whose key this is; a session token does not do. @throws RuntimeFault `unauthenticated` */
  agent(credentials: Credentials): AuthenticatedAgent {
    const known = this.#services.agents.authenticateKey(secretOf(credentials));
    if (!known) throw unauthenticated();
    return known;
  }

  /** The agent whose key or session token this is, if it is good now. Opens nothing. */
  async actor(secret: string): Promise<string | undefined> {
    const { agents, tokens } = this.#services;
    const known = agents.authenticateKey(secret);
    if (known) return known.agent.id;
    const claims = isForeign(secret) ? undefined : await tokens.verify(secret);
    return claims && (await this.#sessionOf(claims))?.agent.id;
  }

  async #verified(secret: string, credentials: Credentials): Promise<Session> {
    const { tokens, oidc } = this.#services;
    const claims = tokens.known(secret) ?? (isForeign(secret) ? undefined : await tokens.verify(secret));
    const user = claims || !oidc || oidc.isEmpty ? undefined : await userOfToken(oidc, secret);
    return allowed(claims ? await this.#sessionOf(claims) : user && (await this.#ofUser(user)), credentials);
  }

  /** The client says which agent it is, the token for whom: both by the issuer's word, never by the request's. */
  #ofUser(user: VerifiedUser): Session | Promise<Session> | undefined {
    const { agents, sessions, oidc } = this.#services;
    const scope = oidc?.scopeOf(user.issuer);
    // An issuer that is configured for no agents lets none in.
    if (scope === undefined) return undefined;
    if (!user.scopes.includes(scope)) {
      const detail = `The access token does not have the scope ${scope}.`;
      throw new RuntimeFault('insufficient_scope', { scope, detail });
    }
    const name = oidc?.agentOf(user);
    const named = name === undefined ? [] : agents.list().filter((agent) => agent.name === name);
    const [agent] = named;
    if (!agent || named.length > 1 || agent.disabledAt !== null) throw noSuchClient(user);
    return sessions.forUser(agent, user);
  }

  #direct({ agent }: AuthenticatedAgent, userId: string | undefined): Session | Promise<Session> {
    if (userId !== undefined && !agent.namesUsers) throw mayNotNameUsers();
    return this.#services.sessions.forKey(agent, userId);
  }

  async #sessionOf(claims: TokenClaims): Promise<Session | undefined> {
    const { sessions } = this.#services;
    const session = sessions.known(claims.sessionId) ?? (await sessions.get(claims.sessionId));
    return session && this.#live(session, claims);
  }

  /** The claims only say which session: whether it is open, and its agent and key still good, is asked every time. */
  #live(session: Session, { agentId, userId, keyId }: TokenClaims): Session | undefined {
    const { agents, sessions } = this.#services;
    if (!sessions.isOpen(session) || !agents.live(agentId, keyId)) return undefined;
    return session.agent.id === agentId && session.user.id === userId ? session : undefined;
  }
}

/** @throws RuntimeFault `forbidden` */
export function requireNamesUsers({ agent }: AuthenticatedAgent): void {
  if (!agent.namesUsers) throw mayNotNameUsers();
}

function secretOf({ authorization, xApiKey }: Credentials): string {
  // Two credentials may speak for two agents: no guessing which is meant.
  if (authorization !== undefined && xApiKey !== undefined) throw unauthenticated();
  const only = authorization ?? xApiKey;
  if (typeof only !== 'string' || only.length > longestCredential) throw unauthenticated();
  if (authorization === undefined) return only;
  const secret = bearer.exec(only)?.[1];
  if (secret === undefined) throw unauthenticated();
  return secret;
}

/** Whether it says itself that it is no session token: then it need not be verified as one. Nothing else is believed of it. */
function isForeign(secret: string): boolean {
  try {
    return decodeProtectedHeader(secret).typ !== sessionTokenType;
  } catch {
    return true;
  }
}

async function userOfToken(
  oidc: NonNullable<AuthenticatorServices['oidc']>,
  secret: string,
): Promise<VerifiedUser | undefined> {
  try {
    return await oidc.verifyUser(secret, 'access');
  } catch (error) {
    if (error instanceof RuntimeFault && error.code === 'unauthenticated') return undefined;
    throw error;
  }
}

function userOf({ userHeader }: Credentials): string | undefined {
  if (userHeader === undefined) return undefined;
  if (typeof userHeader !== 'string' || !isUserId(userHeader)) {
    const detail = 'x-sallyport-user must be sent once and hold 1 to 200 visible ASCII characters.';
    throw new RuntimeFault('invalid_request', { path: userHeaderName, detail });
  }
  return userHeader;
}

/** @throws RuntimeFault `unauthenticated` where there is none; `forbidden` where it is another user's than is named */
function allowed(session: Session | undefined, credentials: Credentials): Session {
  if (!session) throw unauthenticated();
  const userId = userOf(credentials);
  if (userId === undefined || userId === session.user.id) return session;
  const detail = 'The session belongs to another user than x-sallyport-user names. Leave the header out.';
  throw new RuntimeFault('forbidden', { path: userHeaderName, detail });
}

const unauthenticated = (): RuntimeFault =>
  new RuntimeFault('unauthenticated', {
    detail:
      'The credential is missing, malformed, expired or revoked. Send one agent key or session token: Authorization: Bearer <it>.',
  });

const mayNotNameUsers = (): RuntimeFault =>
  new RuntimeFault('forbidden', {
    detail: 'This agent may not name the user it acts for. Set namesUsers on the agent if its back end is trusted to.',
  });

const noSuchClient = ({ issuer, clientId }: VerifiedUser): RuntimeFault =>
  new RuntimeFault('forbidden', {
    detail:
      `The OAuth client ${showText(clientId ?? 'of the token')} is no enabled agent. ` +
      `An operator can name it under identity.issuers.${issuer}.agents.map.`,
  });
