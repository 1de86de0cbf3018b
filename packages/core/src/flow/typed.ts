import { parse } from 'tldts';
import { each } from '../sensitive/each.ts';

/*
 * Values by their type, wherever they stand in a text. A value has one canonical form, and so one token, however it is
 * written. Every pattern is linear: each starts only where a token starts, or is bounded.
 */

export const valueKinds = ['email', 'url', 'host', 'path', 'date', 'time', 'number', 'phone', 'account'] as const;
export type ValueKind = (typeof valueKinds)[number];

export interface Typed {
  readonly kind: ValueKind;
  /** Canonical. */
  readonly value: string;
  /** As it stands in the text. */
  readonly text: string;
}

export const tokenOf = (kind: ValueKind, value: string): string => `${kind}:${value}`;

const email =
  /(?:[\p{L}\p{N}._%+-]{1,64}|"[^"\s@]{1,64}")@(?:[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)+|\[[0-9a-z:.]{2,60}\])/gu;
const withScheme =
  /(?<![\p{L}\p{N}+.-])[a-z][a-z0-9+-]{1,15}:(?:\/\/(?:\[[0-9a-f:.]{2,45}\])?)?[^\s<>"'`|\\^{}[\]()]{1,}/giu;
const bareHost =
  /(?:(?<![\p{L}\p{N}@._/-])|(?<=(?<![\p{L}\p{N}:/._-])\/\/))(?:[\p{L}\p{N}_-]{1,63}\.)+([\p{L}][\p{L}\p{N}-]{1,23})(?::\d{1,5})?(?:[/?#][^\s<>"'`|\\^{}[\]()]*)?/gu;
/** Without one no host ends. */
const beforeEnding = /\.\p{L}/u;
const path = /(?<![\p{L}\p{N}:/._~-])(?:~|\.{1,2})?\/[^\s<>"'`|*?,;:(){}[\]]+/gu;
const isoDate = /(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)/g;
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const monthName =
  'jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?';
const monthFirst = new RegExp(`(?<![a-z])(${monthName})\\.? (\\d{1,2})(?:st|nd|rd|th)?(?:,? (\\d{4}))?(?![\\d:])`, 'g');
const dayFirst = new RegExp(
  `(?<![\\d:])(\\d{1,2})(?:st|nd|rd|th|\\.)?(?: of)? (${monthName})\\.?(?:,? (\\d{4}))?(?![a-z\\d])`,
  'g',
);
const slashDate = /(?<![\d/.])(\d{1,2})([/.])(\d{1,2})\2(\d{4})(?![\d/])/g;
const clock = /(?<![\d:])(\d{1,2}):(\d{2})(?::\d{2})?(?: ?([ap])\.?m)?(?![\d:])/g;
const hour = /(?<![\d:.])(\d{1,2}) ?([ap])\.?m(?![a-z])/g;
const number = /(?<![\p{L}\p{N}_.,]|\d[-/: ])[-+]?\d[\d,']{0,24}(?:\.\d{1,12})?(?![\p{L}\p{N}_]|[-/: ]\d)/gu;
const phone = /(?<![\p{L}\p{N}])\+?\(?\d[\d ()./-]{5,20}\d(?![\p{L}\p{N}])/gu;
const spacedIban =
  /(?<![\p{L}\p{N}])[a-z]{2}\d{2}(?:(?:[ -][a-z0-9]{4}){2,7}(?:[ -][a-z0-9]{1,4})?|[ .-]?\d{2,12}(?:[ .-]\d{2,12}){1,6})(?![\p{L}\p{N}])/gu;
/** "IBAN 0123456789": whatever it looks like, it is named as one. */
const saidAccount =
  /\b(?:iban|account(?: number| no)?|acct|routing(?: number)?|sort code|wallet)\.?[ :#]{1,3}(?:is )?([a-z]{0,4}\d[\d -]{4,30}\d)/g;
const wallet = /(?<![\p{L}\p{N}])(?:bc1[a-z0-9]{20,80}|0x[0-9a-f]{40}|[13][a-z0-9]{25,34})(?![\p{L}\p{N}])/gu;
const compactAccount =
  /(?<![\p{L}\p{N}])[a-z]{2}\d{6,32}(?![\p{L}\p{N}])|(?<![\p{L}\p{N}])[a-z]{2}\d{2}[a-z0-9]{8,30}(?![\p{L}\p{N}])/gu;

const numberWords = new Map(
  'zero one two three four five six seven eight nine ten eleven twelve'.split(' ').map((name, value) => [name, value]),
);
for (const [name, value] of [
  ['once', 1],
  ['twice', 2],
  ['thrice', 3],
  ['dozen', 12],
  ['a', 1],
  ['an', 1],
  ['another', 1],
] as const)
  numberWords.set(name, value);
const numberWord = new RegExp(`(?<![a-z])(?:${[...numberWords.keys()].join('|')})(?![a-z])`, 'g');

/** Endings of file names that are also top-level domains: a bare `notes.md` is a file. */
const fileEndings = new Set('md py rs sh pl so cc ps ai zip mov app java'.split(' '));

/** Reserved names (RFC 2606, RFC 6762) that are in use all the same. */
const reserved = new Set(['test', 'example', 'invalid', 'localhost', 'local', 'internal', 'onion']);
const isTopLevel = (ending: string): boolean =>
  !fileEndings.has(ending) && (reserved.has(ending) || parse(`a.${ending}`).isIcann === true);

const trailing = /[.,;:!?'")\]]+$/;

const entities: Readonly<Record<string, string>> = {
  commat: '@',
  period: '.',
  sol: '/',
  colon: ':',
  amp: '&',
  nbsp: ' ',
  hyphen: '-',
};

/** A text as a mail program or browser would show it: HTML entities and percent-encoding undone. */
export function decodeMarkup(text: string): string {
  const shown = text.replace(
    /&(?:#(\d{1,6});?|#x([0-9a-f]{1,5});?|([a-z]{2,8});)/gi,
    (whole, decimal?: string, hex?: string, name?: string) => {
      const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
      if (name !== undefined) return entities[name.toLowerCase()] ?? whole;
      return code > 0 && code <= 0x10_ff_ff ? String.fromCodePoint(code) : whole;
    },
  );
  // IDNA reads an ideographic full stop as a dot (UTS 46).
  return shown
    .replace(/(?<=[a-z0-9])[\u3002\uFF61](?=[a-z0-9])/gi, '.')
    .replace(/%([2-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Words that announce a phone number. */
const saidPhone =
  /(?:\b(?:call|phone|tel|telephone|dial|line|mobile|fax|whatsapp|sms|ring|hotline|reach)\b[^\d+]{0,20}|\+)$/;

/** Whether a number that looks like one is meant as a phone number: dates and ids look like it too. */
export const isSaidAsPhone = (text: string, as: string): boolean => {
  const at = text.indexOf(as);
  return as.startsWith('+') || saidPhone.test(text.slice(Math.max(0, at - 30), at));
};

/** The values of a kind in a folded text, or of two kinds that are found together. Linear. */
export type Find = (text: string) => readonly Typed[];

const none: readonly Typed[] = [];

export const findEmails: Find = (text) => {
  if (!text.includes('@')) return none;
  const found: Typed[] = [];
  for (const [match] of each(email, text))
    found.push({ kind: 'email', value: match.replace(/^[.]+/, ''), text: match });
  return found;
};

const findAddresses: Find = (text) => {
  const found: Typed[] = [];
  if (text.includes(':')) {
    for (const [match] of each(withScheme, text)) addUrl(match.replace(trailing, ''), found);
  }
  if (beforeEnding.test(text)) {
    for (const [match, ending = ''] of each(bareHost, text)) {
      const clean = match.replace(trailing, '');
      const certain = clean.startsWith('www.') || clean.includes('/');
      if (certain || isTopLevel(ending)) addUrl(`http://${clean}`, found, clean);
    }
  }
  return found;
};

const findPaths: Find = (text) => {
  if (!text.includes('/')) return none;
  const found: Typed[] = [];
  for (const [match] of each(path, text))
    found.push({ kind: 'path', value: canonicalPath(match.replace(trailing, '')), text: match });
  return found;
};

const findNumbers: Find = (text) => {
  const found: Typed[] = [];
  for (const [name] of each(numberWord, text))
    found.push({ kind: 'number', value: String(numberWords.get(name)), text: name });
  if (!digit.test(text)) return found;
  for (const [match] of each(number, text)) {
    const value = canonicalNumber(match);
    if (value !== undefined) found.push({ kind: 'number', value, text: match });
  }
  return found;
};

export const findTimes: Find = (text) => {
  if (!digit.test(text)) return none;
  const found: Typed[] = [];
  for (const [match, year = '', month = '', day = ''] of each(isoDate, text)) addDate(year, month, day, match, found);
  for (const [match, name = '', day = '', year = ''] of each(monthFirst, text))
    addDate(year, monthOf(name), day, match, found);
  for (const [match, day = '', name = '', year = ''] of each(dayFirst, text))
    addDate(year, monthOf(name), day, match, found);
  for (const [match, first = '', mark, second = '', year = ''] of each(slashDate, text)) {
    // 03/04/2024 is either, as it was written by whoever wrote it.
    addDate(year, second, first, match, found);
    if (mark === '/') addDate(year, first, second, match, found);
  }
  for (const [match, h = '', m = '', half] of each(clock, text)) addTime(h, m, half, match, found);
  for (const [match, h = '', half] of each(hour, text)) addTime(h, '00', half, match, found);
  return found;
};

const findPhones: Find = (text) => {
  if (!digit.test(text)) return none;
  const found: Typed[] = [];
  for (const [match] of each(phone, text)) {
    const digits = match.replace(/\D/g, '');
    if (digits.length >= 7 && digits.length <= 15 && /[ ()+-]/.test(match))
      found.push({ kind: 'phone', value: digits, text: match });
  }
  return found;
};

const findAccounts: Find = (text) => {
  if (!digit.test(text)) return none;
  const found: Typed[] = [];
  const add = (value: string, as: string): void => {
    found.push({ kind: 'account', value, text: as });
  };
  for (const [match] of each(spacedIban, text)) add(match.replace(/[ .-]/g, ''), match);
  for (const [match] of each(compactAccount, text)) add(match, match);
  for (const [match, value = ''] of each(saidAccount, text)) add(value.replace(/[ -]/g, ''), match);
  for (const [match] of each(wallet, text)) add(match, match);
  return found;
};

/** How the values of each kind are found. */
export const finders: Readonly<Record<ValueKind, Find>> = {
  email: findEmails,
  url: findAddresses,
  host: findAddresses,
  path: findPaths,
  date: findTimes,
  time: findTimes,
  number: findNumbers,
  phone: findPhones,
  account: findAccounts,
};

/** The values of some kinds in a folded text, one kind after the other. */
export const scan = (text: string, kinds: readonly ValueKind[]): Typed[] =>
  kinds.flatMap((kind) => finders[kind](text).filter((found) => found.kind === kind));

const digit = /\d/;
const monthOf = (name: string): string => String(months.indexOf(name.slice(0, 3)) + 1);

/** Without a year `--05-15` (ISO 8601:2000, truncated). */
function addDate(year: string, month: string, day: string, as: string, found: Typed[]): void {
  if (Number(month) < 1 || Number(month) > 12 || Number(day) < 1 || Number(day) > 31) return;
  const value = `${year === '' ? '-' : year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  found.push({ kind: 'date', value, text: as });
}

function addTime(h: string, m: string, half: string | undefined, as: string, found: Typed[]): void {
  if (Number(h) > 24 || Number(m) > 59) return;
  const hours = half === undefined ? Number(h) : (Number(h) % 12) + (half === 'p' ? 12 : 0);
  found.push({ kind: 'time', value: `${String(hours).padStart(2, '0')}:${m}`, text: as });
}

/** `1,200.50` → `1200.5`. */
export function canonicalNumber(text: string): string | undefined {
  const value = Number(text.replace(/[,']/g, ''));
  return Number.isFinite(value) ? String(value) : undefined;
}

export const canonicalPath = (text: string): string => text.replace(/\/{2,}/g, '/').replace(/(.)\/$/, '$1');

/** Host and address of a URL as the WHATWG parser reads it, without scheme, `www.`, default port and a last slash. */
export function readUrl(text: string): { host: string; address: string; scheme: string; url: URL } | undefined {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:/i.test(text) && !/^[^/]*:\d+(\/|$)/.test(text) ? text : `http://${text}`);
  if (!url) return undefined;
  const scheme = url.protocol.slice(0, -1);
  const host = bareHostName(url.hostname);
  const port = url.port === '' ? '' : `:${url.port}`;
  const rest = `${url.pathname.replace(/\/$/, '')}${url.search}`;
  return { host, address: `${host}${port}${rest}`, scheme, url };
}

export const bareHostName = (host: string): string =>
  host
    .toLowerCase()
    .replace(/\.$/, '')
    .replace(/^www\./, '');

/** Of a scheme that is none of the web's, `smb://host/share`: only as a whole, and no address of the host's site. */
export const otherAddress = ({ protocol, host, pathname, search }: URL): string =>
  host === '' ? `${protocol}${pathname}` : `${protocol}//${host}${pathname}${search}`;

function addUrl(text: string, found: Typed[], as = text): void {
  if (/^mailto:/i.test(text)) return;
  const read = readUrl(text);
  if (!read) return;
  const add = (kind: ValueKind, value: string): void => {
    found.push({ kind, value, text: as });
  };
  if (!/^(?:https?|wss?|ftp)$/.test(read.scheme)) {
    if (read.url.host !== '') add('url', otherAddress(read.url));
    else if (/^(?:javascript|data|file|vbscript|blob)$/.test(read.scheme)) add('url', `${read.scheme}:`);
    return;
  }
  if (read.host === '') return;
  add('url', read.address);
  add('host', read.host);
}
