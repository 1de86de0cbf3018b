import { each } from '../each.ts';
import { parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/max';
import type { Scan } from '../scan.ts';
import { aloneIn, amongNumbers, ends, wordChar } from './codes.ts';

/** A run of what telephone numbers are written with (ITU-T E.123), at most 15 digits (E.164) and an extension. */
const run =
  /(?<![\w])(?<!\d[-./,:])(?:\+ ?|\()?\(?\d(?:[\d()]|[ .\-/–](?=[\d(]))(?:[\d()]|[ .\-/–]{1,2}(?=[\d(])){3,24}(?:[ ,]{0,2}(?:x|ext\.?|extension|#) ?\d{1,6})?/gi;
const international = /^(?:\+|00[ -]?[1-9]|001-|011[ -])/;
/** North American: area and exchange begin with 2 to 9. */
const northAmerican =
  /^(?:\+?1[-. ])?(?:\([2-9]\d{2}\)[-. ]?[2-9]\d{2}[-. ]|[2-9]\d{2}([-.])[2-9]\d{2}\1)\d{4}(?:[ ,]{0,2}(?:x|ext\.?|extension|#) ?\d{1,6})?$/i;
const northAmericanSpaced = /^1?[- ]?[2-9]\d{2}[ -][2-9]\d{2}[ -]\d{4}$/;
/** With the trunk prefix of most other countries and at least two breaks, such as `020 7946 0822`, `0699 868 88 55`. */
const trunk = /^(?:\(0\d{1,4}\)[ .-]?|0\d{1,4}[ .-](?=.*[ .-])|0[ .-]\(\d{3}\)[ .-]?)(?:\d{1,4}[ .-]){1,4}\d{2,4}$/;
const dateLike = /^(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./](?:\d{4}|\d{2}))(?!\d|[-./]\d)/;
/** As near as the next of several numbers stands, in characters. */
const beside = 24;
/** Which of somebody's numbers it is, written behind it. */
const kindAfter = /^[ -]{0,2}\(?(?:office|mobile|fax|home|work|cell|desk|landline|direct|main)\b/i;
const address4 = /^(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;

/** Countries that a national number without a word beside it may be from: the most populous with a trunk 0 or mobile prefix. */
const countries: readonly CountryCode[] = [
  'US',
  'GB',
  'DE',
  'FR',
  'IT',
  'ES',
  'NL',
  'AU',
  'JP',
  'IN',
  'TR',
  'PH',
  'BR',
  'AR',
  'ZA',
  'SE',
  'CH',
  'BE',
  'KR',
  'CN',
  'ID',
  'NZ',
  'IE',
];

/** Telephone numbers. Candidates are cheap and bounded; `libphonenumber-js` is asked about the candidate alone. */
export function findPhone(scan: Scan): void {
  const { text } = scan;
  let last = -beside;
  for (const { 0: found, index } of each(run, text)) {
    const [start, written] = tidy(found, index);
    const end = start + written.length;
    const digits = written.replace(/(?:x|ext|#).*$/i, '').replace(/\D/g, '');
    if (digits.length < 7 || digits.length > 17 || !(ends(text, end) || kindAfter.test(text.slice(end, end + 12))))
      continue;
    if (wordChar.test(text[start - 1] ?? ' ')) continue;
    if ('$€£¥₹%'.includes(text[start - 1] ?? ' ') || dateLike.test(written) || address4.test(written)) continue;
    const rule =
      kindOf(scan, written, digits, [start, end]) ?? (start - last < beside ? second(scan, written, start) : undefined);
    if (rule) last = end;
    if (rule) scan.add('PHONE', rule, rule === 'phone-labelled' ? 'context' : 'format', [start, end]);
  }
}

/** A number right beside a telephone number is one as well, when it can be: "+44 … or 020 …". */
const second = (scan: Scan, written: string, start: number): string | undefined =>
  !scan.labelledOtherwise('phone', start) && isNational(written) ? 'phone-national' : undefined;

/** Without a bracket that is not the number's own. */
function tidy(found: string, index: number): [number, string] {
  let start = 0;
  let end = found.length;
  const opened = found.split('(').length - 1;
  const closed = found.split(')').length - 1;
  if (opened > closed && found[0] === '(') start = 1;
  if (closed > opened && found.at(-1) === ')') end--;
  while (end > start && /[ (.\-/–]/.test(found[end - 1] as string)) end--;
  return [index + start, found.slice(start, end)];
}

function kindOf(
  scan: Scan,
  written: string,
  digits: string,
  [start, end]: readonly [number, number],
): string | undefined {
  if (international.test(written) && isInternational(written, scan, [start, end])) return 'phone-international';
  const labelled = scan.labelled('phone', start, end) || kindAfter.test(scan.text.slice(end, end + 12));
  if (!labelled && scan.labelledOtherwise('phone', start)) return undefined;
  if (northAmerican.test(written)) return 'phone-north-american';
  if (trunk.test(written) && (labelled || (!amongNumbers(scan.text, start, end) && isNational(written))))
    return 'phone-national';
  if (labelled && plausible(written, digits)) return 'phone-labelled';
  if (aloneIn(scan, start, end) && (northAmericanSpaced.test(written) || isNational(written))) return 'phone-alone';
  return undefined;
}

function isInternational(written: string, scan: Scan, [start, end]: readonly [number, number]): boolean {
  const dialled = written
    .replace(/^(?:00|011)[ -]?/, '+')
    .replace(/\(0\)/, '')
    .replace(/(?:x|ext|#).*$/i, '');
  const number = parsePhoneNumberFromString(dialled);
  if (!number) return false;
  return number.isValid() || (number.isPossible() && (written.startsWith('+') || scan.labelled('phone', start, end)));
}

const isNational = (written: string): boolean =>
  countries.some((country) => parsePhoneNumberFromString(written, country)?.isValid());

/** What a word says to be a telephone number need only look like one: groups that are not a date, an amount or one long id. */
function plausible(written: string, digits: string): boolean {
  if (digits.length > 15) return false;
  return /^[+(\d]/.test(written) && !/^(\d)\1+$/.test(digits);
}
