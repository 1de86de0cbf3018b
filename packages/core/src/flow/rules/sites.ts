import { getDomain } from 'tldts';
import type { Field } from '../sources.ts';
import type { Judging, VouchRule } from './rule.ts';
import { atLeast } from '../labels.ts';
import { isOfMessage } from '../naming.ts';
import { isUsers, worth } from './rule.ts';
import { bareHostName, readUrl, scan } from '../typed.ts';
import { fold, wordsOf } from '../text.ts';

/**
 * A page of a site that the user or trusted text named may be read; what is sent goes only to a site that the user named
 * himself. An address inside the address (a redirect) needs the same.
 */
export const sites: VouchRule = {
  rule: 'sites',
  vouches({ part, fields }, judging) {
    if (part.kind !== 'url' || part.host === undefined || part.value.includes('@')) return undefined;
    const { host } = part;
    const hosts = [host, ...innerHosts(part.value)];
    if (!hosts.every((each) => isKnown(each, judging))) return undefined;
    const isOwn =
      fields.length === 0 ? carriesNothing(part.value, judging) : fields.some((field) => isOfSite(field, host));
    return isOwn && !acts(part.value, judging) ? 'trusted' : undefined;
  },
};

function isKnown(host: string, judging: Judging): boolean {
  const { sources, memory, use, on } = judging;
  const believed = (field: Field): boolean => {
    if (isUsers(field)) return true;
    if (use !== 'read') return false;
    const value = worth(field, { kind: 'host', value: host }, memory);
    // A person whom the user named may say what is read, and so the pages beside it.
    return atLeast(value, 'trusted') || (on('delegation') && value === 'named' && isOfMessage(field, sources));
  };
  return parents(host).some((name) => sources.typed('host', name).some(believed));
}

/** Linked from a page of the same site, or by the user: a stranger's link into a site that many share is a stranger's choice. */
const isOfSite = ({ source, integrity }: Field, host: string): boolean =>
  atLeast(integrity, 'named') ||
  (source.sites?.some((site) => parents(host).includes(site) || parents(site).includes(host)) ?? false);

/** An address that the model made up may carry the user's words, and nothing that was read elsewhere. */
const carriesNothing = (address: string, { sources }: Judging): boolean =>
  wordsOf(fold(address.slice(address.indexOf('?') + 1 || address.length))).every(
    (word) => word.length < 3 || !sources.has(word) || sources.someWith(word, isUsers),
  );

/** Some pages act when they are read. Words that say so must be the user's. */
const acting =
  /(?:^|[/?&=_.-])(delete|remove|close|cancel|confirm|unsubscribe|deactivate|revoke|approve|accept|checkout|logout|reset|disable|grant|transfer)(?=$|[/?&=_.-])/g;
const acts = (address: string, { asked }: Judging): boolean =>
  [...address.matchAll(acting)].some(([, word = '']) => !asked.words.has(word));

/** A host and those above it, down to two labels: who names `acme.example` means `docs.acme.example` as well. */
function parents(host: string): string[] {
  if (/^[\d.]+$|:/.test(host)) return [host];
  // Under a public suffix (`co.uk`, `github.io`) anyone can have a name: to name one is not to name the others.
  const site = getDomain(host, { allowPrivateDomains: true });
  if (site === null) return [host];
  const above = host.slice(0, -site.length).split('.').filter(Boolean);
  return [...above.map((_, index) => [...above.slice(index), site].join('.')), site];
}

/** Hosts that stand in an address behind its own, percent-encoding undone. */
function innerHosts(address: string): string[] {
  const cut = address.search(/[/?#]/);
  if (cut === -1) return [];
  let rest = address.slice(cut);
  for (let round = 0; round < 3 && rest.includes('%'); round++) {
    try {
      rest = decodeURIComponent(rest);
    } catch {
      break;
    }
  }
  const inQuery = rest.slice(Math.max(0, rest.indexOf('?'))).replace(/[=&]/g, ' ');
  const found = scan(
    fold(`${/\w+:\/\//.test(rest) ? rest.slice(rest.search(/\w+:\/\//)) : ''} ${rest.includes('?') ? inQuery : ''}`),
    ['host'],
  );
  const hosts = found.map(({ value }) => value);
  const schemeless = [...rest.matchAll(/[=/]\/\/([^/?#&\s]+)/g)].map(
    ([, host = '']) => readUrl(host)?.host ?? bareHostName(host),
  );
  return [...new Set([...hosts, ...schemeless])];
}
