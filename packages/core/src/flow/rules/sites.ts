import { getDomain } from 'tldts';
import type { Field } from '../sources.ts';
import type { Judging, VouchRule } from './rule.ts';
import { atLeast } from '../labels.ts';
import { isOfMessage } from '../naming.ts';
import { isUsers, worth } from './rule.ts';
import { bareHostName, readUrl, scan } from '../typed.ts';
import { fold } from '../text.ts';

/**
 * A page of a site that the user or trusted text named may be read; what is sent goes only to a site that the user named
 * himself. An address inside the address (a redirect) needs the same.
 */
export const sites: VouchRule = {
  rule: 'sites',
  vouches({ part }, judging) {
    if (part.kind !== 'url' || part.host === undefined || part.value.includes('@')) return undefined;
    const hosts = [part.host, ...innerHosts(part.value)];
    return hosts.every((host) => isKnown(host, judging)) ? 'trusted' : undefined;
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

/** A host and those above it, down to two labels: who names `acme.example` means `docs.acme.example` as well. */
function parents(host: string): string[] {
  if (/^[\d.]+$|:/.test(host)) return [host];
  // Under a public suffix (`co.uk`, `github.io`) anyone can have a name: to name one is not to name the others.
  const site = getDomain(host, { allowPrivateDomains: true });
  const names = [host];
  for (let name = host; site !== null && name !== site && name.includes('.'); names.push(name))
    name = name.slice(name.indexOf('.') + 1);
  return names;
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
  );
  const hosts = found.filter(({ kind }) => kind === 'host').map(({ value }) => value);
  const schemeless = [...rest.matchAll(/[=/]\/\/([^/?#&\s]+)/g)].map(
    ([, host = '']) => readUrl(host)?.host ?? bareHostName(host),
  );
  return [...new Set([...hosts, ...schemeless])];
}
