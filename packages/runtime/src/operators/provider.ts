import { randomBytes } from 'node:crypto';
import type { Clock, OperatorIssuerConfig } from '@sallyport/core';
import type { OperatorRole } from '@sallyport/core/admin';
import { RuntimeFault, isLoopback, showText } from '@sallyport/core';
import { operatorRoles } from '@sallyport/core/admin';
import { EncryptJWT, jwtDecrypt } from 'jose';
import * as openid from 'openid-client';
import { BoundedMap } from '../identity/bounded.ts';
import { ProviderHttp, isProviderUrl, rolesOf, textOf, unavailable } from '../identity/oidc/index.ts';

const attemptMinutes = 10;
const usedAttempts = 1_000;
const longestName = 100;
/** From this age on the provider's addresses are read anew; its keys are followed as tokens show them. */
const discoverAgainMs = 10 * 60_000;
/** A place of the dashboard, and of nowhere else. */
const ownPlace = /^\/(?![/\\])[\x21-\x7e]{0,499}$/;

export interface OperatorProviderOptions {
  readonly config: OperatorIssuerConfig;
  /** Where this runtime is reached, without a slash at the end. */
  readonly baseUrl: () => string;
  readonly clock: Pick<Clock, 'now'>;
  /** For a whole answer of the provider. */
  readonly timeoutMs?: number;
}

/** An account at the provider, whose sign-in is proven. */
export interface OperatorAccount {
  /** `<issuer> <sub>`: no name in it can be taken over by another account. */
  readonly account: string;
  readonly name: string;
  /** The strongest that the map gives it; none where it gives none. */
  readonly role: OperatorRole | undefined;
  /** Where the dashboard was to be opened. */
  readonly to: string;
}

/** What a browser is sent away with, and must bring back. Sealed: it can neither read nor make one. */
interface Attempt {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly to: string;
}

/** Signs operators in at an OpenID provider: authorization code with PKCE, state and nonce (OpenID Connect Core 1.0, RFC 9700). */
export class OperatorProvider {
  /** For people: where they sign in. */
  readonly host: string;
  readonly #options: OperatorProviderOptions;
  readonly #http: ProviderHttp;
  /** Of this process only: a restart ends the sign-ins that were under way. */
  readonly #key = randomBytes(32);
  readonly #used = new BoundedMap<string, true>(usedAttempts);
  #client: { readonly config: Promise<openid.Configuration>; readonly at: number } | undefined;

  constructor(options: OperatorProviderOptions) {
    this.#options = options;
    this.#http = new ProviderHttp(options.timeoutMs);
    this.host = new URL(options.config.issuer).host;
  }

