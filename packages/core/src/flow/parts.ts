import type { Leaf } from './leaves.ts';
import {
  canonicalNumber,
  canonicalPath,
  findEmails,
  findTimes,
  otherAddress,
  readUrl,
  type ValueKind,
} from './typed.ts';
import { isPlain } from './text.ts';
import { remembered } from './remembered.ts';
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
const singleKey = /^(?:quantity|qty|count|copies)$/;
/** Counts of something; any other bare number in a text argument is somebody's name for a thing. */
const countKey =
  /^(?:amount|price|sum|total|value|limit|cap|budget|quantity|qty|count|size|number|n|nights?|guests?|people|persons?|rooms?|days?|weeks?|hours?|minutes?|seconds?|duration|percent|rate|page|copies|tickets?|seats?|year|month|day|hour|temperature|weight|height|width|length|balance|fee|cost|salary|rent|tip)$/;

/** What the name of an argument says of its value. */
const traitsOf = remembered((key) => {
  const words = wordsOfName(key);
  const has = (pattern: RegExp): boolean => words.some((word) => pattern.test(word));
  const isId = idKey.test(words.at(-1) ?? '');
  return {
    isId,
    isUrl: has(urlKey),
    isPath: has(pathKey),
    isPhone: has(phoneKey),
    isSingle: has(singleKey),
    isCount: has(countKey) && !isId,
  };
});
type Traits = ReturnType<typeof traitsOf>;

export const isUrlKey = (key: string): boolean => traitsOf(key).isUrl;
export const isIdKey = (key: string): boolean => traitsOf(key).isId;

const isoMoment = /^(\d{4}-\d{2}-\d{2})(?:[t ](\d{2}:\d{2})(?::\d{2}(?:\.\d+)?)?(?:z|[+-]\d{2}:?\d{2})?)?$/;
const onlyTime = /^(\d{1,2}):(\d{2})(?::\d{2})?$/;
const account = /^[a-z]{2}\d{2}[a-z0-9]{6,30}$/;

/** The parts of a leaf; none where it can choose nothing, undefined where it is not plainly written. */
export function partsOf({ value, key, text }: Pick<Leaf, 'value' | 'key' | 'text'>): Part[] | undefined {
  if (typeof value === 'boolean') return flagPart(key, value);
  const traits = traitsOf(key);
  // One of something is what everybody means who does not say how many.
  if (traits.isSingle && Number(value) === 1) return [];
  if (typeof value === 'number') return [{ kind: traits.isId ? 'id' : 'number', value: String(value) }];
  if (/^\s*(?:null|none|undefined|n\/a)?\s*$/i.test(value)) return [];
  if (!isPlain(value)) return undefined;
  return special(text, traits) ?? [{ kind: 'text', value: text }];
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

/** No date and no time is written longer. */
const maxTime = 40;

function special(text: string, key: Traits): Part[] | undefined {
  const url = urlOf(text, key);
  if (url) return [url];
  const emails = findEmails(text);
  if (emails.length > 0 && isAddressList(text, emails)) return emails.map(({ value }) => ({ kind: 'email', value }));
  const moment = isoMoment.exec(text);
  if (moment) {
    const [, date = '', hour] = moment;
    return [{ kind: 'date', value: date }, ...(hour === undefined ? [] : [{ kind: 'time' as const, value: hour }])];
  }
  const clock = onlyTime.exec(text);
  if (clock) return [{ kind: 'time', value: `${(clock[1] ?? '').padStart(2, '0')}:${clock[2]}` }];
  if (key.isPhone) return [{ kind: 'phone', value: text.replace(/\D/g, '') }];
  if (/^(?:~|\.{1,2})?\//.test(text) || (key.isPath && !/\s/.test(text) && !key.isId)) {
    return [{ kind: 'path', value: canonicalPath(text) }];
  }
  const compact = text.replace(/[ -]/g, '');
  if (account.test(compact)) return [{ kind: 'account', value: compact }];
  if (key.isId || (/^#?\d+$/.test(text) && !key.isCount)) return [{ kind: 'id', value: text.replace(/^#/, '') }];
  const time = text.length <= maxTime ? findTimes(text)[0] : undefined;
  if (time?.text.length === text.length) return [{ kind: time.kind, value: time.value }];
  const number = /^[-+]?[$€£]?\d[\d,']*(?:\.\d+)?$/.test(text) ? canonicalNumber(text.replace(/[$€£]/, '')) : undefined;
  return number === undefined ? undefined : [{ kind: 'number', value: number }];
}

function urlOf(text: string, { isUrl }: Traits): Part | undefined {
  const looksLike =
    /[.:]/.test(text) &&
    (/^[a-z][a-z0-9+.-]*:\/\//.test(text) ||
      /^(?:javascript|data|file|vbscript|blob|ftp):/.test(text) ||
      text.startsWith('www.') ||
      /^[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)+(?::\d+)?[/?#]/u.test(text));
  if (!looksLike && !isUrl) return undefined;
  const read = readUrl(text);
  if (!read) return isUrl && !/\s/.test(text) ? { kind: 'url', value: text, host: text } : undefined;
  if (/\s/.test(text) && (/^https?$/.test(read.scheme) || !isUrl)) return undefined;
  if (!/^(?:https?|wss?|ftp)$/.test(read.scheme))
    return /^[a-z]:/.test(text) ? undefined : { kind: 'url', value: otherAddress(read.url), host: `${read.scheme}:` };
  if (read.url.username !== '' || read.url.password !== '')
    return { kind: 'url', value: `${read.url.username}@${read.address}`, host: read.host };
  return { kind: 'url', value: read.address, host: read.host };
}
