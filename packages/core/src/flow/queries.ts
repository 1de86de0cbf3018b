import type { Integrity } from './labels.ts';
import type { JsonObject } from '../events.ts';
import type { Known } from './results.ts';
import type { Sources, SourceText } from './sources.ts';
import { atLeast } from './labels.ts';
import { endorsementOf } from './memory.ts';
import { findPart } from './match.ts';
import { fold, wordsOf } from './text.ts';
import { leavesOf } from './leaves.ts';
import { partsOf } from './parts.ts';
import { readUrl } from './typed.ts';
import { unknownManifest, type Manifest } from './manifest.ts';

/** Read by a call whose target the user gave: a path, an address, a site, a name. */
export function isNamedRead(args: JsonObject, tool: string, known: Known): boolean {
  const { sources, memory } = known;
  const isShort = (text: string): boolean => !/[\s@._\d/-]/.test(text);
  const strangers = isStrangersQuery(args, unknownManifest, known);
  return leavesOf(args, unknownManifest).some((leaf) => {
    const parts = partsOf(leaf);
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
export function isCleanQuery(args: JsonObject, manifest: Manifest, tool: string, { sources }: Known): boolean {
  return leavesOf(args, manifest).every((leaf) => {
    if (typeof leaf.value === 'boolean' || leaf.value === '') return true;
    const parts = partsOf(leaf);
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
    return wordsOf(fold(String(leaf.value))).every((word) => {
      const seen = sources.word(word);
      return seen.length === 0 || seen.some(isBelievable);
    });
  });
}

const isBelievable = (field: {
  readonly integrity: Integrity;
  readonly structural: boolean;
  readonly source: SourceText;
}): boolean =>
  atLeast(field.integrity, 'trusted') || (field.structural && field.source.lookup && field.source.cleanQuery);

/** A word of the query stands in text of strangers alone, not even of those whom the user named. */
export const isStrangersQuery = (args: JsonObject, manifest: Manifest, { sources }: Known): boolean =>
  leavesOf(args, manifest).some(({ value }) =>
    wordsOf(fold(String(value))).some((word) => {
      const seen = sources.word(word);
      return (
        word.length > 1 &&
        seen.length > 0 &&
        !seen.some((field) => atLeast(field.integrity, 'named') || isBelievable(field))
      );
    }),
  );

/** Hosts that a call names. */
export const sitesIn = (args: JsonObject): string[] =>
  leavesOf(args, unknownManifest).flatMap((leaf) =>
    (partsOf(leaf) ?? []).flatMap(({ host }) => (host === undefined ? [] : [host])),
  );
