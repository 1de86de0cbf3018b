import type { VouchRule } from './rule.ts';
import { endorsementOf } from '../memory.ts';

/** A value that a person approved for this task is not asked about again. A site approved for sending may be read. */
export const endorsements: VouchRule = {
  rule: 'endorsements',
  vouches({ part, leaf }, { memory, use, on, tool }) {
    if (memory.endorsed.size === 0) return undefined;
    // Who lets sources of the user's choice speak is asked once for a site; who does not, once for reading and once for sending.
    const once = part.kind === 'url' && (use === 'read' || on('delegation'));
    const uses = once ? (['read', 'act'] as const) : ([use] as const);
    const roles = leaf.role === 'target' ? (['target'] as const) : (['target', 'link'] as const);
    const isEndorsed = uses.some((each) =>
      roles.some((role) => memory.endorsed.has(endorsementOf(part, each, role, tool))),
    );
    return isEndorsed ? 'trusted' : undefined;
  },
};
