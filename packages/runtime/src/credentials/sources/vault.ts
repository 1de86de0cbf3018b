import { request } from 'undici';
import { maxSecretLength, parseJson } from '@sallyport/core';
import type { SecretSource } from '@sallyport/core';
import { SourceProblem } from '../unavailable.ts';
import { envSource } from './env.ts';
import { fileSource } from './file.ts';
import { loadClient, statusOf } from './client.ts';
import type { Source, SourceContext } from './source.ts';

type VaultConfig = Extract<SecretSource, { readonly vault: unknown }>['vault'];

/** HashiCorp Vault, a KV engine of version 2. */
export function vaultSource(config: VaultConfig, context: SourceContext): Source {
  const { address, path, field, namespace } = config;
  const token = 'env' in config.token ? envSource(config.token.env, context) : fileSource(config.token.file, context);
  return {
    async read(signal) {
      const { default: openVault } = await loadClient('node-vault', () => import('node-vault'));
      const given = (await token.read(signal)).trim();
      context.remember(given);
      // Its own transport follows redirects with the token, and drops TLS checks where the environment says so.
      const transport = { defaults: () => (options: VaultRequest) => send(options, signal) };
      const client = openVault({
        endpoint: address,
        token: given,
        ...(namespace !== undefined && { namespace }),
        'request-promise': transport as never,
        debug: () => undefined,
      });
      const answer: unknown = await client.read(path).catch((error: unknown) => {
        throw new SourceProblem(`cannot be read: Vault answered ${path} with ${statusOf(error)}.`);
      });
      return fieldIn(answer, field, path);
    },
  };
}

/** What node-vault hands to its transport. */
interface VaultRequest {
  readonly uri: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
}

async function send({ uri, headers }: VaultRequest, signal: AbortSignal) {
  const answer = await request(uri, { method: 'GET', headers, signal });
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of answer.body as AsyncIterable<Uint8Array>) {
    bytes += part.length;
    if (bytes > 8 * maxSecretLength) throw new Error('too long');
    parts.push(part);
  }
  const { statusCode } = answer;
  const text = Buffer.concat(parts).toString('utf8');
  return {
    statusCode,
    body: statusCode === 200 ? parseJson(text, { maxDepth: 16 }) : {},
    request: { path: new URL(uri).pathname },
  };
}

function fieldIn(answer: unknown, field: string, path: string): string {
  // { data: { data: { <field>: … }, metadata: … } }
  const data = memberOf(memberOf(answer, 'data'), 'data');
  if (data === undefined) throw new SourceProblem(`cannot be read: ${path} is no secret of a KV version 2 engine.`);
  const value = memberOf(data, field);
  if (typeof value === 'string') return value;
  throw new SourceProblem(`cannot be read: ${path} has no text ${field}.`);
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
