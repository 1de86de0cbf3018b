import { Detectors } from '@sallyport/core';
import type { Clock, Config, DetectorConfig } from '@sallyport/core';
import type { OpenDetector } from './detector.ts';
import { httpDetector } from './http.ts';
import { moduleDetector } from './module.ts';

export interface OpenDetectorsOptions {
  /** Relative paths are read from here. */
  readonly folder: string;
  readonly clock: Clock;
}

/**
 * The detectors of `guards.injection`, ready to be asked.
 *
 * @throws RuntimeFault `invalid_config` where one cannot be had: none is passed over silently
 */
export async function openDetectors({ mode, detectors }: Config['guards']['injection'], options: OpenDetectorsOptions) {
  const configs = mode === 'off' ? [] : detectors;
  const opened: { readonly config: DetectorConfig; readonly detector: OpenDetector }[] = [];
  const close = async () => void (await Promise.all(opened.map(({ detector }) => detector.close())));
  try {
    for (const [index, config] of configs.entries())
      opened.push({ config, detector: await open(config, index, options) });
  } catch (error) {
    await close();
    throw error;
  }
  return { detectors: opened.length > 0 ? new Detectors(opened, options.clock) : undefined, close };
}

async function open(config: DetectorConfig, index: number, { folder }: OpenDetectorsOptions): Promise<OpenDetector> {
  if (config.kind === 'http') return httpDetector(config);
  return await moduleDetector(config, { folder, key: `guards.injection.detectors.${index}.path` });
}
