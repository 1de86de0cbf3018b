import { each } from '../each.ts';
import { parse } from 'tldts';
import type { Scan } from '../scan.ts';

const localChar = /[\p{L}\p{N}\p{M}.!#$%&'*+/=?^_`{|}~-]/u;
const domainAt =
  /(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.){1,8}(?:[A-Za-z][A-Za-z\d-]{1,62}|\p{L}{2,20})(?![\p{Ll}\p{Lu}\p{N}])/uy;
/** Ends of a local part that belong to what stands before it: quotes, brackets, assignments. */
const notLeading = /^[.'`=&?/|{}!#$^*~]+/;
const assigned = /^.*[=?&/{}|]/;
/** A script without spaces before an ASCII local part is the sentence round it. */
const unspaced = /^.*[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f](?=[\w.+-]+$)/;
const longestLocal = 64;
/** Names that are nobody's address on the public Internet (RFC 2606, 6762) but are in a company's. */
const privateDomains = new Set(['example', 'test', 'invalid', 'local', 'internal', 'corp', 'lan', 'home', 'intranet']);
const spelledAt = /[([{<] ?(?:at|AT|@) ?[)\]}>]/;
const spelled =
  /(?<![\p{L}\p{N}])[\p{L}\p{N}][\p{L}\p{N}._+-]{0,63} ?[([{<] ?(?:at|AT|@) ?[)\]}>] ?[\p{L}\p{N}-]{1,63}(?: ?(?:\.|[([{<] ?(?:dot|DOT|\.) ?[)\]}>]) ?[\p{L}\p{N}-]{1,63}){1,4}/gu;

/** E-mail addresses (RFC 5321, and RFC 6531 for other scripts) whose domain ends in a public suffix. */
export function findEmail(scan: Scan): void {
  const { text } = scan;
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) address(scan, at);
  if (!spelledAt.test(text)) return;
  for (const { 0: found, index } of each(spelled, text)) {
    const domain = found
      .replace(/^[^([{<]*[([{<] ?(?:at|AT|@) ?[)\]}>]/, '')
      .replace(/ ?[([{<] ?(?:dot|DOT|\.) ?[)\]}>] ?/g, '.')
      .replaceAll(' ', '');
    if (parse(domain).isIcann) scan.add('EMAIL', 'email-spelled', 'format', [index, index + found.length]);
  }
}

function address(scan: Scan, at: number): void {
  const { text } = scan;
  domainAt.lastIndex = at + 1;
  const domain = domainAt.exec(text)?.[0];
  if (!domain) return;
  let start = at;
  while (start > 0 && at - start < longestLocal && localChar.test(text[start - 1] as string)) start--;
  let local = text.slice(start, at);
  // What stands in a link or an assignment is cut off: `user=ada@…`, `?to=ada@…`, `'ada@…`.
  const cut = assigned.exec(local)?.[0].length ?? notLeading.exec(local)?.[0].length ?? 0;
  local = local.slice(cut).replace(notLeading, '');
  local = local.replace(unspaced, '');
  start = at - local.length;
  if (local === '' || local.endsWith('.') || local.includes('..')) return;
  const end = at + 1 + domain.length;
  if (namesPlace(scan, start, end) || !isPublic(scan, domain)) return;
  scan.add('EMAIL', 'email', 'checksum', [start, end]);
}

/** Ids of mails and their parts are written like addresses (RFC 5322 section 3.6.4). */
const messageId = /(?:message-id|in-reply-to|references|content-id|msgid|cid)\W{0,4}$/i;

/** `git@host:path` and `scheme://user:password@host` name a place, not a person. */
function namesPlace({ text, field }: Scan, start: number, end: number): boolean {
  if (text[end] === ':' && /^:[~\w.-]{1,64}\//.test(text.slice(end, end + 70))) return true;
  const before = text.slice(Math.max(0, start - 80), start);
  if (messageId.test(before) || messageId.test(field.at(-1) ?? '')) return true;
  return /[a-z][a-z\d+.-]{1,20}:\/\/(?:[^\s/@]{0,60}:)?$/i.test(before) && !/mailto:\/\/$/i.test(before);
}

function isPublic(scan: Scan, domain: string): boolean {
  const { isIcann, domain: registered, publicSuffix } = parse(domain, { allowPrivateDomains: false });
  if (isIcann && registered) return true;
  return scan.named('email') && privateDomains.has(publicSuffix ?? '');
}
