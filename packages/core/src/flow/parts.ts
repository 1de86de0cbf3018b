import type { Leaf } from './leaves.ts';
import { canonicalNumber, canonicalPath, otherAddress, readUrl, scan, type ValueKind } from './typed.ts';
import { fold, isPlain } from './text.ts';
import { wordsOfName } from './intent.ts';

/** A value that must be found somewhere for its argument to be believed. An argument may hold several. */
export interface Part {
  readonly kind: ValueKind | 'id' | 'text' | 'flag';
  /** Canonical; of a URL its address. */
  readonly value: string;
  /** Of a URL. */
  readonly host?: string;
}

const urlKey =
  /^(?:url|uri|link|href|website|site|webpage|endpoint|webhook|callback|redirect|domain|host|hostname|origin)s?$/;
const pathKey = /^(?:path|file|filename|filepath|dir|directory|folder|destination|dest|source|src)s?$/;
const idKey = /^(?:id|ids|no|nr|num|number|ref|reference|key|code|otp|pin|uuid|guid|sku|index)$/;
const phoneKey = /^(?:phone|mobile|tel|telephone|fax|sms|whatsapp)$/;

const lastWord = (key: string): string => wordsOfName(key).at(-1) ?? '';
export const isUrlKey = (key: string): boolean => anyWord(key, urlKey);

const anyWord = (key: string, pattern: RegExp): boolean => wordsOfName(key).some((name) => pattern.test(name));

export const isIdKey = (key: string): boolean => idKey.test(lastWord(key));

const isoMoment = /^(\d{4}-\d{2}-\d{2})(?:[t ](\d{2}:\d{2})(?::\d{2}(?:\.\d+)?)?(?:z|[+-]\d{2}:?\d{2})?)?$/;
const onlyTime = /^(\d{1,2}):(\d{2})(?::\d{2})?$/;
const account = /^[a-z]{2}\d{2}[a-z0-9]{6,30}$/;

const singleKey = /^(?:quantity|qty|count|copies)$/;

/** The parts of a leaf; none where it can choose nothing, undefined where it is not plainly written. */
export function partsOf({ value, key }: Pick<Leaf, 'value' | 'key'>): Part[] | undefined {
  if (typeof value === 'boolean') return flagPart(key, value);
  // One of something is what everybody means who does not say how many.
  if (Number(value) === 1 && anyWord(key, singleKey)) return [];
  if (typeof value === 'number')
    return [isIdKey(key) ? { kind: 'id', value: String(value) } : { kind: 'number', value: String(value) }];
  if (/^\s*(?:null|none|undefined|n\/a)?\s*$/i.test(value)) return [];
  if (!isPlain(value)) return undefined;
  const text = fold(value);
  return special(text, key) ?? [{ kind: 'text', value: text }];
}

/** Flags that hold back when they are set: to set one needs nobody's word, to clear one does. */
const cautious = /^(?:private|draft|dry|readonly|read|secure|confirm|preview|safe|test)$/;
const neutral = /^(?:is|as|only|mode|run|be)$/;

/** A flag that widens what a call does needs its name in the request; one that holds back is free. */
function flagPart(key: string, value: boolean): Part[] {
  const words = wordsOfName(key);
  const isCautious =
    /^(?:all|full) day$/.test(words.join(' ')) ||
    (words.some((each) => cautious.test(each)) && words.every((each) => cautious.test(each) || neutral.test(each)));
  return value === isCautious ? [] : [{ kind: 'flag', value: words.join(' ') }];
}

/** Counts of something; any other bare number in a text argument is somebody's name for a thing. */
const countKey =
  /^(?:amount|price|sum|total|value|limit|cap|budget|quantity|qty|count|size|number|n|nights?|guests?|people|persons?|rooms?|days?|weeks?|hours?|minutes?|seconds?|duration|percent|rate|page|copies|tickets?|seats?|year|month|day|hour|temperature|weight|height|width|length|balance|fee|cost|salary|rent|tip)$/;
