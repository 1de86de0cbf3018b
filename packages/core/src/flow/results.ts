import type { FlowRule } from './provenance.ts';
import type { Integrity, Label } from './labels.ts';
import type { JsonObject } from '../events.ts';
import type { Manifest } from './manifest.ts';
import type { Memory } from './memory.ts';
import type { NewField, Sources, SourceText } from './sources.ts';
import { covers } from './leaves.ts';
import { isCleanQuery, isNamedRead, isStrangersQuery, sitesIn } from './queries.ts';
import { isStructural, readRecords, type RecordField } from './records.ts';
import { namedRecords, recordsWritten } from './senders.ts';

/** A result as it is learned. */
export interface LearnedResult {
  readonly tool: string;
  readonly callId: string;
  readonly args: JsonObject;
  readonly text: string;
  /** It looked like an attack, so nobody's word makes it better than strangers'. */
  readonly distrusted?: true;
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
  const { tool, callId, args, text, distrusted = false } = result;
  const { memory } = known;
  const { format, labels } = manifest.results;
  const trust = distrusted ? 'untrusted' : manifest.results.trust;
  const isNamed =
    !distrusted && trust === 'untrusted' && (memory.approvedCalls.has(callId) || isNamedRead(args, tool, known));
  // What a call made of values that nobody vouches for is worth no more, and so is its name: a draft, say.
  const isTainted = distrusted || memory.tainted.has(callId);
  const believed = isNamed ? 'named' : 'untrusted';
  const source: Omit<SourceText, 'id'> = {
    role: 'tool',
    tool,
    bytes: text.length,
    integrity: trust === 'trusted' && !isTainted ? 'trusted' : believed,
    cleanQuery: isCleanQuery(args, manifest, tool, known),
    lookup: manifest.effect === 'read' && format === 'records',
    strangersQuery: isStrangersQuery(args, manifest, known),
    sites: sitesIn(args),
  };
  const records = format === 'records' || trust === 'trusted' ? readRecords(text) : undefined;
  if (records) return { source, fields: fieldsOf(records, source, { result, manifest, known, isTainted }) };
  const structural = trust === 'trusted' && text.length < 200;
  return {
    source,
    fields: [{ path: '', key: '', record: '', structural, integrity: source.integrity, labels, raw: text }],
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
  const named = manifest.results.trust === 'untrusted' ? namedRecords(records, known) : new Set<string>();
  const written = recordsWritten(records, memory);
  const listed = source.lookup && source.integrity === 'named' && !memory.approvedCalls.has(result.callId);
  return records.map((field): NewField => {
    const { path, key, record, text } = field;
    const isNamed = named.has(record) && !othersKey.test(key);
    const whole = isNamed ? 'named' : listed ? 'untrusted' : source.integrity;
    const isWritten = isTainted || written.has(record);
    return {
      path,
      key,
      record,
      structural: isStructural(field) && !isWritten,
      integrity: isWritten ? 'untrusted' : trustOf(path, manifest, whole),
      labels: labelsOf(path, manifest),
      raw: text,
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
