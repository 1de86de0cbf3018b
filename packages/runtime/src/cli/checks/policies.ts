import type { Check } from './check.ts';
import { RuntimeFault } from '@sallyport/core';
import { fail, ok, warn } from './check.ts';
import { openPolicies } from '../policies.ts';
import { readPolicyFolder } from '../../policies/index.ts';

export const policies: Check = {
  name: 'Policies',
  async run({ policyDir }) {
    if (policyDir === undefined) return warn('Not checked.', 'Correct the configuration first.');
    try {
      const folder = await readPolicyFolder(policyDir);
      if (!folder.permissions && folder.cedar.length === 0) {
        return warn(`${policyDir} holds no policies, so everything is denied.`, 'Add a permissions.yaml.');
      }
      const { sources } = openPolicies(folder).describe();
      return ok(`${policyDir} is valid: ${sources.reduce((sum, source) => sum + source.rules, 0)} rules.`);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
        return ok(`${policyDir} will be made on the first start.`);
      }
      const why = error instanceof RuntimeFault ? error.message : String(error);
      return fail(why, `Correct what is named, in ${policyDir}.`);
    }
  },
};
