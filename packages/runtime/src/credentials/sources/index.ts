import type { SecretSource, SourceKind } from '@sallyport/core';
import { envSource } from './env.ts';
import { fileSource } from './file.ts';
import { storedSource } from './stored.ts';
import type { Source, SourceContext } from './source.ts';

export type { Source, SourceContext } from './source.ts';
export { valueSlot } from './stored.ts';

export function openSource(config: SecretSource, context: SourceContext): Source {
  if ('env' in config) return envSource(config.env, context);
  if ('file' in config) return fileSource(config.file, context);
  return storedSource(context);
}

export const kindOfSource = (config: SecretSource): SourceKind => Object.keys(config)[0] as SourceKind;
