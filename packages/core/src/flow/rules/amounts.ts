import type { VouchRule } from './rule.ts';
import { atLeast } from '../labels.ts';
import { canonicalNumber } from '../typed.ts';
import { covers } from '../leaves.ts';

/**
 * Amounts up to the manifest's cap, added up over the session, are free, but only when everything that says who gets them is
 * trusted.
 */
export const amounts: VouchRule = {
  rule: 'amounts',
  vouches({ part, leaf }, { tool, manifest, memory, recipient, isAsked, leaves }) {
    if (part.kind !== 'number' || !isAsked) return undefined;
    const cap = Object.entries(manifest.caps).find(([path]) => covers(path, leaf.pattern))?.[1];
    const spent = memory.spent.get(`${tool} ${leaf.pattern}`) ?? 0;
    // One call may carry many: together they are one amount.
    const here = leaves
      .filter(({ pattern }) => pattern === leaf.pattern)
      .reduce((sum, { value }) => sum + Math.abs(Number(canonicalNumber(String(value)) ?? Infinity)), 0);
    if (cap === undefined || spent + here > cap) return undefined;
    return atLeast(recipient(), 'trusted') ? 'trusted' : undefined;
  },
};
