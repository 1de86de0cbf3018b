import type { VouchRule } from './rule.ts';

/** A one-time code is covered by the decision on the operation it releases, and releases only what this session queued. */
export const confirmations: VouchRule = {
  rule: 'confirmations',
  vouches(_, { manifest, memory }) {
    return manifest.confirms.some((tool) => (memory.queued.get(tool) ?? 0) > 0) ? 'trusted' : undefined;
  },
};
