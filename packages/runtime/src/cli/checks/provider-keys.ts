import type { Check } from './check.ts';
import { isLoopback } from '@sallyport/core';
import { needsConfig, ok, validConfig, warn } from './check.ts';

/** A key that is named but missing makes the configuration invalid; this finds providers for which none is named. */
export const providerKeys: Check = {
  name: 'Provider keys',
  run(context) {
    const config = validConfig(context);
    if (!config) return needsConfig;
    const keyless = Object.entries(config.providers).flatMap(([name, { apiKey, baseUrl }]) =>
      apiKey || isLoopback(new URL(baseUrl).hostname) ? [] : [name],
    );
    const count = Object.keys(config.providers).length;
    if (count === 0 && context.configPath === undefined) return ok('None is configured: the practice model answers.');
    if (count === 0) return warn('No provider is configured.', 'Add one under `providers:`.');
    if (keyless.length === 0) return ok(`All ${count} providers have the key they need.`);
    const [first = ''] = keyless;
    return warn(`Without a key: ${keyless.join(', ')}.`, `Set providers.${first}.apiKey to \${env:NAME}.`);
  },
};
