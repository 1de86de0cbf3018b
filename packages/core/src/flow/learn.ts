import type { Integrity, Label } from './labels.ts';
import type { JsonObject } from '../events.ts';
import type { FlowRule } from './provenance.ts';
import { unknownManifest, type Manifest } from './manifest.ts';
import type { Memory } from './memory.ts';
import { endorsementOf } from './memory.ts';
import type { NewField, Sources, SourceText } from './sources.ts';
import { atLeast, lower } from './labels.ts';
import { covers, leavesOf } from './leaves.ts';
import { findPart } from './match.ts';
import { fold, wordsOf } from './text.ts';
import { isStructural, readRecords, type RecordField } from './records.ts';
import { isUsersText } from './users.ts';
import { partsOf } from './parts.ts';
import { readUrl, scan } from './typed.ts';

/** A result as it is learned. */
export interface LearnedResult {
  readonly tool: string;
  readonly callId: string;
  readonly args: JsonObject;
  readonly text: string;
}

/** The source that a result is, and its fields, judged by what was known before it. */
export function resultSource(
  { tool, callId, args, text }: LearnedResult,
  manifest: Manifest,
  sources: Sources,
  memory: Memory,
  rules: ReadonlySet<FlowRule>,
): { source: Omit<SourceText, 'id'>; fields: NewField[] } {
  const { trust, format } = manifest.results;
  const records = format === 'records' || trust === 'trusted' ? readRecords(text) : undefined;
  const named = trust === 'untrusted' && (memory.approvedCalls.has(callId) || isNamedRead(args, tool, sources, memory));
  // What a call made of values that nobody vouches for is worth no more, and so is its name: a draft, say.
  const handed = memory.tainted.has(callId);
  const source = {
    role: 'tool' as const,
    tool,
    bytes: text.length,
    integrity:
      trust === 'trusted' && !handed ? ('trusted' as const) : named ? ('named' as const) : ('untrusted' as const),
    cleanQuery: isCleanQuery(args, manifest, tool, sources),
    lookup: manifest.effect === 'read' && format === 'records',
    strangersQuery: isStrangersQuery(args, manifest, sources),
    sites: sitesIn(args),
  };
  if (!records)
    return {
      source,
      fields: [
        {
          path: '',
          key: '',
          record: '',
          structural: trust === 'trusted' && text.length < 200,
          integrity: source.integrity,
          labels: manifest.results.labels,
          raw: text,
        },
      ],
    };
  const namedRecords =
    trust === 'untrusted' ? recordsByNamedSender(records, sources, memory, rules) : new Set<string>();
  const writtenRecords = recordsWritten(records, memory);
  return {
    source,
    fields: records.map((field): NewField => {
      const isOfWritten = writtenRecords.has(field.record);
      const whole =
        namedRecords.has(field.record) && !othersKey.test(field.key)
          ? 'named'
          : source.lookup && named && !memory.approvedCalls.has(callId)
            ? 'untrusted'
            : source.integrity;
      return {
        path: field.path,
        key: field.key,
        record: field.record,
        structural: isStructural(field) && !isOfWritten && !handed,
        integrity: isOfWritten || handed ? lower(whole, 'untrusted') : trustOf(field.path, manifest, whole),
        labels: labelsOf(field.path, manifest),
        raw: field.text,
      };
    }),
  };
}

const pattern = (path: string): string =>
  path
    .replace(/\[\d+\]/g, '.*')
    .replace(/^\.\*\.?/, '*.')
    .replace(/^\*\.$/, '*');

function trustOf(path: string, { results }: Manifest, whole: Integrity): Integrity {
  const here = pattern(path);
  const said = Object.entries(results.fields).find(
    ([field]) => covers(field, here) || covers(field, here.replace(/^\*\./, '')),
  );
  return said ? said[1] : whole;
}

function labelsOf(path: string, { results }: Manifest): readonly Label[] {
  const here = pattern(path);
  const said = Object.entries(results.fieldLabels).filter(
    ([field]) => covers(field, here) || covers(field, here.replace(/^\*\./, '')),
  );
  return said.length === 0
    ? results.labels
    : [...new Set([...results.labels, ...said.flatMap(([, labels]) => labels)])];
}

