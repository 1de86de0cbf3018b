import type { FastifyPluginAsync } from 'fastify';
import { RuntimeFault } from '@sallyport/core';
import type { OidcIssuers } from '../../identity/oidc/index.ts';
import type { UserContextSigner } from '../../identity/user-context.ts';
import { sendProblem } from '../admin/problem.ts';

export interface MetadataServices {
  readonly oidc: Pick<OidcIssuers, 'forAgents'>;
  readonly userContexts: Pick<UserContextSigner, 'jwks'>;
  /** Where this runtime is reached, without a slash at the end. */
  readonly baseUrl: () => string;
}

const jwksSeconds = 300;
/** Of the metadata of `<url>/mcp`: RFC 9728 section 3.1 puts the path of the resource behind the well-known one. */
export const resourceMetadataPath = '/.well-known/oauth-protected-resource/mcp';

/**
 * What others must know to speak with this runtime, for anyone to read:
 *
 * - `GET /.well-known/jwks.json`: the keys that user contexts verify by (RFC 7517)
 * - `GET /.well-known/oauth-protected-resource/mcp`, and without `/mcp`: who issues access tokens for the MCP surface (RFC 9728)
 */
export const metadataRoutes =
  ({ oidc, userContexts, baseUrl }: MetadataServices): FastifyPluginAsync =>
  async (app) => {
    app.setErrorHandler(sendProblem);
    app.get('/.well-known/jwks.json', (_, reply) => {
      reply.header('cache-control', `public, max-age=${jwksSeconds}`).type('application/jwk-set+json');
      return JSON.stringify(userContexts.jwks());
    });
    for (const url of ['/.well-known/oauth-protected-resource', resourceMetadataPath]) {
      app.get(url, (_, reply) => {
        const issuers = oidc.forAgents();
        if (issuers.length === 0) {
          const detail = 'No identity provider lets MCP clients in here. Use an agent key or a session token.';
          throw new RuntimeFault('not_found', { detail });
        }
        // A page elsewhere may read it: MCP clients run in browsers, and it is no secret.
        reply.headers({ 'cache-control': 'no-store', 'access-control-allow-origin': '*' });
        return {
          resource: `${baseUrl()}/mcp`,
          resource_name: 'Sallyport',
          authorization_servers: issuers.map(({ issuer }) => issuer),
          scopes_supported: [...new Set(issuers.map(({ scope }) => scope))],
          bearer_methods_supported: ['header'],
        };
      });
    }
  };
