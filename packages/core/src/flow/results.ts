import type { FlowRule } from './provenance.ts';
import type { Integrity, Label } from './labels.ts';
import type { Leaf } from './leaves.ts';
import type { Manifest } from './manifest.ts';
import type { Memory } from './memory.ts';
import type { NewField, Sources, SourceText } from './sources.ts';
import { covers } from './leaves.ts';
import { isCleanQuery, isNamedRead, isStrangersQuery, sitesIn } from './queries.ts';
import { fold } from './text.ts';
import { isStructural, readRecords, type RecordField } from './records.ts';
import { namedRecords, recordsWritten } from './senders.ts';

/** A result as it is learned. */
export interface LearnedResult {
  readonly tool: string;
  readonly callId: string;
  /** Of the call's arguments. */
  readonly leaves: readonly Leaf[];
  readonly text: string;
  /** It looked like an attack, so nobody's word makes it better than strangers'. */
  readonly distrusted?: true | undefined;
  /** It is told of a call that was decided under another id, as the agent heard of it: on another surface, say. */
  readonly isRetold: boolean;
}

/** What is known before a result is read, by which it is judged. */
export interface Known {
  readonly sources: Sources;
  readonly memory: Memory;
  readonly rules: ReadonlySet<FlowRule>;
}

/** The source that a result is, and its fields. */
export function resultSource(
  result: LearnedResult,
  manifest: Manifest,
  known: Known,
): { source: Omit<SourceText, 'id'>; fields: NewField[] } {
  const { tool, callId, leaves, text, isRetold } = result;
  const { memory } = known;
  const { format, labels } = manifest.results;
  // Of which call something is retold nobody knows: guards may have changed what was called, and what came back.
  const distrusted = result.distrusted === true || (isRetold && memory.doubted.has(tool));
  const trust = distrusted ? 'untrusted' : manifest.results.trust;
  const strangersQuery = isStrangersQuery(leaves, known);
  const isNamed =
    !distrusted &&
    trust === 'untrusted' &&
    (memory.approvedCalls.has(callId) || isNamedRead(leaves, tool, strangersQuery, known));
  // What a call made of values that nobody vouches for is worth no more, and so is its name: a draft, say.
  const isTainted = distrusted || memory.tainted.has(callId);
  const believed = isNamed ? 'named' : 'untrusted';
  const source: Omit<SourceText, 'id'> = {
    role: 'tool',
    tool,
    bytes: text.length,
    integrity: trust === 'trusted' && !isTainted ? 'trusted' : believed,
    cleanQuery: isCleanQuery(leaves, tool, known),
    lookup: manifest.effect === 'read' && format === 'records',
    strangersQuery,
    sites: sitesIn(leaves),
  };
  const records = format === 'records' || trust === 'trusted' ? readRecords(text) : undefined;
  if (records) return { source, fields: fieldsOf(records, source, { result, manifest, known, isTainted }) };
  const structural = trust === 'trusted' && text.length < 200;
  return {
    source,
    fields: [
      { path: '', key: '', record: '', structural, integrity: source.integrity, labels, text: fold(text), raw: text },
    ],
  };
}

interface Reading {
  readonly result: LearnedResult;
  readonly manifest: Manifest;
  readonly known: Known;
  readonly isTainted: boolean;
}

/** A listing is not named as a whole by the words of its query: those of its records are whom the user named. */
function fieldsOf(
  records: readonly RecordField[],
  source: Omit<SourceText, 'id'>,
  { result, manifest, known, isTainted }: Reading,
): NewField[] {
  const { memory } = known;
  const read = records.map(({ path, key, record, text }) => ({ path, key, record, raw: text, text: fold(text) }));
  const named = manifest.results.trust === 'untrusted' ? namedRecords(read, known) : new Set<string>();
  const written = recordsWritten(read, memory);
  const listed = source.lookup && source.integrity === 'named' && !memory.approvedCalls.has(result.callId);
  const said = sayings(manifest);
  return read.map((field): NewField => {
    const { path, key, record, text, raw } = field;
    const isNamed = named.has(record) && !othersKey.test(key);
    const whole = isNamed ? 'named' : listed ? 'untrusted' : source.integrity;
    const isWritten = isTainted || written.has(record);
    const { integrity = whole, labels } = said(path);
    return {
      path,
      key,
      record,
      structural: isStructural({ key, text: raw }) && !isWritten,
      integrity: isWritten ? 'untrusted' : integrity,
      labels,
      text,
      raw,
    };
  });
}

/** Parts of a record that others than its author wrote. */
const othersKey = /^(?:reviews?|comments?|repl(?:y|ies)|answers?|feedback|reactions?)$/i;

const pattern = (path: string): string =>
  path
    .replace(/\[\d+\]/g, '.*')
    .replace(/^\.\*\.?/, '*.')
    .replace(/^\*\.$/, '*');

interface Saying {
  readonly integrity?: Integrity | undefined;
  readonly labels: readonly Label[];
}

/** What a manifest says of the field at a path. */
function sayings({ results }: Manifest): (path: string) => Saying {
  const trusts = Object.entries(results.fields);
  const labelled = Object.entries(results.fieldLabels);
  const everywhere = { labels: results.labels };
  if (trusts.length === 0 && labelled.length === 0) return () => everywhere;
  return (path) => {
    const here = pattern(path);
    const inItems = here.replace(/^\*\./, '');
    const isOf = ([field]: readonly [string, unknown]): boolean => covers(field, here) || covers(field, inItems);
    const own = labelled.filter(isOf);
    return {
      integrity: trusts.find(isOf)?.[1],
      labels:
        own.length === 0 ? results.labels : [...new Set([...results.labels, ...own.flatMap(([, labels]) => labels)])],
    };
  };
}
