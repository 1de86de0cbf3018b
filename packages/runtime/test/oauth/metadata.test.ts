import { expect, test } from 'vitest';
import type { IdentityConfig } from '@sallyport/core';
import { openOAuth } from './harness.ts';

const issuer = (name: string, change: object = {}) => ({
  issuer: `https://${name}.example`,
  audience: ['here'],
  clockSkewSeconds: 0,
  userClaim: 'sub',
  claims: [],
  scope: 'mcp',
  accessTokens: 'at+jwt',
  ...change,
});
const paths = ['/.well-known/oauth-protected-resource', '/.well-known/oauth-protected-resource/mcp'];

test('an MCP client learns who issues tokens for it, and which scope they need', async () => {
  const agents = { claim: 'client_id', map: { cli: 'support' } };
  const h = await openOAuth({
    one: issuer('one', { agents }),
    two: issuer('two', { agents, scope: 'tools' }),
    users: issuer('users'),
  } as unknown as IdentityConfig['issuers']);
  for (const path of paths) {
    const { status, body } = await h.get(path);
    expect([status, body]).toEqual([
      200,
      {
        resource: 'https://sallyport.example/mcp',
        resource_name: 'Sallyport',
        authorization_servers: ['https://one.example', 'https://two.example'],
        scopes_supported: ['mcp', 'tools'],
        bearer_methods_supported: ['header'],
      },
    ]);
  }
  await h.close();
});

test('where no provider lets MCP clients in, there is no such metadata', async () => {
  const h = await openOAuth({ users: issuer('users') } as unknown as IdentityConfig['issuers']);
  for (const path of paths) expect((await h.get(path)).status).toBe(404);
  await h.close();
});

test('the keys of user contexts are published for anyone, and kept for minutes only', async () => {
  const h = await openOAuth();
  const { status, headers, body } = await h.get('/.well-known/jwks.json');
  expect([status, headers['content-type'], headers['cache-control']]).toEqual([
    200,
    expect.stringContaining('application/jwk-set+json'),
    'public, max-age=300',
  ]);
  expect(body).toEqual(h.userContexts.jwks());
  expect(JSON.stringify(body)).not.toContain('"d"');
  await h.close();
});
