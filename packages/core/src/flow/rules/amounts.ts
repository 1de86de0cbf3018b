import type { VouchRule } from './rule.ts';
import { atLeast } from '../labels.ts';
import { covers } from '../leaves.ts';

/**
 * Amounts up to the manifest's cap, added up over the session, are free, but only when everything that says who gets them is
 * trusted.
 */
export const amounts: VouchRule = {
  rule: 'amounts',
  vouches({ part, leaf }, { tool, manifest, memory, recipient, isAsked }) {
    if (part.kind !== 'number' || !isAsked) return undefined;
    const cap = Object.entries(manifest.caps).find(([path]) => covers(path, leaf.pattern))?.[1];
    const spent = memory.spent.get(`${tool} ${leaf.pattern}`) ?? 0;
    if (cap === undefined || spent + Math.abs(Number(part.value)) > cap) return undefined;
    return atLeast(recipient(), 'trusted') ? 'trusted' : undefined;
  },
};
