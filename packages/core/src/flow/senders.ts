import type { Known } from './results.ts';
import type { Memory } from './memory.ts';
import type { RecordField } from './records.ts';
import type { Sources } from './sources.ts';
import { fold } from './text.ts';
import { isTelling } from './naming.ts';
import { isUsersText } from './users.ts';
import { scan } from './typed.ts';

/** Records whose sender the user named by address, or whose unique title stands in the request. */
export function namedRecords(records: readonly RecordField[], { sources, memory, rules }: Known): Set<string> {
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
    if (
      titleKey.test(key) &&
      value.length >= 8 &&
      titles.get(value) === 1 &&
      isTelling(value, key, memory.names) &&
      isUsersText(value, sources)
    )
      named.add(record);
  }
  return named;
}
const senderKey = /^(?:sender|from|author)$/i;
const titleKey = /^(?:subject|title|file_?name)$/i;

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

/** Records that hold a value which a call of this session wrote without its being believed: theirs is the taint of the call. */
export function recordsWritten(records: readonly RecordField[], memory: Memory): Set<string> {
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
