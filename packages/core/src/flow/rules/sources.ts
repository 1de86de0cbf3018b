import type { VouchRule } from './rule.ts';
import { isOfMessage } from '../naming.ts';
import { isNamed } from './delegation.ts';

/**
 * For whoever would rather trust than be asked: a named file or page may also say how much is paid, and a message of a person
 * whom the user named, whom to write to and where to send. Never an account, a password, a key or what is deleted.
 */
export const sources: VouchRule = {
  rule: 'sources',
  vouches(sought, judging) {
    if (judging.isGrave || !(judging.isAsked || judging.use === 'read')) return undefined;
    const named = sought.fields.filter((field) => isNamed(field, sought, judging));
    if (named.length === 0) return undefined;
    const { kind } = sought.part;
    const isMessage = named.some((field) => isOfMessage(field, judging.sources));
    const may = kind === 'number' || (isMessage && (kind === 'url' || kind === 'email'));
    return may ? 'trusted' : undefined;
  },
};
