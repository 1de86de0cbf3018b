import type { Clock, NewId, SettingStore, UserContexts } from '@sallyport/core';
import { RuntimeFault, isOpen } from '@sallyport/core';
import { calculateJwkThumbprint } from 'jose';
import type { JWK } from 'jose';
import { sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { Serial } from './serial.ts';
import { newPair, privateKeyOf, publicJwk, signingAlgorithm } from './signing-key.ts';
import type { KeptPair, Wrapping } from './signing-key.ts';

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
interface KeptKey extends KeptPair {
  readonly kid: string;
  readonly createdAt: number;
  readonly retiredAt?: number;
}

interface Signing {
  readonly createdAt: number;
  readonly key: KeyObject;
  /** The JOSE header as it is signed: the same for everything that this key signs. */
  readonly header: string;
}

export interface UserContextOptions {
  readonly settings: SettingStore;
  readonly clock: Clock;
  readonly newId: NewId;
  /** Where this runtime is reached, which is also where its JWKS is. */
  readonly issuer: () => string;
  readonly minutes: number;
  readonly keys?: Wrapping;
}

/**
 * Signs for whom a tool call is made: a JWT (RFC 7519), Ed25519 (RFC 8037), with the user as `sub` and the agent as `act`
 * (RFC 8693 section 4.1). It is for one API, one tool and one call, and lives minutes. The key is replaced every 90 days.
 */
export class UserContextSigner implements UserContexts {
  readonly #options: UserContextOptions;
  readonly #changes = new Serial();
  #isRotating = false;
  #keys: readonly KeptKey[];
  #signing: Signing;

  private constructor(options: UserContextOptions, keys: readonly KeptKey[], signing: KeyObject) {
    this.#options = options;
    this.#keys = keys;
    this.#signing = signingBy(newest(keys), signing);
  }

  /** Reads the keys, or makes the first: of several runtimes that start at once on one store, all get the same. */
  static async open(options: UserContextOptions): Promise<UserContextSigner> {
    const { settings } = options;
    const stored = await settings.get(settingKey);
    const text = stored ?? (await settings.setOnce(settingKey, JSON.stringify([await newKey(options)])));
    const keys = JSON.parse(text) as KeptKey[];
    const signer = new UserContextSigner(options, keys, await privateKeyOf(newest(keys), options.keys, settingKey));
    // One that lay open signs no longer once keys can be wrapped.
    if (options.keys && newest(keys).d !== undefined) await signer.rotate();
    return signer;
  }

  /** @throws RuntimeFault `conflict` when the session has ended: nothing is called in its name any more */
  async sign({ session, audience, tool, callId }: Parameters<UserContexts['sign']>[0]): Promise<string> {
    const { clock, newId, issuer, minutes } = this.#options;
    if (clock.now() - this.#signing.createdAt > rotateAfterMs) this.#rotateOld();
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
      iss: issuer(),
      aud: audience,
      sub: user.id,
      jti: newId(),
      iat: now,
      nbf: now - slowClockSeconds,
      exp: expires,
    };
    return compactJws(this.#signing, claims);
  }

  /** The JWK Set (RFC 7517) that contexts verify by: also of keys that were replaced, until what they signed has expired. */
  jwks(): { readonly keys: readonly JWK[] } {
    const now = this.#options.clock.now();
    const published = this.#keys.filter(({ retiredAt = Infinity }) => now < retiredAt + publishedAfterMs);
    return { keys: published.map(({ kid, x }) => ({ ...publicJwk(x), kid, alg: signingAlgorithm, use: 'sig' })) };
  }

  /** Signs with a new key from now on, and forgets the private part of the one before. Resolves to the new key's id. */
  rotate(): Promise<string> {
    return this.#changes.run(async () => {
      const { settings, clock } = this.#options;
      for (;;) {
        const before = (await settings.get(settingKey)) ?? '[]';
        const now = clock.now();
        const kept = (JSON.parse(before) as KeptKey[])
          .map(({ kid, createdAt, retiredAt = now, x }) => ({ kid, createdAt, retiredAt, x }))
          .filter(({ retiredAt }) => now < retiredAt + publishedAfterMs);
        const keys = [await newKey(this.#options), ...kept];
        // Another runtime on this store may have replaced it meanwhile: then ours comes after that one.
        if (!(await settings.replace(settingKey, before, JSON.stringify(keys)))) continue;
        this.#signing = signingBy(newest(keys), await privateKeyOf(newest(keys), this.#options.keys, settingKey));
        this.#keys = keys;
        return newest(keys).kid;
      }
    });
  }

  /** No call waits for it: an old key is as good as it was yesterday, also while the store cannot write. */
  #rotateOld(): void {
    if (this.#isRotating) return;
    this.#isRotating = true;
    void this.rotate()
      .catch(() => undefined)
      .finally(() => (this.#isRotating = false));
  }
}

async function newKey({ clock, keys }: UserContextOptions): Promise<KeptKey> {
  const pair = await newPair(keys);
  return { kid: await calculateJwkThumbprint(publicJwk(pair.x)), createdAt: clock.now(), ...pair };
}

function newest(keys: readonly KeptKey[]): KeptKey {
  const [key] = keys;
  if (!key) throw new TypeError(`The setting ${settingKey} holds no key`);
  return key;
}

const signingBy = ({ kid, createdAt }: KeptKey, key: KeyObject): Signing => ({
  createdAt,
  key,
  header: encoded({ alg: signingAlgorithm, typ: userContextType, kid }),
});

/** RFC 7515 section 7.1. At once: by way of the thread pool a signature costs twice its time. */
function compactJws({ header, key }: Signing, payload: object): string {
  const signed = `${header}.${encoded(payload)}`;
  return `${signed}.${sign(null, Buffer.from(signed, 'latin1'), key).toString('base64url')}`;
}

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);
