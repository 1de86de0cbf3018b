import type { Field, Sources } from './sources.ts';
import type { Known } from './results.ts';
import type { Leaf } from './leaves.ts';
import { atLeast } from './labels.ts';
import { endorsementOf } from './memory.ts';
import { findPart } from './match.ts';
import { readUrl } from './typed.ts';
import { wordsOf } from './text.ts';

/**
 * Read by a call whose target the user gave: a path, an address, a site, a name.
 *
 * @param strangers see `isStrangersQuery`
 */
export function isNamedRead(leaves: readonly Leaf[], tool: string, strangers: boolean, known: Known): boolean {
  const { sources, memory } = known;
  const isShort = (text: string): boolean => !/[\s@._\d/-]/.test(text);
  return leaves.some((leaf) => {
    const { parts } = leaf;
    if (!parts || parts.length === 0 || leaf.value === '') return false;
    return parts.every((part) => {
      if (part.kind === 'number' || part.kind === 'date' || part.kind === 'time') return false;
      if (part.kind === 'url' && part.host !== undefined) {
        if ((['read', 'act'] as const).some((use) => memory.endorsed.has(endorsementOf(part, use, 'target', tool))))
          return true;
        return (
          !part.value.includes('@') &&
          sources
            .typed('host', part.host)
            .some(({ source, integrity }) => source.role === 'user' && integrity === 'user')
        );
      }
      if (part.kind === 'path' && isUnderUsersFolder(part.value, sources)) return true;
      // One word of the user's beside a stranger's path names nothing.
      if (part.kind === 'text' && (part.value.length < 4 || (strangers && isShort(part.value)))) return false;
      return findPart(part, leaf.key, tool, sources).some(
        ({ source, integrity }) => source.role === 'user' && integrity === 'user',
      );
    });
  });
}

/** "You find it at /user/info": what lies there was named as well, but not what lies in a folder of the whole machine. */
function isUnderUsersFolder(path: string, sources: Sources): boolean {
  const parent = path.slice(0, path.lastIndexOf('/'));
  if (parent.split('/').length < 3) return false;
  return sources.typed('path', parent).some(({ source, integrity }) => source.role === 'user' && integrity === 'user');
}

/** No word of the query stands in untrusted text alone: otherwise the look-up was a stranger's. */
export function isCleanQuery(leaves: readonly Leaf[], tool: string, { sources }: Known): boolean {
  return leaves.every((leaf) => {
    if (typeof leaf.value === 'boolean' || leaf.value === '') return true;
    const { parts } = leaf;
    if (!parts) return false;
    const believed = parts.every((part) => findPart(part, leaf.key, tool, sources).some(isBelievable));
    if (believed) return true;
    if (parts.some(({ kind }) => kind === 'url'))
      return (
        readUrl(String(leaf.value)) !== undefined &&
        parts.every(
          ({ host = '' }) => sources.typed('host', host).length === 0 || sources.typed('host', host).some(isBelievable),
        )
      );
    return wordsOf(leaf.text).every((word) => !sources.has(word) || sources.someWith(word, isBelievable));
  });
}

const isBelievable = (field: Field): boolean =>
  atLeast(field.integrity, 'trusted') || (field.structural && field.source.lookup && field.source.cleanQuery);

/** A word of the query stands in text of strangers alone, not even of those whom the user named. */
export const isStrangersQuery = (leaves: readonly Leaf[], { sources }: Known): boolean =>
  leaves.some(({ text }) =>
    wordsOf(text).some((word) => word.length > 1 && sources.has(word) && !sources.someWith(word, isNamedOrBelievable)),
  );

const isNamedOrBelievable = (field: Field): boolean => atLeast(field.integrity, 'named') || isBelievable(field);

/** Hosts that a call names. */
export function sitesIn(leaves: readonly Leaf[]): string[] {
  const sites: string[] = [];
  for (const { parts = [] } of leaves) for (const { host } of parts) if (host !== undefined) sites.push(host);
  return sites;
}
