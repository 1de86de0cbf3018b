import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import type { JWK } from 'jose';
import { Provider } from 'oidc-provider';

export interface Tokens {
  readonly id_token: string;
  readonly access_token: string;
}

export interface RealProvider {
  readonly issuer: string;
  /** Private JWKs it signs with, the newest first. */
  readonly keys: readonly JWK[];
  /** Signs with a new key from now on; the old ones go, unless they are kept. */
  rotate(keepOld?: boolean): Promise<void>;
  /** Registers another address that browsers may be sent back to. */
  allow(redirectUri: string): void;
  /** Signs somebody in, as a browser without a person would, and redeems the code. */
  signIn(login: string, request?: Readonly<Record<string, string>>): Promise<Tokens>;
  /** Follows an authorization request to its end: the address that the browser is sent back to. */
  walk(url: string, login: string): Promise<string>;
  close(): Promise<void>;
}

export const clientId = 'shop-front';
export const clientSecret = 'a-secret-of-the-client-0123456789';
export const api = 'https://sallyport.example/mcp';
export const redirectUri = 'https://shop.example/callback';

/** What is known of people: by their login. */
export const people: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  ann: { customer: 'C-1', groups: ['buyers', 'vip'], email: 'ann@example.com', email_verified: true },
  bob: { customer: 'C-2', groups: ['buyers'], email: 'bob@example.com', email_verified: false },
  olga: { groups: ['ops'], email: 'olga@example.com', email_verified: true },
  ines: { groups: [], email: 'ines@example.com', email_verified: true },
};

export async function newKey(alg = 'RS256'): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, alg, use: 'sig', kid: await calculateJwkThumbprint(jwk) };
}

/** A real OpenID provider on a port of its own. */
export async function startProvider(redirectUris: readonly string[] = [redirectUri]): Promise<RealProvider> {
  let provider: Provider | undefined;
  const server = createServer((request, response) => provider?.callback()(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const allowed = [...redirectUris];
  let keys = [await newKey()];
  const start = () => (provider = new Provider(issuer, configurationOf(allowed, keys)));
  start();
  return {
    issuer,
    get keys() {
      return keys;
    },
    allow(uri) {
      allowed.push(uri);
      start();
    },
    async rotate(keepOld = false) {
      keys = [await newKey(), ...(keepOld ? keys : [])];
      start();
    },
    async signIn(login, request = {}) {
      const asked = {
        client_id: clientId,
        redirect_uri: redirectUri,
        response_type: 'code',
        scope: 'openid profile email mcp',
        ...request,
      };
      const back = new URL(await walk(`${issuer}/auth?${new URLSearchParams(asked).toString()}`, login));
      const code = back.searchParams.get('code');
      if (code === null) throw new Error(back.href);
      return await redeem(issuer, code, asked.client_id);
    },
    walk,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function configurationOf(redirectUris: readonly string[], keys: readonly JWK[]): object {
  const client = (id: string, method = 'client_secret_post') => ({
    client_id: id,
    client_secret: clientSecret,
    redirect_uris: redirectUris,
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: method,
  });
  return {
    clients: [client(clientId), client('other-front'), client('dashboard', 'client_secret_basic')],
    jwks: { keys },
    cookies: { keys: ['a key for cookies'] },
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
    scopes: ['openid', 'profile', 'email', 'mcp'],
    claims: { openid: ['sub'], profile: ['customer', 'groups'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    findAccount: (_: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, ...people[id] }),
    }),
    extraTokenClaims: (_: unknown, { accountId }: { accountId?: string }) => people[accountId ?? ''],
    pkce: { required: () => false },
    features: {
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => api,
        useGrantedResource: () => true,
        getResourceServerInfo: (_: unknown, resource: string) => ({
          scope: 'mcp profile email',
          audience: resource,
          accessTokenTTL: 600,
          accessTokenFormat: 'jwt',
        }),
      },
    },
  };
}

async function redeem(issuer: string, code: string, client: string): Promise<Tokens> {
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      client_id: client,
      client_secret: clientSecret,
    }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as Tokens;
}

async function walk(start: string, login: string): Promise<string> {
  const origin = new URL(start).origin;
  const jar = new Map<string, string>();
  let at = start;
  let form: Record<string, string> | undefined;
  for (let steps = 0; steps < 12; steps++) {
    const answer = await fetch(at, {
      redirect: 'manual',
      headers: { cookie: [...jar].map((pair) => pair.join('=')).join('; ') },
      ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}),
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = (cookie.split(';')[0] ?? '').split('=');
      if (value === '') jar.delete(name);
      else jar.set(name, value);
    }
    form = undefined;
    const location = answer.headers.get('location');
    const text = await answer.text();
    if (location !== null) {
      at = new URL(location, at).href;
      if (new URL(at).origin !== origin) return at;
      continue;
    }
    const prompt = /name="prompt" value="(\w+)"/.exec(text)?.[1];
    if (prompt === undefined) throw new Error(`${answer.status} ${at}: ${text.slice(0, 2_000)}`);
    form = prompt === 'login' ? { prompt, login, password: 'any' } : { prompt };
  }
  throw new Error(`The provider never sent the browser back: ${at}`);
}
