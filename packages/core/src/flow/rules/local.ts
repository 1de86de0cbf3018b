import type { VouchRule } from './rule.ts';
import { isSensitivePath } from './derived.ts';

/** Where a fetched file is put is no one's business until something leaves, but for places that open other doors. */
export const local: VouchRule = {
  rule: 'local',
  vouches({ part }, { use, manifest }) {
    if (part.kind !== 'path' || !(use === 'read' || manifest.local)) return undefined;
    return isSensitivePath(part.value) || part.value.includes('..') ? undefined : 'trusted';
  },
};
