import type { Known } from './results.ts';
import type { Memory } from './memory.ts';
import type { NewField, Sources } from './sources.ts';
import { isTelling } from './naming.ts';
import { scan, tokenOf } from './typed.ts';

/** A field whose worth depends on its record. */
export type Told = Pick<NewField, 'key' | 'record' | 'text'>;

/** Records whose sender the user named by address, or whose unique title stands in the request. */
export function namedRecords(fields: readonly Told[], known: Known): Set<string> {
  const { sources, memory } = known;
  const named = new Set<string>();
  const titles = new Map<string, number>();
  for (const { key, text } of fields) if (titleKey.test(key)) titles.set(text, (titles.get(text) ?? 0) + 1);
  for (const { key, text, record } of fields) {
    if (senderKey.test(key)) {
      if (isNamedSender(text, fields, known)) named.add(record);
    } else if (
      text.length >= 8 &&
      titleKey.test(key) &&
      titles.get(text) === 1 &&
      isTelling(text, key, memory.names) &&
      sources.isSaidByUser(text)
    )
      named.add(record);
  }
  return named;
}

function isNamedSender(sender: string, fields: readonly Told[], { sources, memory, rules }: Known): boolean {
  if (memory.names.has(sender)) return true;
  if (!sender.includes('@')) return false;
  return (rules.has('senders') && isOnlyPerson(sender, fields, sources, memory)) || sources.isSaidByUser(sender);
}
const senderKey = /^(?:sender|from|author)$/i;
const titleKey = /^(?:subject|title|file_?name)$/i;

const namesIn = (address: string): string[] => address.slice(0, address.indexOf('@')).match(/\p{L}{3,}/gu) ?? [];

/** "Bob sent me an email": one sender in sight whose address holds the name, and nobody else's does. */
function isOnlyPerson(address: string, fields: readonly Told[], sources: Sources, memory: Memory): boolean {
  const names = namesIn(address).filter((name) => memory.names.has(name));
  if (names.length === 0) return false;
  const senders = new Set(fields.filter(({ key }) => senderKey.test(key)).map(({ text }) => text));
  const before = names.flatMap((name) =>
    sources
      .word(name)
      .flatMap((field) => sources.valuesIn(field, 'email'))
      .map(({ value }) => value)
      .filter((other) => other.slice(0, other.indexOf('@')).includes(name)),
  );
  return [...senders, ...before].every(
    (other) => other === address || !names.some((name) => namesIn(other).includes(name)),
  );
}

/** Records that hold a value which a call of this session wrote without its being believed: theirs is the taint of the call. */
export function recordsWritten(fields: readonly Told[], { writtenTo }: Memory): Set<string> {
  const written = new Set<string>();
  if (writtenTo.size === 0) return written;
  for (const { record, text } of fields) {
    if (scan(text, ['email', 'url', 'account']).some(({ kind, value }) => writtenTo.has(tokenOf(kind, value))))
      written.add(record);
  }
  return written;
}
