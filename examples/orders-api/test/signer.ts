import type { CryptoKey, JSONWebKeySet, JWTHeaderParameters, JWTPayload } from 'jose';
import type { Person } from '../shop.ts';
import { randomUUID } from 'node:crypto';
import { SignJWT, createLocalJWKSet, exportJWK, generateKeyPair } from 'jose';
import { ContextVerifier } from '../user-context.ts';

export const issuer = 'https://sallyport.example';
const seconds = () => Math.floor(Date.now() / 1000);

/** Signs user contexts as the runtime does, for tests of the API alone. */
export class Signer {
  readonly keys: JSONWebKeySet;
  readonly #key: CryptoKey;

  private constructor(key: CryptoKey, keys: JSONWebKeySet) {
    this.#key = key;
    this.keys = keys;
  }

  static async create(): Promise<Signer> {
    const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
    return new Signer(privateKey, { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'EdDSA', use: 'sig' }] });
  }

  readonly verifier = (audience: string): ContextVerifier =>
    new ContextVerifier({ keys: createLocalJWKSet(this.keys), issuer, audience });

  sign(payload: JWTPayload, header: Partial<JWTHeaderParameters> = {}): Promise<string> {
    return new SignJWT(payload)
      .setProtectedHeader({ alg: 'EdDSA', typ: 'sallyport-user+jwt', kid: 'k1', ...header })
      .sign(this.#key);
  }
}

/** What the runtime says of a call. */
export function contextOf(person: Person, audience: string, tool: string): JWTPayload {
  const now = seconds();
  return {
    iss: issuer,
    aud: audience,
    sub: person.id,
    act: { sub: 'agent-1', name: 'orders' },
    sid: `session-of-${person.id}`,
    tool,
    call: randomUUID(),
    roles: [],
    claims: { customer: [person.customer] },
    jti: randomUUID(),
    iat: now,
    nbf: now - 30,
    exp: now + 300,
  };
}
