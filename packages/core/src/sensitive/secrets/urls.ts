import type { SensitiveMatch } from '../types.ts';
import { isRandom, isStandIn } from './values.ts';

const userinfo = /([^\s/:@"'<>`]{0,200}):([^\s/"'<>`]{1,200})@(?=[\w[$])/y;
const lone = /([\w.~%+=-]{16,300})@(?=[\w[])/y;
const trivial = /^(?:password|passwd|pass|pwd|secret|token|test|user|admin|x+|\*+|p|pw|changeme|change_me|changeit)$/i;

/** What examples and local set-ups have in a password's place. */
export function isTrivial(password: string): boolean {
  return trivial.test(password);
}

/** The password of `scheme://user:password@host` (RFC 3986, section 3.2.1), given where `://` ends. */
export function urlCredentialsAt(text: string, index: number): SensitiveMatch | undefined {
  userinfo.lastIndex = index;
  const pair = userinfo.exec(text);
  if (pair) {
    const password = pair[2]!;
    if (password.length < 4 || isTrivial(password) || isStandIn(password)) return undefined;
    const start = index + pair[1]!.length + 1;
    return { type: 'PASSWORD', start, end: start + password.length, rule: 'url-password', certainty: 'format' };
  }
  lone.lastIndex = index;
  const token = lone.exec(text)?.[1];
  if (token === undefined || !isRandom(token, 16) || isStandIn(token)) return undefined;
  return { type: 'URL_CREDENTIALS', start: index, end: index + token.length, rule: 'url-token', certainty: 'format' };
}

const signature = /[\w%+/=~-]{20,600}/y;

/** The signature of a signed URL (`sig=`, `X-Amz-Signature=`): whoever has it has what the URL names. */
export function signatureAt(text: string, nameAt: number, valueAt: number): SensitiveMatch | undefined {
  let start = nameAt;
  while (start > 0 && nameAt - start < 30 && /[\w-]/.test(text[start - 1]!)) start--;
  if (!/[?&;]/.test(text[start - 1] ?? '')) return undefined;
  signature.lastIndex = valueAt;
  if (!signature.test(text) || isStandIn(text.slice(valueAt, signature.lastIndex))) return undefined;
  return { type: 'URL_CREDENTIALS', start: valueAt, end: signature.lastIndex, rule: 'signed-url', certainty: 'format' };
}
