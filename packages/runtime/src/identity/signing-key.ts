import type { KeyManagement } from '@sallyport/core';
import { base64url, exportJWK, generateKeyPair } from 'jose';
import { createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

export const signingAlgorithm = 'EdDSA';

/** Wraps private keys, so that a copy of the store signs nothing. */
export type Wrapping = Pick<KeyManagement, 'wrap' | 'unwrap'>;

/** An Ed25519 key pair (RFC 8037) as it is kept. */
export interface KeptPair {
  /** Of the JWK: the public part. */
  readonly x: string;
  /** The private part, wrapped, base64url; */
  readonly wrapped?: string;
  /** or as it is, where there is nothing to wrap it with. */
  readonly d?: string;
}

export async function newPair(keys: Wrapping | undefined): Promise<KeptPair> {
  const pair = await generateKeyPair(signingAlgorithm, { crv: 'Ed25519', extractable: true });
  const { x = '', d = '' } = await exportJWK(pair.privateKey);
  return keys ? { x, wrapped: base64url.encode(await keys.wrap(base64url.decode(d))) } : { x, d };
}

/**
 * @param setting names where it was kept
 * @throws TypeError where there is no private part that can be read; RuntimeFault `store_unavailable` where another key wrapped it
 */
export async function privateKeyOf(
  { x, d: open, wrapped }: KeptPair,
  keys: Wrapping | undefined,
  setting: string,
): Promise<KeyObject> {
  const d = wrapped === undefined ? open : keys && base64url.encode(await keys.unwrap(base64url.decode(wrapped)));
  if (d === undefined) throw new TypeError(`The setting ${setting} holds no private key that can be read`);
  return createPrivateKey({ key: { ...publicJwk(x), d }, format: 'jwk' });
}

/** RFC 8037 section 2. */
export const publicJwk = (x: string) => ({ kty: 'OKP', crv: 'Ed25519', x }) as const;
