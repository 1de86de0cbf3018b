import type { Field, Sources } from './sources.ts';
import { isCommonWord, wordsOf } from './text.ts';

/** Keys by which people tell records apart. */
const nameKey =
  /^(?:title|subject|name|filename|file_name|full_name|sender|from|author|owner|label|slug|repo|repository|channel|path|email)$/i;

/**
 * Whether the user named the record that a field belongs to: its title, sender or name stands in the user's own words, and no
 * other record of the session bears the same one. A second one of the same title may be planted.
 */
export function isRecordNamed({ source, record }: Field, sources: Sources, names: ReadonlySet<string>): boolean {
  if (record === '' && source.tool === undefined) return false;
  const siblings = fieldsOf(source.id, record, sources);
  return siblings.some((sibling) => {
    if (
      !nameKey.test(sibling.key) ||
      !isTelling(sibling.text, sibling.key, names) ||
      !sources.isSaidByUser(sibling.text)
    )
      return false;
    const isSender = /^(?:sender|from|author|owner|email)$/i.test(sibling.key);
    return isSender || !hasRival(sibling, sources);
  });
}

/**
 * One common word names nothing: "deadline" stands in many requests and in many subjects, and whoever writes chooses what he is
 * called. Of a person it must be a name that the user wrote as one.
 */
export const isTelling = (text: string, key: string, names: ReadonlySet<string>): boolean => {
  if (text.length < 4) return false;
  if (/[\s@._\d/-]/.test(text)) return wordsOf(text).some((word) => !isCommonWord(word));
  return (
    !/^(?:title|subject)$/i.test(key) && (!/^(?:sender|from|author|owner|full_name)$/i.test(key) || names.has(text))
  );
};

const hasRival = (named: Field, sources: Sources): boolean =>
  sources
    .holding(named.text)
    .some(
      (other) =>
        other.key === named.key &&
        other.text === named.text &&
        other.source.role === 'tool' &&
        contentOf(other, sources) !== contentOf(named, sources),
    );

/** What tells two records of one title apart: everything else in them that names or reaches somebody. */
const contentOf = ({ source, record }: Field, sources: Sources): string =>
  fieldsOf(source.id, record, sources)
    .filter(({ structural, key }) => structural && !/^(?:read|status|size|last_modified|timestamp)$/i.test(key))
    .map(({ key, text }) => `${key}=${text}`)
    .toSorted()
    .join('\n');

const fieldsOf = (source: number, record: string, sources: Sources): Field[] =>
  sources
    .ofSource(source)
    .filter((field) => field.record === record || (record === '' ? false : field.record.startsWith(`${record}.`)));

/** Whether a field belongs to a message: a record that says who sent it. */
export const isOfMessage = ({ source, record }: Field, sources: Sources): boolean =>
  record !== '' || source.tool !== undefined
    ? sources
        .ofSource(source.id)
        .some((field) => field.record === record && /^(?:sender|from|author)$/i.test(field.key))
    : false;
