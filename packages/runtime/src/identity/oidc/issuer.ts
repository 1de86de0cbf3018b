import type { Clock, IssuerConfig, Json, RuntimeFault } from '@sallyport/core';
import { ageOf, asFault, isLoopback } from '@sallyport/core';
import { createLocalJWKSet, errors, jwtVerify } from 'jose';
import type { JSONWebKeySet, JWK, JWTVerifyResult, LocalJWKSet } from 'jose';
import { isProviderUrl, unavailable } from './provider-http.ts';
import type { ProviderHttp } from './provider-http.ts';

/** Asymmetric only: with an HMAC, whoever knows the public key could sign. */
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;
const publicMembers = ['kty', 'kid', 'use', 'alg', 'key_ops', 'n', 'e', 'crv', 'x', 'y'] as const;
const keyTypes: ReadonlySet<unknown> = new Set(['RSA', 'EC', 'OKP']);
const maxKeys = 100;

/** From this age on keys are fetched anew, while the old ones still serve. */
const refreshAfterMs = 5 * 60_000;
/** Older ones serve nobody: a key that was withdrawn counts no longer than this, even when the provider is away. */
const staleAfterMs = 15 * 60_000;
/** Between two fetches that tokens with unknown keys may cause, and between two attempts at a provider that is away. */
const coolDownMs = 30_000;
const failureCoolDownMs = 5_000;

interface Keys {
  /** Changes with the keys: what was verified by an older one must be verified again. */
  readonly generation: number;
  readonly set: LocalJWKSet;
  readonly text: string;
  readonly at: number;
}

export interface IssuerOptions {
  readonly name: string;
  readonly config: IssuerConfig;
  readonly http: ProviderHttp;
  readonly clock: Pick<Clock, 'now'>;
  readonly onFault: (fault: RuntimeFault) => void;
}

/** One OpenID provider: where its keys are (OpenID Connect Discovery 1.0), and its keys (RFC 7517). */
export class Issuer {
  readonly name: string;
  readonly config: IssuerConfig;
  readonly #options: IssuerOptions;
  #keys: Keys | undefined;
  #loading: Promise<Keys> | undefined;
  #failed: { readonly fault: RuntimeFault; readonly at: number } | undefined;

  constructor(options: IssuerOptions) {
    this.name = options.name;
    this.config = options.config;
    this.#options = options;
  }

  /** Whether what was verified by the keys of this generation is good still. Sees to it that the keys stay young. */
  vouches(generation: number): boolean {
    return this.#young()?.generation === generation;
  }

  /**
   * A token whose signature, issuer, audience and times are good. Of what kind it is, and of whom, is not looked at.
   *
   * @throws RuntimeFault `identity_unavailable` when the keys are not to be had; what jose throws when the token is not good
   */
  async verify(token: string): Promise<JWTVerifyResult & Pick<Keys, 'generation'>> {
    const keys = this.#young() ?? (await this.#load());
    try {
      return await this.#verifyBy(keys, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || this.#age() < coolDownMs) throw error;
      return await this.#verifyBy(await this.#load(), token);
    }
  }

  async #verifyBy({ set, generation }: Keys, token: string): Promise<JWTVerifyResult & Pick<Keys, 'generation'>> {
    const { issuer, audience, clockSkewSeconds } = this.config;
    const now = this.#options.clock.now();
    const verified = await jwtVerify(token, set, {
      algorithms: [...algorithms],
      issuer,
      audience,
      clockTolerance: clockSkewSeconds,
      currentDate: new Date(now),
      requiredClaims: ['sub', 'exp', 'iat'],
    });
    const { iat } = verified.payload;
    if (iat === undefined || iat > now / 1000 + clockSkewSeconds) {
      throw new errors.JWTClaimValidationFailed('"iat" is in the future', verified.payload, 'iat', 'check_failed');
    }
    return { ...verified, generation };
  }

  #age(): number {
    return this.#keys ? ageOf(this.#keys.at, this.#options.clock.now()) : Infinity;
  }

  #young(): Keys | undefined {
    const age = this.#age();
    // What fails is told by the next who needs it.
    if (this.#keys && age > refreshAfterMs) this.#load().catch(() => undefined);
    return age <= staleAfterMs ? this.#keys : undefined;
  }

  /** One fetch at a time, and none while the provider was just found to be away: nobody waits twice for the same. */
  #load(): Promise<Keys> {
    const { clock, onFault } = this.#options;
    const failed = this.#failed;
    if (failed && ageOf(failed.at, clock.now()) < failureCoolDownMs) return Promise.reject(failed.fault);
    this.#loading ??= this.#fetch()
      .then(
        (keys) => {
          const { text, generation = 0 } = this.#keys ?? {};
          this.#failed = undefined;
          return (this.#keys = { ...keys, generation: keys.text === text ? generation : generation + 1 });
        },
        (error: unknown) => {
          const fault = asFault(error);
          this.#failed = { fault, at: clock.now() };
          onFault(fault);
          throw fault;
        },
      )
      .finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  async #fetch(): Promise<Omit<Keys, 'generation'>> {
    const { http, clock, config } = this.#options;
    const { issuer } = config;
    const document = members(await http.json(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`));
    // Section 4.3: else one provider could speak for another.
    if (document['issuer'] !== issuer)
      throw unavailable(issuer, 'calls itself by another name than the configured one');
    const url = document['jwks_uri'];
    if (!isProviderUrl(url, isLoopback(new URL(issuer).hostname))) {
      throw unavailable(issuer, 'says that its keys are at an address which is not https');
    }
    const set = publicKeys(members(await http.json(url))['keys']);
    if (!set) throw unavailable(issuer, 'has no readable key set');
    return { set: createLocalJWKSet(set), text: JSON.stringify(set), at: clock.now() };
  }
}

type Members = Readonly<Record<string, Json | undefined>>;

const members = (json: Json): Members =>
  typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as Members) : {};

/** Secrets and private parts are left out, whatever they do there. */
function publicKeys(keys: Json | undefined): JSONWebKeySet | undefined {
  if (!Array.isArray(keys) || keys.length > maxKeys) return undefined;
  const kept = keys.map(members).filter(({ kty, use }) => keyTypes.has(kty) && (use === undefined || use === 'sig'));
  return {
    keys: kept.map(
      (key) =>
        Object.fromEntries(
          publicMembers.flatMap((name) => (key[name] === undefined ? [] : [[name, key[name]] as const])),
        ) as JWK & { kty: string },
    ),
  };
}
