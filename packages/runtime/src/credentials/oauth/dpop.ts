import { createHash, randomUUID, webcrypto } from 'node:crypto';
import { SignJWT, exportJWK } from 'jose';
import type { JWK } from 'jose';
import { RuntimeFault, parseJson } from '@sallyport/core';
import type { SealedSecrets } from '../sealed.ts';

const slot = 'dpop_key';
const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;

/** The key that a credential's tokens are bound to (RFC 9449): one for each credential, sealed in the store. */
export class DpopKey {
  readonly pair: webcrypto.CryptoKeyPair;
  readonly #jwk: JWK;

  private constructor(pair: webcrypto.CryptoKeyPair, jwk: JWK) {
    this.pair = pair;
    this.#jwk = jwk;
  }

  /** The same after a restart: a public client's refresh token is bound to it (RFC 9449 section 5). */
  static async open(name: string, sealed: SealedSecrets): Promise<DpopKey> {
    const kept = await sealed.read(name, slot);
    if (kept) return await DpopKey.#of(parseJson(kept.text, { maxDepth: 4 }) as webcrypto.JsonWebKey);
    const { privateKey } = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const jwk = await webcrypto.subtle.exportKey('jwk', privateKey);
    try {
      await sealed.write(name, slot, 1, JSON.stringify(jwk));
    } catch (error) {
      // Another one was made at the same moment.
      if (error instanceof RuntimeFault && error.code === 'conflict') return await DpopKey.open(name, sealed);
      throw error;
    }
    return await DpopKey.#of(jwk);
  }

  static async #of(jwk: webcrypto.JsonWebKey): Promise<DpopKey> {
    const { d: _, key_ops: __, ...open } = jwk;
    const privateKey = await webcrypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign']);
    const publicKey = await webcrypto.subtle.importKey('jwk', { ...open, key_ops: ['verify'] }, algorithm, true, [
      'verify',
    ]);
    const { kty, crv, x, y } = await exportJWK(publicKey);
    return new DpopKey({ privateKey, publicKey }, { kty, crv, x, y } as JWK);
  }

  /** A proof for one request with an access token, as RFC 9449 section 4.2. @param now milliseconds since the epoch */
  async prove(about: {
    readonly method: string;
    readonly url: URL;
    readonly token: string;
    readonly nonce: string | undefined;
    readonly now: number;
  }): Promise<string> {
    const { method, url, token, nonce, now } = about;
    const claims = {
      htm: method.toUpperCase(),
      htu: `${url.origin}${url.pathname}`,
      ath: createHash('sha256').update(token).digest('base64url'),
      ...(nonce !== undefined && { nonce }),
    };
    return await new SignJWT(claims)
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk: this.#jwk })
      .setJti(randomUUID())
      .setIssuedAt(Math.floor(now / 1_000))
      .sign(this.pair.privateKey);
  }
}

/** What upstreams want to see in the next proof, by `host:port`. */
export class Nonces {
  readonly #known = new Map<string, string>();

  of(authority: string): string | undefined {
    return this.#known.get(authority);
  }

  /** True where it is another one. Only hosts that the credential is bound to are asked, so there are few. */
  learn(authority: string, nonce: string | undefined): boolean {
    if (nonce === undefined || !/^[\x21\x23-\x5b\x5d-\x7e]{1,512}$/.test(nonce)) return false;
    if (this.#known.get(authority) === nonce) return false;
    this.#known.set(authority, nonce);
    return true;
  }
}
