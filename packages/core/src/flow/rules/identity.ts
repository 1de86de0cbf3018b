import type { VouchRule } from './rule.ts';
import { fold } from '../text.ts';

/**
 * The user's own addresses are facts of the session: the id that the session was opened with, and an address whose local
 * part is the user's full name as the operator's prompt gives it, where it stands in the user's own data or in what the user
 * named; not when two such addresses are in sight.
 */
export const identity: VouchRule = {
  rule: 'identity',
  vouches({ part, fields }, { userId, memory }) {
    if (part.kind !== 'email') return undefined;
    if (fold(userId) === part.value) return 'trusted';
    const names = part.value.slice(0, part.value.indexOf('@')).match(/\p{L}{2,}/gu) ?? [];
    if (names.length < 2) return undefined;
    const isNamed = names.length === 2 && memory.fullNames.has(names.join(' '));
    const rivals = names.map((name) => memory.people.get(name) ?? new Set<string>());
    const fits = [...(rivals[0] ?? [])].filter((address) => rivals.every((others) => others.has(address)));
    const inOwnData = fields.some(
      ({ structural, source, key, integrity }) =>
        (structural && source.lookup && ownKeys.test(key)) || (integrity === 'named' && source.role === 'tool'),
    );
    return isNamed && inOwnData && fits.length === 1 ? 'trusted' : undefined;
  },
};

/** Where the owner of a mailbox or calendar stands. */
const ownKeys = /^(?:recipients?|to|participants?|attendees?|owner|members?|shared_with|email)$/i;
