import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SecretSource } from '@sallyport/core';
import { SourceProblem } from '../unavailable.ts';
import { fieldOf, loadClient, statusOf } from './client.ts';
import type { Source } from './source.ts';

type AwsConfig = Extract<SecretSource, { readonly aws: unknown }>['aws'];

/** AWS Secrets Manager; who we are is found as every AWS client finds it: environment, profile, role of the machine. */
export function awsSource({ region, secretId, field, endpoint }: AwsConfig): Source {
  let client: SecretsManagerClient | undefined;
  return {
    async read(signal) {
      const aws = await loadClient('@aws-sdk/client-secrets-manager', () => import('@aws-sdk/client-secrets-manager'));
      client ??= new aws.SecretsManagerClient({
        region,
        maxAttempts: 2,
        ...(endpoint !== undefined && { endpoint }),
      });
      const asked = new aws.GetSecretValueCommand({ SecretId: secretId });
      const { SecretString, SecretBinary } = await client
        .send(asked, { abortSignal: signal })
        .catch((error: unknown) => {
          throw new SourceProblem(`cannot be read: AWS Secrets Manager answered with ${statusOf(error)}.`);
        });
      const text = SecretString ?? (SecretBinary && Buffer.from(SecretBinary).toString('utf8'));
      if (text === undefined) throw new SourceProblem('cannot be read: AWS Secrets Manager gave no value.');
      return fieldOf(text, field);
    },
  };
}
