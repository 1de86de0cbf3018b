import type { Field } from '../sources.ts';
import type { VouchRule } from './rule.ts';
import { isEchoed, isOwnLookup, reaching } from './rule.ts';
import { isRecordNamed } from '../naming.ts';

/**
 * The agent's own look-up vouches for the layout of what it found (ids, names, dates, numbers), if no word of the query came
 * from untrusted text alone and the user asked for this kind of action. For an address, an account or a link only in a record
 * that the user named: anyone can have a record in a mailbox.
 */
export const lookups: VouchRule = {
  rule: 'lookups',
  vouches({ part, fields }, judging) {
    if (!judging.isAsked || judging.isGrave) return undefined;
    // What is run is no fact that a listing holds: whoever wrote a subject would write a program.
    if (part.kind === 'text' && judging.kinds.has('execute') && /\s/.test(part.value)) return undefined;
    const own = fields.filter((field) => isOwnLookup(field) && !isEchoed(field, part, judging.memory));
    const fitting = own.filter((field) => {
      if (reaching.has(part.kind)) return isRecordNamed(field, judging.sources, judging.memory.names);
      // A number in a subject is part of what somebody wrote; one that fills its field is data.
      return part.kind === 'text' || part.kind === 'id' ? field.text === part.value : isData(field);
    });
    return fitting.length > 0 ? 'trusted' : undefined;
  },
};

const isData = ({ text }: Field): boolean =>
  text.length <= 40 && text.replace(/\b(?:usd|eur|gbp|am|pm|utc|gmt|t|z)\b/g, '').search(/\p{L}{2}/u) === -1;
