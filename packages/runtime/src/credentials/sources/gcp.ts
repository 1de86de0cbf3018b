import type { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import type { SecretSource } from '@sallyport/core';
import { SourceProblem } from '../unavailable.ts';
import { fieldOf, loadClient, statusOf } from './client.ts';
import type { Source } from './source.ts';

type GcpConfig = Extract<SecretSource, { readonly gcp: unknown }>['gcp'];

/** Google Secret Manager, over its REST interface; who we are is found by Application Default Credentials. */
export function gcpSource({ secret, field, endpoint }: GcpConfig): Source {
  let client: SecretManagerServiceClient | undefined;
  return {
    async read() {
      const gcp = await loadClient('@google-cloud/secret-manager', () => import('@google-cloud/secret-manager'));
      client ??= new gcp.SecretManagerServiceClient({ fallback: true, ...placeOf(endpoint) });
      const [answer] = await client.accessSecretVersion({ name: secret }, once).catch((error: unknown) => {
        throw new SourceProblem(`cannot be read: Google Secret Manager answered with ${statusOf(error)}.`);
      });
      const data = answer.payload?.data;
      if (data === undefined || data === null) {
        throw new SourceProblem('cannot be read: Google Secret Manager gave no value.');
      }
      const bytes = typeof data === 'string' ? Buffer.from(data, 'base64') : Buffer.from(data);
      return fieldOf(bytes.toString('utf8'), field);
    },
  };
}

/** It would go on asking for a minute; whoever waits for a call does not. */
const once = { timeout: 10_000, retry: null } as const;

function placeOf(endpoint: string | undefined) {
  if (endpoint === undefined) return {};
  const url = new URL(endpoint.includes('://') ? endpoint : `https://${endpoint}`);
  const isPlain = url.protocol === 'http:';
  return {
    apiEndpoint: url.hostname,
    port: url.port === '' ? (isPlain ? 80 : 443) : Number(url.port),
    protocol: isPlain ? 'http' : 'https',
  };
}
