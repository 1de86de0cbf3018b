import type { Field, Sources } from './sources.ts';
import type { Part } from './parts.ts';
import { isIdKey } from './parts.ts';
import { placeOf } from './text.ts';
import { wordsOfName } from './intent.ts';

/** Fields in which a part stands, as a value of its type. `key` and `tool` are those of the call. */
export function findPart(part: Part, key: string, tool: string, sources: Sources): Field[] {
  const { kind, value } = part;
  switch (kind) {
    case 'text':
      // A single word is a name for a thing: `ops` is not `ops-private`, nor the address that it begins.
      return sources.holding(value, !value.includes(' '));
    case 'id':
      return holdingId(value, key, tool, sources);
    case 'path':
      return [...new Set([...sources.typed('path', value), ...sources.holding(value, true)])];
    case 'account':
      return [...new Set([...sources.typed('account', value), ...sources.holding(value)])];
    case 'date':
      // "May 15th" said by the user is a date of this or the next year; in a field of data the year stands with it.
      return [...sources.typed('date', value), ...sources.typed('date', `-${value.slice(4)}`).filter(isUsers)];
    case 'number':
      return holdingNumber(value, key, sources);
    case 'flag':
      return namingFlag(value, sources);
    case 'email':
    case 'url':
    case 'host':
    case 'time':
    case 'phone':
      return sources.typed(kind, value);
  }
}

const isUsers = ({ source }: Field): boolean => source.role === 'user';

function holdingId(value: string, key: string, tool: string, sources: Sources): Field[] {
  const fields = sources.holding(value, true);
  return fields.length === 0 || isDistinct(value) ? fields : fields.filter((field) => namesId(field, value, key, tool));
}

const holdingNumber = (value: string, key: string, sources: Sources): Field[] =>
  sources.typed('number', value).filter((field) => meansNumber(field, value, key, sources));

const namingFlag = (value: string, { users }: Sources): Field[] =>
  users.filter(({ text }) => value.split(' ').some((word) => word.length > 2 && text.includes(stemOf(word))));

/** "Publish" is said of what becomes `public`. */
const stemOf = (word: string): string => (word.length > 5 ? word.slice(0, 5) : word);

/** Things that are counted under a name of their own: "room 21" is no number of nights. */
const counted = /^(?:nights?|guests?|people|persons?|rooms?|days?|weeks?|hours?|minutes?|copies|tickets?|seats?)$/;
const money = /^(?:amount|price|sum|total|limit|budget|fee|cost|salary|rent|tip|balance)$/;

/** Whether a number in prose counts what the argument counts, and is no year where money is meant. */
function meansNumber(field: Field, value: string, key: string, sources: Sources): boolean {
  if (field.structural && field.source.role === 'tool') return true;
  const words = wordsOfName(key);
  const noun = words.find((word) => counted.test(word));
  if (noun !== undefined) {
    const spelled = sources.valuesIn(field, 'number').filter((number) => number.value === value);
    return spelled.some(({ text }) =>
      new RegExp(`(?<![a-z0-9])${escapeText(text)}[ -](?:\\w+ )?${singular(noun)}`).test(field.text),
    );
  }
  if (!words.some((word) => money.test(word)) || !/^(?:19|20)\d\d$/.test(value)) return true;
  return new RegExp(
    `(?:[$€£¥]|usd|eur|gbp) ?${value}|${value}(?:[.,]\\d\\d)? ?(?:[$€£¥]|usd|eur|gbp|dollars?|euros?|pounds?)`,
  ).test(field.text);
}

const escapeText = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Long and mixed of letters and digits: no such value stands in a text by accident. */
const isDistinct = (value: string): boolean => value.length >= 5 && /\d/.test(value) && /\p{L}/u.test(value);

/** A short id counts only where it is named as one: "June 13" does not vouch for file 13. */
function namesId(field: Field, value: string, key: string, tool: string): boolean {
  const nouns = nounsOf(key, tool);
  if (field.structural && field.source.role === 'tool' && field.text === value) {
    return (
      field.key === key ||
      (isIdLike(field.key) &&
        (shareNoun(wordsOfName(field.key), nouns) || shareNoun(wordsOfName(field.source.tool ?? ''), nouns))) ||
      shareNoun(wordsOfName(field.key), nouns)
    );
  }
  if (!/^[\d#]/.test(value)) return true;
  const at = placeOf(field.text, value, true);
  const before = field.text.slice(Math.max(0, at - 24), at);
  const [, last = ''] = /([\p{L}]+|#)[\s:='"#(.]*$/u.exec(before) ?? [];
  return last === '#' || idWords.has(last) || shareNoun([last], nouns);
}

const idWords = new Set(['id', 'ids', 'no', 'nr', 'number', 'num', 'ref', 'reference', 'code', 'key']);
const isIdLike = (key: string): boolean => isIdKey(key);

/** What an id is an id of: `file_id` → file; a bare `id` → the words of the tool's name. */
function nounsOf(key: string, tool: string): string[] {
  const own = wordsOfName(key).filter((word) => !idWords.has(word));
  return own.length > 0 ? own : wordsOfName(tool).slice(1);
}

const kin: readonly (readonly string[])[] = [
  ['file', 'attachment', 'document', 'doc', 'node'],
  ['email', 'mail', 'message', 'inbox', 'thread'],
  ['event', 'calendar', 'meeting', 'appointment'],
  ['order', 'purchase', 'invoice'],
  ['user', 'member', 'account', 'contact', 'person', 'customer'],
  ['product', 'item', 'cart', 'article'],
  ['issue', 'ticket', 'case'],
];
const singular = (word: string): string => word.replace(/(?:([sxz]|ch|sh)es|s)$/, '$1');
const family = new Map(kin.flatMap((words, index) => words.map((word) => [word, String(index)] as const)));
const familyOf = (word: string): string => family.get(singular(word)) ?? singular(word);
const shareNoun = (some: readonly string[], others: readonly string[]): boolean =>
  some.some((word) => others.some((other) => familyOf(word) === familyOf(other) || stem(word) === stem(other)));

/** `list_scheduled` lists what `cancel_schedule` cancels. */
const stem = (word: string): string => (word.length >= 7 ? singular(word).slice(0, 7) : `${singular(word)}.`);
