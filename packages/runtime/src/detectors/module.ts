import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RuntimeFault } from '@sallyport/core';
import type { InjectionDetector, ModuleDetectorConfig } from '@sallyport/core';
import type { OpenDetector } from './detector.ts';

/**
 * A detector that the operator wrote. It runs in this process, with all its rights.
 *
 * @throws RuntimeFault `invalid_config` where the module does not load or exports no `detect`
 */
export async function moduleDetector(
  { name, path }: ModuleDetectorConfig,
  { folder, key }: { readonly folder: string; readonly key: string },
): Promise<OpenDetector> {
  const refuse = (why: string, cause?: unknown) =>
    new RuntimeFault('invalid_config', { path: key, detail: `${key}: the module of detector ${name} ${why}`, cause });
  const file = resolve(folder, path);
  let loaded: { readonly detect?: unknown };
  try {
    loaded = (await import(pathToFileURL(file).href)) as typeof loaded;
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : 'it threw something that is no Error';
    throw refuse(`does not load: ${why}`, error);
  }
  const { detect } = loaded;
  if (typeof detect !== 'function') {
    throw refuse('exports no function `detect(text, { source, signal })` that resolves to { score }');
  }
  return { detect: detect as InjectionDetector['detect'], close: async () => undefined };
}
