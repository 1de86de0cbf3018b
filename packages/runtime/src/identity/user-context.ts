import type { Clock, NewId, SettingStore, UserContexts } from '@sallyport/core';
import { RuntimeFault, isOpen } from '@sallyport/core';
import { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose';
import type { CryptoKey, JWK } from 'jose';
import { Serial } from './serial.ts';

const algorithm = 'EdDSA';
/** Explicit typing (RFC 8725 section 3.11): it passes for no session token, and none passes for it. */
export const userContextType = 'sallyport-user+jwt';
const settingKey = 'identity.userContextKeys';
const minuteMs = 60_000;
const rotateAfterMs = 90 * 24 * 60 * minuteMs;
/** The longest that any context lives, see `identity.userContextMinutes`; with what clocks may differ. */
const publishedAfterMs = 20 * minuteMs;
/** APIs whose clock is behind must not refuse what was signed this second. */
const slowClockSeconds = 30;

/** As it is kept: the newest first. Only that one has its private part. */
interface KeptKey {
  readonly kid: string;
  readonly createdAt: number;
  readonly retiredAt?: number;
  readonly jwk: JWK;
}

export interface UserContextOptions {
  readonly settings: SettingStore;
  readonly clock: Clock;
  readonly newId: NewId;
  /** Where this runtime is reached, which is also where its JWKS is. */
  readonly issuer: () => string;
  readonly minutes: number;
}

/**
 * Signs for whom a tool call is made: a JWT (RFC 7519), Ed25519 (RFC 8037), with the user as `sub` and the agent as `act`
 * (RFC 8693 section 4.1). It is for one API, one tool and one call, and lives minutes. The key is replaced every 90 days.
 */
export class UserContextSigner implements UserContexts {
  readonly #options: UserContextOptions;
  readonly #changes = new Serial();
  #keys: readonly KeptKey[];
  #signing: { readonly kid: string; readonly createdAt: number; readonly key: CryptoKey };

  private constructor(options: UserContextOptions, keys: readonly KeptKey[], signing: CryptoKey) {
    this.#options = options;
    this.#keys = keys;
    this.#signing = { ...newest(keys), key: signing };
  }

  /** Reads the keys, or makes the first: of several runtimes that start at once on one store, all get the same. */
  static async open(options: UserContextOptions): Promise<UserContextSigner> {
    const { settings, clock } = options;
    const stored = await settings.get(settingKey);
    const text = stored ?? (await settings.setOnce(settingKey, JSON.stringify([await newKey(clock.now())])));
    const keys = JSON.parse(text) as KeptKey[];
    return new UserContextSigner(options, keys, await privateKey(newest(keys)));
  }

  /** @throws RuntimeFault `conflict` when the session has ended: nothing is called in its name any more */
  async sign({ session, audience, tool, callId }: Parameters<UserContexts['sign']>[0]): Promise<string> {
    const { clock, newId, issuer, minutes } = this.#options;
    if (clock.now() - this.#signing.createdAt > rotateAfterMs) await this.#rotateOld();
    const now = seconds(clock.now());
    const expires = Math.min(now + minutes * 60, seconds(session.expiresAt));
    if (!isOpen(session, clock.now()) || expires <= now) {
      throw new RuntimeFault('conflict', { detail: 'The session has ended: nobody is called for in its name.' });
    }
    const { user, agent } = session;
    const claims = {
      act: { sub: agent.id, name: agent.name },
      sid: session.id,
      tool,
      call: callId,
      roles: user.roles,
      claims: user.claims ?? {},
      ...(user.issuer === undefined ? {} : { idp: user.issuer }),
    };
    const { kid, key } = this.#signing;
    return await new SignJWT(claims)
      .setProtectedHeader({ alg: algorithm, typ: userContextType, kid })
      .setIssuer(issuer())
      .setAudience(audience)
      .setSubject(user.id)
      .setJti(newId())
      .setIssuedAt(now)
      .setNotBefore(now - slowClockSeconds)
      .setExpirationTime(expires)
      .sign(key);
  }

  /** The JWK Set (RFC 7517) that contexts verify by: also of keys that were replaced, until what they signed has expired. */
  jwks(): { readonly keys: readonly JWK[] } {
    const now = this.#options.clock.now();
    const published = this.#keys.filter(({ retiredAt = Infinity }) => now < retiredAt + publishedAfterMs);
    return { keys: published.map(({ kid, jwk }) => ({ ...publicOnly(jwk), kid, alg: algorithm, use: 'sig' })) };
  }

  /** Signs with a new key from now on, and forgets the private part of the one before. Resolves to the new key's id. */
  rotate(): Promise<string> {
    return this.#changes.run(async () => {
      const { settings, clock } = this.#options;
      for (;;) {
        const before = (await settings.get(settingKey)) ?? '[]';
        const now = clock.now();
        const kept = (JSON.parse(before) as KeptKey[])
          .map((key) => ({ ...key, retiredAt: key.retiredAt ?? now, jwk: publicOnly(key.jwk) }))
          .filter(({ retiredAt }) => now < retiredAt + publishedAfterMs);
        const keys = [await newKey(now), ...kept];
        // Another runtime on this store may have replaced it meanwhile: then ours comes after that one.
        if (!(await settings.replace(settingKey, before, JSON.stringify(keys)))) continue;
        this.#signing = { ...newest(keys), key: await privateKey(newest(keys)) };
        this.#keys = keys;
        return this.#signing.kid;
      }
    });
  }

  /** A store that cannot write must not stop calls: an old key is as good as it was yesterday. */
  async #rotateOld(): Promise<void> {
    await this.rotate().catch(() => undefined);
  }
}

async function newKey(createdAt: number): Promise<KeptKey> {
  const pair = await generateKeyPair(algorithm, { crv: 'Ed25519', extractable: true });
  const jwk = await exportJWK(pair.privateKey);
  return { kid: await calculateJwkThumbprint(publicOnly(jwk)), createdAt, jwk };
}

function newest(keys: readonly KeptKey[]): KeptKey {
  const [key] = keys;
  if (!key) throw new TypeError(`The setting ${settingKey} holds no key`);
  return key;
}

async function privateKey({ jwk }: KeptKey): Promise<CryptoKey> {
  if (jwk.d === undefined) throw new TypeError(`The setting ${settingKey} holds no private key`);
  return await importJWK({ ...jwk, kty: 'OKP' }, algorithm);
}

const publicOnly = ({ kty, crv, x }: JWK): JWK & { kty: 'OKP' } => ({ kty: kty as 'OKP', crv: crv ?? '', x: x ?? '' });

const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);