/** Read by a call whose target the user gave: a path, an address, a site, a name. */
function isNamedRead(args: JsonObject, tool: string, sources: Sources, memory: Memory): boolean {
  return leavesOf(args, unknownManifest).some((leaf) => {
    const parts = partsOf(leaf);
    if (!parts || parts.length === 0 || leaf.value === '') return false;
    return parts.every((part) => {
      if (part.kind === 'number' || part.kind === 'date' || part.kind === 'time') return false;
      if (part.kind === 'url' && part.host !== undefined) {
        if ((['read', 'act'] as const).some((use) => memory.endorsed.has(endorsementOf(part, use, 'target'))))
          return true;
        return (
          !part.value.includes('@') &&
          sources
            .typed('host', part.host)
            .some(({ source, integrity }) => source.role === 'user' && integrity === 'user')
        );
      }
      if (part.kind === 'path' && isUnderUsersFolder(part.value, sources)) return true;
      if (part.kind === 'text' && part.value.length < 4) return false;
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

/** Records whose sender the user named by address, or whose unique title stands in the request. */
function recordsByNamedSender(
  records: readonly RecordField[],
  sources: Sources,
  memory: Memory,
  rules: ReadonlySet<FlowRule>,
): Set<string> {
  const named = new Set<string>();
  const titles = new Map<string, number>();
  for (const { key, text } of records)
    if (titleKey.test(key)) titles.set(fold(text), (titles.get(fold(text)) ?? 0) + 1);
  for (const { key, text, record } of records) {
    const value = fold(text);
    const isHandle = senderKey.test(key) && memory.names.has(value);
    const isAddress = senderKey.test(key) && value.includes('@');
    const isSole = rules.has('senders') && isAddress && isOnlyPerson(value, records, sources, memory);
    if (isHandle || isSole || (isAddress && isUsersText(value, sources))) named.add(record);
    if (titleKey.test(key) && value.length >= 8 && titles.get(value) === 1 && isUsersText(value, sources))
      named.add(record);
  }
  return named;
}
const senderKey = /^(?:sender|from|author)$/i;
const titleKey = /^(?:subject|title|file_?name)$/i;
/** Parts of a record that others than its author wrote. */
const othersKey = /^(?:reviews?|comments?|repl(?:y|ies)|answers?|feedback|reactions?)$/i;

const namesIn = (address: string): string[] => address.slice(0, address.indexOf('@')).match(/\p{L}{3,}/gu) ?? [];

/** "Bob sent me an email": one sender in sight whose address holds the name, and nobody else's does. */
function isOnlyPerson(address: string, records: readonly RecordField[], sources: Sources, memory: Memory): boolean {
  const names = namesIn(address).filter((name) => memory.names.has(name));
  if (names.length === 0) return false;
  const senders = new Set(records.filter(({ key }) => senderKey.test(key)).map(({ text }) => fold(text)));
  const before = names.flatMap((name) =>
    sources
      .word(name)
      .flatMap(({ typed }) =>
        typed
          .filter(({ kind, value }) => kind === 'email' && value.slice(0, value.indexOf('@')).includes(name))
          .map(({ value }) => value),
      ),
  );
  return [...senders, ...before].every(
    (other) => other === address || !names.some((name) => namesIn(other).includes(name)),
  );
}

/** No word of the query stands in untrusted text alone: otherwise the look-up was a stranger's. */
function isCleanQuery(args: JsonObject, manifest: Manifest, tool: string, sources: Sources): boolean {
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
const isStrangersQuery = (args: JsonObject, manifest: Manifest, sources: Sources): boolean =>
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

const sitesIn = (args: JsonObject): string[] =>
  leavesOf(args, unknownManifest).flatMap((leaf) =>
    (partsOf(leaf) ?? []).flatMap(({ host }) => (host === undefined ? [] : [host])),
  );

/** Records that hold a value which a call of this session wrote without its being believed: theirs is the taint of the call. */
function recordsWritten(records: readonly RecordField[], memory: Memory): Set<string> {
  const written = new Set<string>();
  if (memory.written.size === 0) return written;
  for (const { record, text } of records) {
    const reaches = scan(fold(text)).some(
      ({ kind, value }) =>
        (kind === 'email' || kind === 'url' || kind === 'account') && memory.written.has(`${kind}:${value}`),
    );
    if (reaches) written.add(record);
  }
  return written;
}
