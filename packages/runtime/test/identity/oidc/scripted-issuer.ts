import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT, importJWK } from 'jose';
import type { JWK } from 'jose';
import { newKey } from './provider.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** An issuer that answers as a test tells it to, over real HTTP, and signs whatever it is asked to. */
export interface ScriptedIssuer {
  readonly issuer: string;
  readonly key: JWK;
  /** By path; what is missing is 404. */
  readonly routes: Map<string, Handler | object>;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  sign(claims?: object, header?: object, key?: JWK): Promise<string>;
  close(): Promise<void>;
}

export const publicOf = ({ d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...rest }: JWK): JWK => rest;

/** @param now seconds since the epoch */
export async function startScriptedIssuer(now = () => Date.now() / 1000, kid?: string): Promise<ScriptedIssuer> {
  const routes = new Map<string, Handler | object>();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const route = routes.get(path);
    if (typeof route === 'function') return (route as Handler)(request, response);
    response.writeHead(route ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(route ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const made = await newKey();
  const key = kid === undefined ? made : { ...made, kid };
  routes.set('/.well-known/openid-configuration', { issuer, jwks_uri: `${issuer}/jwks` });
  routes.set('/jwks', { keys: [publicOf(key)] });
  return {
    issuer,
    key,
    routes,
    asked,
    async sign(claims = {}, header = {}, by = key) {
      const at = Math.floor(now());
      const body = { iss: issuer, aud: 'here', sub: 'ann', iat: at, exp: at + 600, ...claims };
      const signing = await importJWK(by as JWK & { kty: 'RSA' }, by.alg);
      return await new SignJWT(body as object as Record<string, unknown>)
        .setProtectedHeader({ alg: by.alg ?? 'RS256', ...(by.kid === undefined ? {} : { kid: by.kid }), ...header })
        .sign(signing);
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
