import type { Check } from './check.ts';
import { fail, ok } from './check.ts';

export const config: Check = {
  name: 'Configuration',
  run: ({ config: found, configPath }) =>
    'problem' in found
      ? fail(found.problem, `Correct the named keys in ${configPath ?? 'the configuration'}.`)
      : ok(configPath === undefined ? 'No file: the defaults are used.' : `${configPath} is valid.`),
};
