import type { SecretSource, SourceKind } from '@sallyport/core';
import { awsSource } from './aws.ts';
import { azureSource } from './azure.ts';
import { envSource } from './env.ts';
import { fileSource } from './file.ts';
import { gcpSource } from './gcp.ts';
import { storedSource } from './stored.ts';
import { vaultSource } from './vault.ts';
import type { Source, SourceContext } from './source.ts';

export type { Source, SourceContext } from './source.ts';
export { valueSlot } from './stored.ts';

export function openSource(config: SecretSource, context: SourceContext): Source {
  if ('env' in config) return envSource(config.env, context);
  if ('file' in config) return fileSource(config.file, context);
  if ('vault' in config) return vaultSource(config.vault, context);
  if ('aws' in config) return awsSource(config.aws);
  if ('gcp' in config) return gcpSource(config.gcp);
  if ('azure' in config) return azureSource(config.azure);
  return storedSource(context);
}

export const kindOfSource = (config: SecretSource): SourceKind => Object.keys(config)[0] as SourceKind;
