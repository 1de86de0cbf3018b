import type { Clock, IdentityConfig, IssuerConfig } from '@sallyport/core';
import { RuntimeFault, parseJson } from '@sallyport/core';
import { base64url, decodeJwt } from 'jose';
import type { JWTHeaderParameters, JWTPayload } from 'jose';
import { BoundedMap } from '../bounded.ts';
import { sha256 } from '../secrets.ts';
import { anonymousUser, isUserId } from '../user-id.ts';
import { claimsOf, rolesOf, textOf } from './claims.ts';
import { Issuer } from './issuer.ts';
import { ProviderHttp } from './provider-http.ts';

const longestToken = 12_288;
const cachedTokens = 5_000;

/** An ID token says who has signed in; an access token lets its bearer in. */
export type UserTokenKind = 'id' | 'access';

/** What a good token says of the user. */
export interface VerifiedUser {
  /** Name of the configured issuer. */
  readonly issuer: string;
  /** With several issuers configured `<issuer>:<id>`, so that the same `sub` of two is never the same user. */
  readonly userId: string;
  readonly roles: readonly string[];
  readonly claims: Readonly<Record<string, readonly string[]>>;
  readonly kind: UserTokenKind;
  /** The OAuth client that it was issued to. */
  readonly clientId: string | undefined;
  readonly scopes: readonly string[];
  /** Who alone may act for the user, where the token says so: `sub` of `may_act` (RFC 8693 section 4.4). */
  readonly mayAct: string | undefined;
  /** Milliseconds since the epoch, both. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export interface OidcIssuersOptions {
  readonly issuers: IdentityConfig['issuers'];
  readonly clock: Pick<Clock, 'now'>;
  /** Takes what was wrong with a provider, at most once every few seconds for each. */
  readonly onFault?: (fault: RuntimeFault) => void;
  /** For a whole answer of a provider. */
  readonly timeoutMs?: number;
}

interface Known {
  readonly user: VerifiedUser;
  readonly issuer: Issuer;
  readonly generation: number;
  readonly until: number;
}

/** The configured OpenID providers, and what their tokens say. */
export class OidcIssuers {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #http: ProviderHttp;
  /** By `iss`. */
  readonly #issuers: ReadonlyMap<string, Issuer>;
  /** By SHA-256 of the token: verifying costs over 50 µs, which every request would pay again. */
  readonly #verified = new BoundedMap<string, Known>(cachedTokens);

  constructor({ issuers, clock, onFault = () => undefined, timeoutMs }: OidcIssuersOptions) {
    this.#clock = clock;
    const http = new ProviderHttp(timeoutMs);
    this.#http = http;
    this.#issuers = new Map(
      Object.entries(issuers).map(([name, config]) => [
        config.issuer,
        new Issuer({ name, config, http, clock, onFault }),
      ]),
    );
  }

  get isEmpty(): boolean {
    return this.#issuers.size === 0;
  }

  /** Those that let MCP clients in: their `iss`, and the scope that a token of theirs must have. */
  forAgents(): readonly { readonly issuer: string; readonly scope: string }[] {
    return [...this.#issuers.values()].flatMap(({ config: { issuer, scope, agents } }) =>
      agents ? [{ issuer, scope }] : [],
    );
  }

  /** What a token said that was verified before, if it holds still: one hash and one look-up. */
  known(token: string): VerifiedUser | undefined {
    const known = this.#verified.get(sha256(token));
    if (!known || this.#clock.now() >= known.until) return undefined;
    return known.issuer.vouches(known.generation) ? known.user : undefined;
  }

  /**
   * @throws RuntimeFault `unauthenticated` when the token is not good, never saying why; `identity_unavailable` when its
   *   issuer's keys are not to be had; `forbidden` when a claim of it cannot be kept
   */
  async verifyUser(token: string, accept: UserTokenKind | 'either' = 'either'): Promise<VerifiedUser> {
    const user = this.known(token) ?? (await this.#verify(token));
    if (accept !== 'either' && user.kind !== accept) throw refused();
    return user;
  }

  /** The agent that an OAuth client is, by name; undefined where the issuer's configuration does not say. */
  agentOf({ issuer, clientId }: Pick<VerifiedUser, 'issuer' | 'clientId'>): string | undefined {
    const map = this.#named(issuer)?.config.agents?.map;
    return map && clientId !== undefined && Object.hasOwn(map, clientId) ? map[clientId] : undefined;
  }

  /** The scope that an access token of this issuer must have; undefined where it lets no agents in. */
  scopeOf(issuer: string): string | undefined {
    const config = this.#named(issuer)?.config;
    return config?.agents && config.scope;
  }

  async close(): Promise<void> {
    await this.#http.close();
  }

  #named(name: string): Issuer | undefined {
    return [...this.#issuers.values()].find((issuer) => issuer.name === name);
  }

  async #verify(token: string): Promise<VerifiedUser> {
    const issuer = this.#issuers.get(issOf(token));
    if (!issuer) throw refused();
    const { payload, protectedHeader, generation } = await issuer.verify(token).catch((error: unknown) => {
      throw error instanceof RuntimeFault ? error : refused(error);
    });
    refuseTwoReadings(token);
    const user = this.#userOf(issuer, protectedHeader, payload);
    const until = user.expiresAt + issuer.config.clockSkewSeconds * 1000;
    this.#verified.set(sha256(token), { user, issuer, generation, until });
    return user;
  }

  #userOf({ name, config }: Issuer, header: JWTHeaderParameters, payload: JWTPayload): VerifiedUser {
    const kind = kindOf(header, payload, config.accessTokens);
    const id = textOf(payload, config.userClaim);
    // An address that the provider has not verified is whatever its owner typed.
    const doubtful = config.userClaim === 'email' && payload['email_verified'] !== true;
    if (!kind || id === undefined || !isUserId(id) || id === anonymousUser || doubtful) throw refused();
    const { iat = 0, exp = 0, may_act: mayAct, cnf } = payload as JWTPayload & { may_act?: unknown; cnf?: unknown };
    // Bound to a key of its client's (RFC 7800): whoever shows it as a mere bearer may have stolen it.
    if (cnf !== undefined) throw refused();
    const userId = this.#issuers.size > 1 ? `${name}:${id}` : id;
    if (!isUserId(userId)) throw refused();
    return {
      issuer: name,
      userId,
      roles: rolesOf(payload, config.roles),
      claims: claimsOf(payload, config.claims),
      kind,
      clientId: clientOf(payload, kind, config.agents),
      scopes: scopesOf(payload),
      mayAct: mayAct === undefined ? undefined : actorOf(mayAct),
      issuedAt: iat * 1000,
      expiresAt: exp * 1000,
    };
  }
}

