import type { PolicySet } from '@sallyport/core';
import type { PolicyFiles } from '../policies/index.ts';
import { loadPolicySet } from '@sallyport/core';
import { hash } from 'node:crypto';

/** @throws RuntimeFault `invalid_policy` */
export const openPolicies = ({ permissions, cedar }: PolicyFiles): PolicySet =>
  loadPolicySet({ permissions, cedar }, { sha256: (text) => hash('sha256', text, 'hex') });