const isCountKey = (key: string): boolean => wordsOfName(key).some((each) => countKey.test(each)) && !isIdKey(key);

/** `Ann Lee <ann@x.example>, bob@x.example`. An address beside anything else is part of a text: a tool might read it otherwise. */
function isAddressList(text: string, emails: readonly { readonly text: string }[]): boolean {
  const stand = '\uE000';
  if (text.includes(stand)) return false;
  let rest = '';
  let at = 0;
  for (const { text: address } of emails) {
    const next = text.indexOf(address, at);
    rest += text.slice(at, next) + stand;
    at = next + address.length;
  }
  rest += text.slice(at);
  return rest
    .split(/[,;]/)
    .every((each) => /^ ?(?:"?[\p{L}\p{N} .'-]{0,80}"? ?<\uE000>|(?:\uE000 ?)+)? ?$/u.test(each));
}

function special(text: string, key: string): Part[] | undefined {
  const url = urlOf(text, key);
  if (url) return [url];
  const typed = scan(text);
  const emails = typed.filter(({ kind }) => kind === 'email');
  if (emails.length > 0 && isAddressList(text, emails)) return emails.map(({ value }) => ({ kind: 'email', value }));
  const moment = isoMoment.exec(text);
  if (moment) {
    const [, date = '', time] = moment;
    return [{ kind: 'date', value: date }, ...(time === undefined ? [] : [{ kind: 'time' as const, value: time }])];
  }
  const clock = onlyTime.exec(text);
  if (clock) return [{ kind: 'time', value: `${(clock[1] ?? '').padStart(2, '0')}:${clock[2]}` }];
  if (anyWord(key, phoneKey)) return [{ kind: 'phone', value: text.replace(/\D/g, '') }];
  if (/^(?:~|\.{1,2})?\//.test(text) || (anyWord(key, pathKey) && !/\s/.test(text) && !isIdKey(key))) {
    return [{ kind: 'path', value: canonicalPath(text) }];
  }
  const compact = text.replace(/[ -]/g, '');
  if (account.test(compact)) return [{ kind: 'account', value: compact }];
  if (isIdKey(key) || (/^#?\d+$/.test(text) && !isCountKey(key)))
    return [{ kind: 'id', value: text.replace(/^#/, '') }];
  const dates = typed.filter(({ kind }) => kind === 'date' || kind === 'time');
  if (dates.length > 0 && dates[0]?.text.length === text.length)
    return dates.slice(0, 1).map(({ kind, value }) => ({ kind, value }));
  const number = /^[-+]?[$€£]?\d[\d,']*(?:\.\d+)?$/.test(text) ? canonicalNumber(text.replace(/[$€£]/, '')) : undefined;
  return number === undefined ? undefined : [{ kind: 'number', value: number }];
}

function urlOf(text: string, key: string): Part | undefined {
  const looksLike =
    /^[a-z][a-z0-9+.-]*:\/\//.test(text) ||
    /^(?:javascript|data|file|vbscript|blob|ftp):/.test(text) ||
    text.startsWith('www.') ||
    /^[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)+(?::\d+)?[/?#]/u.test(text);
  if (!looksLike && !anyWord(key, urlKey)) return undefined;
  const read = readUrl(text);
  if (!read) return anyWord(key, urlKey) && !/\s/.test(text) ? { kind: 'url', value: text, host: text } : undefined;
  if (/\s/.test(text) && (/^https?$/.test(read.scheme) || !anyWord(key, urlKey))) return undefined;
  if (!/^(?:https?|wss?|ftp)$/.test(read.scheme))
    return /^[a-z]:/.test(text) ? undefined : { kind: 'url', value: otherAddress(read.url), host: `${read.scheme}:` };
  if (read.url.username !== '' || read.url.password !== '')
    return { kind: 'url', value: `${read.url.username}@${read.address}`, host: read.host };
  return { kind: 'url', value: read.address, host: read.host };
}
