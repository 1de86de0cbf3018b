import type { CredentialRefusal } from '@sallyport/core';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** What an upstream said with its 401: with DPoP it may ask for a nonce (RFC 9449 section 9). */
export function refusalOf(headers: Headers): CredentialRefusal {
  const authenticate = oneOf(headers['www-authenticate']);
  const dpopNonce = oneOf(headers['dpop-nonce']);
  return { ...(authenticate === undefined ? {} : { authenticate }), ...(dpopNonce === undefined ? {} : { dpopNonce }) };
}

const oneOf = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(', ') : value;
