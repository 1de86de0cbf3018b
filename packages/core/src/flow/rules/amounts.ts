import type { VouchRule } from './rule.ts';
import { atLeast } from '../labels.ts';
import { covers } from '../leaves.ts';

/** An amount up to the manifest's cap is free, but only when everything that says who gets it is trusted. */
export const amounts: VouchRule = {
  rule: 'amounts',
  vouches({ part, leaf }, { manifest, recipient, isAsked }) {
    if (part.kind !== 'number' || !isAsked) return undefined;
    const cap = Object.entries(manifest.caps).find(([path]) => covers(path, leaf.pattern))?.[1];
    if (cap === undefined || Math.abs(Number(part.value)) > cap) return undefined;
    return atLeast(recipient(), 'trusted') ? 'trusted' : undefined;
  },
};
