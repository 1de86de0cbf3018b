import type { Clock, NewId, Session, SettingStore } from '@sallyport/core';
import { SignJWT, jwtVerify } from 'jose';
import type { JWTPayload } from 'jose';
import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { BoundedMap } from './bounded.ts';
import { sha256 } from './secrets.ts';
import { newPair, privateKeyOf, publicJwk, signingAlgorithm } from './signing-key.ts';
import type { KeptPair, Wrapping } from './signing-key.ts';

/** Explicit typing (RFC 8725 section 3.11): no other token that this key may ever sign passes for a session's. */
export const sessionTokenType = 'sallyport-session+jwt';
const audience = 'sallyport';
const settingKey = 'sessions.signingKey';
const cachedTokens = 10_000;
const longestToken = 2048;

/** What a verified session token says. Whether the session is still open is for the session service to say. */
export interface TokenClaims {
  readonly sessionId: string;
  readonly agentId: string;
  readonly userId: string;
  /** The agent key that asked for the token: when it is revoked, the token is worth nothing. */
  readonly keyId: string | undefined;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface SessionToken {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface TokenOptions {
  readonly settings: SettingStore;
  readonly clock: Clock;
  readonly newId: NewId;
  /** Names this runtime in `iss`. */
  readonly issuer: string;
  readonly tokenMinutes: number;
  readonly keys?: Wrapping;
}

/**
 * Signs and verifies session tokens: JWT (RFC 7519), signed with Ed25519 (RFC 8037), about the user, for whom the agent acts
 * (`act`, RFC 8693 section 4.1).
 */
export class SessionTokens {
  readonly #options: TokenOptions;
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  /** By SHA-256 of the token. Verifying costs over 100 µs, which every request of a session would pay again. */
  readonly #verified = new BoundedMap<string, TokenClaims>(cachedTokens);

  private constructor(options: TokenOptions, privateKey: KeyObject) {
    this.#options = options;
    this.#privateKey = privateKey;
    this.#publicKey = createPublicKey(privateKey);
  }

  /** Reads the signing key, or makes one: of several runtimes that start at once on one store, all get the same. */
  static async open(options: TokenOptions): Promise<SessionTokens> {
    return new SessionTokens(options, await privateKeyOf(await keptPair(options), options.keys, settingKey));
  }

  /** A token for an open session, valid for `tokenMinutes` but never longer than the session. */
  async sign(session: Session, keyId?: string): Promise<SessionToken> {
    const { clock, newId, issuer, tokenMinutes } = this.#options;
    const now = seconds(clock.now());
    const expires = Math.min(now + tokenMinutes * 60, seconds(session.expiresAt));
    const act = { sub: session.agent.id };
    const claims = { sid: session.id, act, ...(keyId === undefined ? {} : { key: keyId }) };
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: signingAlgorithm, typ: sessionTokenType })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(session.user.id)
      .setJti(newId())
      .setIssuedAt(now)
      .setExpirationTime(expires)
      .sign(this.#privateKey);
    return { token, expiresAt: expires * 1000 };
  }

  /** The claims of a token that was verified before and has not expired: one hash and one look-up. */
  known(token: string): TokenClaims | undefined {
    const claims = this.#verified.get(sha256(token));
    return claims !== undefined && this.#options.clock.now() < claims.expiresAt ? claims : undefined;
  }

  /** The claims of a valid token, or nothing: never a hint at what was wrong with it. */
  async verify(token: string): Promise<TokenClaims | undefined> {
    if (token.length > longestToken) return undefined;
    const { clock, issuer } = this.#options;
    try {
      // The same clock signed it, so no skew is granted.
      const { payload } = await jwtVerify(token, this.#publicKey, {
        algorithms: [signingAlgorithm],
        typ: sessionTokenType,
        issuer,
        audience,
        currentDate: new Date(clock.now()),
        requiredClaims: ['sub', 'sid', 'act', 'exp', 'iat', 'jti'],
      });
      const { sub, sid, act, key, exp } = payload as JWTPayload & { act?: { sub?: unknown } | null };
      const actor = act?.sub;
      if (typeof sub !== 'string' || typeof sid !== 'string' || typeof actor !== 'string') return undefined;
      if (typeof exp !== 'number' || (key !== undefined && typeof key !== 'string')) return undefined;
      const claims = { sessionId: sid, agentId: actor, userId: sub, keyId: key, expiresAt: exp * 1000 };
      this.#verified.set(sha256(token), claims);
      return claims;
    } catch {
      return undefined;
    }
  }
}

async function keptPair({ settings, keys }: TokenOptions): Promise<KeptPair> {
  const fresh = async () => {
    const pair = await newPair(keys);
    return JSON.stringify({ ...publicJwk(pair.x), ...pair });
  };
  for (;;) {
    const text = (await settings.get(settingKey)) ?? (await settings.setOnce(settingKey, await fresh()));
    const pair = JSON.parse(text) as KeptPair;
    if (!keys || pair.d === undefined) return pair;
    // One that lay open signs no longer once keys can be wrapped: tokens that are out end with it.
    await settings.replace(settingKey, text, await fresh());
  }
}

const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);
