import { isLoopback } from '@sallyport/core';
import type { SecretSource } from '@sallyport/core';
import type { SecretClient } from '@azure/keyvault-secrets';
import { SourceProblem } from '../unavailable.ts';
import { fieldOf, loadClient, statusOf } from './client.ts';
import type { Source } from './source.ts';

type AzureConfig = Extract<SecretSource, { readonly azure: unknown }>['azure'];

/** Azure Key Vault; who we are is found by `DefaultAzureCredential`: environment, workload or managed identity. */
export function azureSource({ vaultUrl, name, field }: AzureConfig): Source {
  let client: SecretClient | undefined;
  return {
    async read(signal) {
      client ??= await openClient(vaultUrl);
      const { value } = await client.getSecret(name, { abortSignal: signal }).catch((error: unknown) => {
        throw new SourceProblem(`cannot be read: Azure Key Vault answered with ${statusOf(error)}.`);
      });
      if (value === undefined) throw new SourceProblem('cannot be read: Azure Key Vault gave no value.');
      return fieldOf(value, field);
    },
  };
}

async function openClient(vaultUrl: string): Promise<SecretClient> {
  const { SecretClient } = await loadClient('@azure/keyvault-secrets', () => import('@azure/keyvault-secrets'));
  const { DefaultAzureCredential } = await loadClient('@azure/identity', () => import('@azure/identity'));
  // An emulator on this machine: it is reached in clear, and its name is not one of Azure's.
  const isHere = isLoopback(new URL(vaultUrl).hostname);
  return new SecretClient(vaultUrl, new DefaultAzureCredential(), {
    redirectOptions: { maxRetries: 0 },
    retryOptions: { maxRetries: 1 },
    ...(isHere && { allowInsecureConnection: true, disableChallengeResourceVerification: true }),
  });
}
