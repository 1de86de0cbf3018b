import type { Check } from './check.ts';
import { asFault } from '@sallyport/core';
import { fail, ok, warn } from './check.ts';
import { openPolicies, readPolicyFolder } from '../policies.ts';

export const policies: Check = {
  name: 'Policies',
  async run({ policyDir }) {
    if (policyDir === undefined) return warn('Not checked.', 'Correct the configuration first.');
    const folder = await readPolicyFolder(policyDir).catch(() => undefined);
    if (!folder) return ok(`${policyDir} will be made on the first start.`);
    if (!folder.permissions && folder.cedar.length === 0) {
      return warn(`${policyDir} holds no policies, so everything is denied.`, 'Add a permissions.yaml.');
    }
    try {
      const rules = openPolicies(folder)
        .describe()
        .sources.reduce((sum, source) => sum + source.rules, 0);
      return ok(`${policyDir} is valid: ${rules} rules.`);
    } catch (error) {
      return fail(asFault(error).detail ?? String(error), `Correct the named lines in ${policyDir}.`);
    }
  },
};