  /**
   * Where to send the browser, and the sealed attempt that it must bring back as a cookie.
   *
   * @throws RuntimeFault `identity_unavailable`
   */
  async begin(to = '/'): Promise<{ readonly url: string; readonly attempt: string; readonly seconds: number }> {
    const client = await this.#configured();
    const attempt: Attempt = {
      state: openid.randomState(),
      nonce: openid.randomNonce(),
      verifier: openid.randomPKCECodeVerifier(),
      to: ownPlace.test(to) ? to : '/',
    };
    const url = openid.buildAuthorizationUrl(client, {
      redirect_uri: this.#redirectUri(),
      response_type: 'code',
      scope: this.#options.config.scopes.join(' '),
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: await openid.calculatePKCECodeChallenge(attempt.verifier),
      code_challenge_method: 'S256',
    });
    return { url: url.href, attempt: await this.#seal(attempt), seconds: attemptMinutes * 60 };
  }

  /**
   * Redeems the code that the browser came back with.
   *
   * @param query of the callback, as it came
   * @throws RuntimeFault `unauthenticated`, `identity_unavailable`, and `forbidden` when the claim of roles cannot be read
   */
  async finish(query: string, sealed: string | undefined): Promise<OperatorAccount> {
    const { state, nonce, verifier, to } = await this.#open(sealed);
    // One attempt, one try: whoever saw the address may not play it again.
    if (this.#used.get(state)) throw notCompleted();
    this.#used.set(state, true);
    const client = await this.#configured();
    const { config } = this.#options;
    try {
      const tokens = await openid.authorizationCodeGrant(client, new URL(`${this.#redirectUri()}?${query}`), {
        pkceCodeVerifier: verifier,
        expectedState: state,
        expectedNonce: nonce,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (!claims) throw notCompleted();
      const roles = rolesOf(claims, config.roles);
      const role = operatorRoles.findLast((each) => roles.includes(each));
      const name = showText(textOf(claims, config.nameClaim) ?? claims.sub, longestName - 1);
      return { account: `${config.issuer} ${claims.sub}`, name: name.slice(0, longestName), role, to };
    } catch (error) {
      if (isClientRefused(error)) {
        throw unavailable(config.issuer, 'refused identity.operators.clientId or its secret', error);
      }
      throw faultOf(error);
    }
  }

  async close(): Promise<void> {
    await this.#http.close();
  }

  #redirectUri(): string {
    return `${this.#options.baseUrl()}/admin/oidc/callback`;
  }

  #configured(): Promise<openid.Configuration> {
    const now = this.#options.clock.now();
    if (this.#client && now - this.#client.at < discoverAgainMs) return this.#client.config;
    const client = { config: this.#discover(), at: now };
    this.#client = client;
    client.config.catch(() => {
      // What failed is tried again by the next.
      if (this.#client === client) this.#client = undefined;
    });
    return client.config;
  }

  async #discover(): Promise<openid.Configuration> {
    const { clientId, secret, issuer, clockSkewSeconds } = this.#options.config;
    const isLocal = isLoopback(new URL(issuer).hostname);
    const execute = [openid.enableNonRepudiationChecks, ...(isLocal ? [openid.allowInsecureRequests] : [])];
    try {
      const config = await openid.discovery(
        new URL(issuer),
        clientId,
        { [openid.clockTolerance]: clockSkewSeconds },
        secret ? openid.ClientSecretBasic(secret.reveal()) : openid.None(),
        { execute, [openid.customFetch]: (url, asked) => this.#fetch(url, asked) },
      );
      const { issuer: named, authorization_endpoint: endpoint } = config.serverMetadata();
      if (named !== issuer) throw unavailable(issuer, 'calls itself by another name than the configured one');
      if (!isProviderUrl(endpoint, isLocal)) throw unavailable(issuer, 'has no https address to sign in at');
      return config;
    } catch (error) {
      const fault = faultOf(error);
      throw fault.code === 'identity_unavailable'
        ? fault
        : unavailable(issuer, 'has no discovery document that can be used', error);
    }
  }

  async #fetch(url: string, { method, headers, body }: openid.CustomFetchOptions): Promise<Response> {
    const { issuer } = this.#options.config;
    if (!isProviderUrl(url, isLoopback(new URL(issuer).hostname))) {
      throw unavailable(issuer, 'names an address that is not https');
    }
    const form = body instanceof URLSearchParams ? { body: body.toString() } : {};
    const answer = await this.#http.send(url, { method: method === 'POST' ? 'POST' : 'GET', headers, ...form });
    return new Response(answer.text, { status: answer.status, headers: answer.headers });
  }

  #seal(attempt: Attempt): Promise<string> {
    return new EncryptJWT({ ...attempt })
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .setExpirationTime(Math.floor(this.#options.clock.now() / 1000) + attemptMinutes * 60)
      .encrypt(this.#key);
  }

  /** @throws RuntimeFault `unauthenticated` */
  async #open(sealed: string | undefined): Promise<Attempt> {
    try {
      const { payload } = await jwtDecrypt<Attempt>(sealed ?? '', this.#key, {
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
        currentDate: new Date(this.#options.clock.now()),
        requiredClaims: ['exp', 'state', 'nonce', 'verifier', 'to'],
      });
      return payload;
    } catch (error) {
      throw notCompleted(error);
    }
  }
}

/** RFC 6749 section 5.2: `invalid_client`, with a challenge where the client authenticated by a header. */
const isClientRefused = (error: unknown): boolean =>
  error instanceof openid.WWWAuthenticateChallengeError ||
  (error instanceof openid.ResponseBodyError && error.error === 'invalid_client');

/** What our own requests found counts, wherever the library put it; all else is a sign-in that did not come about. */
function faultOf(error: unknown): RuntimeFault {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof RuntimeFault) return at;
  return notCompleted(error);
}

const notCompleted = (cause?: unknown): RuntimeFault =>
  new RuntimeFault('unauthenticated', {
    detail:
      'The sign-in was not completed: it was refused, took longer than ten minutes, or was begun in another browser.',
    cause,
  });