/**
 * What a token is for, by its type (RFC 9068 section 2.1) and, where a provider types nothing, by what it holds. What is
 * neither (a logout token, a security event, a token of ours) is undefined.
 */
function kindOf(
  { typ }: JWTHeaderParameters,
  payload: JWTPayload,
  accessTokens: 'at+jwt' | 'jwt',
): UserTokenKind | undefined {
  const type = typ?.toLowerCase().replace(/^application\//, '');
  if (type === 'at+jwt') return 'access';
  if ((type !== undefined && type !== 'jwt') || payload['events'] !== undefined) return undefined;
  const isScoped = payload['scope'] !== undefined || payload['scp'] !== undefined;
  const isId = payload['at_hash'] !== undefined || payload['c_hash'] !== undefined || payload['typ'] === 'ID';
  if (!isScoped || isId) return 'id';
  return accessTokens === 'jwt' ? 'access' : undefined;
}

/**
 * The client that it was issued to. An ID token says so by its audience, and by `azp` only where that is another (OpenID
 * Connect Core 1.0 section 2); of several audiences the one that is an agent counts, so that no other agent may use it.
 */
function clientOf(payload: JWTPayload, kind: UserTokenKind, agents: IssuerConfig['agents']): string | undefined {
  const named = textOf(payload, agents?.claim ?? 'client_id') ?? textOf(payload, 'azp');
  if (named !== undefined || kind === 'access') return named;
  const audiences = [payload.aud ?? []].flat();
  return audiences.find((each) => agents && Object.hasOwn(agents.map, each)) ?? audiences[0];
}

/** `scope` (RFC 9068 section 2.2.3), or `scp` as others write it. */
function scopesOf({ scope, scp }: JWTPayload): readonly string[] {
  const given = scope ?? scp;
  if (typeof given === 'string') return given.split(' ').filter((each) => each !== '');
  return Array.isArray(given) ? given.filter((each) => typeof each === 'string') : [];
}

/** One that cannot be read is nobody's, rather than anybody's. */
const actorOf = (mayAct: unknown): string => {
  const { sub } = (typeof mayAct === 'object' && mayAct !== null ? mayAct : {}) as { sub?: unknown };
  return typeof sub === 'string' ? sub : '';
};

/** Of a member that is there twice readers differ on which one counts, in whatever good faith it was signed. */
function refuseTwoReadings(token: string): void {
  try {
    const parts = token
      .split('.', 2)
      .map((part) => new TextDecoder('utf-8', { fatal: true }).decode(base64url.decode(part)));
    for (const part of parts) parseJson(part, { maxDepth: 16 });
  } catch (error) {
    throw refused(error);
  }
}

/** Says only which issuer's keys to try. */
function issOf(token: string): string {
  if (token.length > longestToken) throw refused();
  try {
    return decodeJwt(token).iss ?? '';
  } catch (error) {
    throw refused(error);
  }
}

const refused = (cause?: unknown): RuntimeFault =>
  new RuntimeFault('unauthenticated', {
    detail: "The user's token is malformed, expired, or not one of a configured issuer for this runtime.",
    cause,
  });
