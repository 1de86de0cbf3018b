import type { IncomingMessage } from 'node:http';
import type { JWTVerifyGetKey } from 'jose';
import { jwtVerify } from 'jose';

export const contextHeader = 'sallyport-user-context';

/** Whoever calls is not believed, or not for this. The text is for the caller. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

export interface ContextVerifierOptions {
  /** The runtime's published keys: `createRemoteJWKSet(new URL('/.well-known/jwks.json', issuer))`. */
  readonly keys: JWTVerifyGetKey;
  /** Where the runtime is reached. */
  readonly issuer: string;
  /** Where this API is reached: a context made for another API is not taken. */
  readonly audience: string;
}

/** For whom a request is made. */
export interface Caller {
  readonly user: string;
  readonly customer: string;
}

/**
 * Believes a request by nothing but its signed user context: a JWT of the runtime, for this API and this operation, that was
 * not used before. No other header, cookie, address or argument says who calls.
 */
export class ContextVerifier {
  readonly #options: ContextVerifierOptions;
  /** Ids of contexts that were used, until they expire. */
  readonly #used = new Map<string, number>();

  constructor(options: ContextVerifierOptions) {
    this.#options = options;
  }

  /** @throws Refused */
  async callerOf(request: IncomingMessage, operation: string): Promise<Caller> {
    const { headersDistinct: headers } = request;
    const [token, ...more] = headers[contextHeader] ?? [];
    // Of two, another reader might take the other.
    if (token === undefined || more.length > 0) throw new Refused('one Sallyport-User-Context is needed');
    const { jti, sub, exp, tool, claims } = await this.#verify(token);
    if (jti === undefined || sub === undefined || exp === undefined)
      throw new Refused('the user context is incomplete');
    // It is spent whatever else is wrong with the request: what was seen once is not tried at the next door.
    this.#useOnce(jti, exp);
    if (tool !== operation) throw new Refused('the user context is for another tool');
    return { user: sub, customer: customerOf(claims) };
  }

  async #verify(token: string) {
    const { keys, issuer, audience } = this.#options;
    const demands = {
      issuer,
      audience,
      typ: 'sallyport-user+jwt',
      algorithms: ['EdDSA'],
      requiredClaims: ['exp', 'jti'],
    };
    try {
      const { payload } = await jwtVerify(token, keys, demands);
      return payload;
    } catch (cause) {
      throw new Refused('the user context does not verify', { cause });
    }
  }

  #useOnce(id: string, expires: number): void {
    if (this.#used.has(id)) throw new Refused('the user context was used before');
    const now = Date.now() / 1000;
    for (const [used, until] of this.#used) {
      if (until > now) break;
      this.#used.delete(used);
    }
    this.#used.set(id, expires);
  }
}

/** This shop's users are one customer each. */
function customerOf(claims: unknown): string {
  const { customer } = (claims ?? {}) as { customer?: unknown };
  const [only, ...more] = Array.isArray(customer) ? (customer as unknown[]) : [];
  if (typeof only !== 'string' || only === '' || only.includes('\0') || more.length > 0)
    throw new Refused('the user is not exactly one customer');
  return only;
}
