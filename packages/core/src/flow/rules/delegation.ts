import type { Field } from '../sources.ts';
import type { Judging, Sought, VouchRule } from './rule.ts';
import { isOfMessage } from '../naming.ts';
import { worth } from './rule.ts';

/**
 * A source that the user named may supply values for the kinds of action that the request mentions; never passwords, keys or
 * what is deleted; never an address, an account, or a link under which something is sent. What a person wrote whom the user
 * named may say what is read; a file or page may not.
 */
export const delegation: VouchRule = {
  rule: 'delegation',
  vouches(sought, judging) {
    if (judging.isGrave || !(judging.isAsked || judging.use === 'read')) return undefined;
    const named = sought.fields.filter((field) => isNamed(field, sought, judging));
    if (named.length === 0) return undefined;
    switch (sought.part.kind) {
      case 'email':
      case 'account':
      case 'phone':
      case 'host':
        return undefined;
      case 'url':
        return judging.use === 'read' && isOfMessages(named, judging) ? 'trusted' : undefined;
      case 'number':
        // What is due stands in the bill, and so does what its writer would like: a sum with a trusted number, or a cap.
        return judging.kinds.has('pay') && !isOfMessages(named, judging) ? undefined : 'trusted';
      case 'flag':
        return undefined;
      case 'id':
        return isOfMessages(named, judging) ? 'trusted' : undefined;
      case 'text':
      case 'path':
      case 'date':
      case 'time':
        return isSecretKey(sought.leaf.key) && !mayLogIn(judging) ? undefined : 'trusted';
    }
  },
};

const isOfMessages = (fields: readonly Field[], { sources }: Judging): boolean =>
  fields.some((field) => isOfMessage(field, sources));

export const isNamed = (field: Field, { part }: Sought, { memory }: Judging): boolean =>
  field.source.role === 'tool' && worth(field, part, memory) === 'named';

/** To use a password that the user pointed to is not to set one. */
const mayLogIn = ({ tool, asked }: Judging): boolean =>
  /log_?in|sign_?in|auth/i.test(tool) && (asked.kinds.has('credential') || asked.words.has('account'));

const isSecretKey = (key: string): boolean => /pass(?:word|phrase|wd)?|secret|token|key|pin$|cvv|otp/i.test(key);
