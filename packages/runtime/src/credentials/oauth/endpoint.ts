import * as openid from 'openid-client';
import { request } from 'undici';
import { isLoopback, parseJson } from '@sallyport/core';
import type { AttachConfig, Clock } from '@sallyport/core';
import { SourceProblem, kindOf } from '../unavailable.ts';
import { withTimeout } from '../reader.ts';
import type { DpopKey } from './dpop.ts';

export type OauthConfig = Extract<AttachConfig, { readonly tokenUrl: string }>;

export interface Grant {
  /** `grant_type` */
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** The client's own; undefined of a public one. */
  readonly clientSecret: string | undefined;
  readonly dpop: DpopKey | undefined;
}

export interface Granted {
  readonly accessToken: string;
  /** Milliseconds from when it was asked for; undefined where the endpoint does not say. */
  readonly lifeMs: number | undefined;
  readonly refreshToken: string | undefined;
  /** RFC 8693 section 2.2.1 */
  readonly issuedTokenType: unknown;
}

const maxAnswerBytes = 262_144;
const longestLifeMs = 86_400_000;

/** RFC 6749 section 5.2, RFC 8693, 8707 and 9449: what an endpoint may say of a refusal, and we repeat. */
const refusals = new Set([
  'invalid_request',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_target',
  'invalid_dpop_proof',
  'use_dpop_nonce',
  'access_denied',
  'temporarily_unavailable',
  'server_error',
]);

/** The endpoint does not take the client for who it says it is: its secret may have been rotated. */
export class ClientRefused extends SourceProblem {
  constructor() {
    super('has no token: its token endpoint refused with invalid_client.');
  }
}

/** A token endpoint (RFC 6749 section 3.2). Everything it answers is bounded, and believed only as far as it is checked. */
export class TokenEndpoint {
  readonly #config: OauthConfig;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #remember: (value: string) => void;

  /** @param remember is told what is sent that is secret, as it is sent */
  constructor(config: OauthConfig, clock: Clock, timeoutMs: number, remember: (value: string) => void) {
    this.#config = config;
    this.#remember = remember;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** @throws SourceProblem */
  async ask(grant: Grant): Promise<Granted> {
    try {
      return await withTimeout((signal) => this.#ask(grant, signal), this.#timeoutMs, this.#clock);
    } catch (error) {
      if (error instanceof SourceProblem) throw error;
      if (isClientRefused(error)) throw new ClientRefused();
      if (error instanceof openid.ResponseBodyError) {
        const code = refusals.has(error.error) ? error.error : 'an error of its own';
        throw new SourceProblem(`has no token: its token endpoint refused with ${code}.`);
      }
      throw new SourceProblem(`has no token: its token endpoint could not be used (${kindOf(error)}).`);
    }
  }

  async #ask({ type, parameters, clientSecret, dpop }: Grant, signal: AbortSignal): Promise<Granted> {
    const { scope, audience, resource } = this.#config;
    const server = this.#server(clientSecret, signal);
    const answer = await openid.genericGrantRequest(
      server,
      type,
      { ...parameters, ...defined({ scope, audience, resource }) },
      dpop && { DPoP: openid.getDPoPHandle(server, dpop.pair) },
    );
    checkType(answer.token_type, dpop !== undefined);
    return {
      accessToken: tokenOf(answer.access_token),
      lifeMs: lifeOf(answer.expires_in),
      refreshToken: answer.refresh_token === undefined ? undefined : tokenOf(answer.refresh_token),
      issuedTokenType: answer['issued_token_type'],
    };
  }

  #server(clientSecret: string | undefined, signal: AbortSignal): openid.Configuration {
    const { tokenUrl, clientId } = this.#config;
    const metadata = { issuer: new URL(tokenUrl).origin, token_endpoint: tokenUrl };
    const server = new openid.Configuration(metadata, clientId, undefined, this.#clientAuth(clientSecret));
    if (isLoopback(new URL(tokenUrl).hostname)) openid.allowInsecureRequests(server);
    server[openid.customFetch] = (url, init) => {
      // RFC 6749 section 2.3.1 has the secret escaped before it is encoded: another text than the secret.
      const basic = /^Basic (.+)$/.exec(init.headers['authorization'] ?? '')?.[1];
      if (basic !== undefined) for (const sent of [basic, atob(basic)]) this.#remember(sent);
      return exchange(url, init, signal);
    };
    return server;
  }

  #clientAuth(secret: string | undefined): openid.ClientAuth {
    if (secret === undefined) return openid.None();
    return this.#config.clientAuth === 'post' ? openid.ClientSecretPost(secret) : openid.ClientSecretBasic(secret);
  }
}

/** RFC 6749 section 5.2: with a challenge where the client authenticated by a header. */
const isClientRefused = (error: unknown): boolean =>
  (error instanceof openid.WWWAuthenticateChallengeError && error.status === 401) ||
  (error instanceof openid.ResponseBodyError && error.error === 'invalid_client');

/** Follows no redirect: the client's secret is for this address. */
async function exchange(url: string, init: openid.CustomFetchOptions, signal: AbortSignal): Promise<Response> {
  const { body, headers, method } = init;
  const answer = await request(url, {
    method: method === 'POST' ? 'POST' : 'GET',
    headers: { ...headers, 'accept-encoding': 'identity' },
    body: body instanceof URLSearchParams ? body.toString() : null,
    signal: init.signal ? AbortSignal.any([signal, init.signal]) : signal,
  });
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of answer.body as AsyncIterable<Uint8Array>) {
    bytes += part.length;
    if (bytes > maxAnswerBytes) throw new SourceProblem('has no token: its token endpoint answered too much.');
    parts.push(part);
  }
  const { statusCode: status } = answer;
  if (status >= 300 && status < 400) {
    throw new SourceProblem('has no token: its token endpoint sends elsewhere, which is not followed with a secret.');
  }
  return new Response(withoutIdToken(Buffer.concat(parts).toString('utf8')), {
    status: status < 200 ? 502 : status,
    headers: Object.entries(answer.headers).flatMap(([name, value]) =>
      typeof value === 'string' && kept.has(name) ? [[name, value] as [string, string]] : [],
    ),
  });
}

const kept: ReadonlySet<string> = new Set(['content-type', 'dpop-nonce', 'www-authenticate']);

/** Read once, duplicate members refused. Nobody signs in here, so an ID token is for nobody. */
function withoutIdToken(text: string): string {
  try {
    const answer = parseJson(text, { maxDepth: 8 });
    if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return text;
    return JSON.stringify(answer, (name, value: unknown) => (name === 'id_token' ? undefined : value));
  } catch {
    return 'not JSON';
  }
}

function checkType(type: string, constrained: boolean): void {
  // A bearer token in place of one that is bound to our key is what whoever stole tokens would want.
  if (type.toLowerCase() === (constrained ? 'dpop' : 'bearer')) return;
  throw new SourceProblem(
    `has no token: its token endpoint gave one that is no ${constrained ? 'DPoP' : 'bearer'} token.`,
  );
}

function tokenOf(token: string): string {
  if (/^[\x21-\x7e]{6,16384}$/.test(token)) return token;
  throw new SourceProblem('has no token: its token endpoint gave one that no header may carry, or that is too short.');
}

/** Whatever the endpoint says: a negative life is none, and a day is long. */
function lifeOf(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.min(Math.max(seconds, 0) * 1_000, longestLifeMs);
}

const defined = (members: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
