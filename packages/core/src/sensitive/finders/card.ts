import type { Scan } from '../scan.ts';
import { aloneIn, begins, dummy, ends, luhn } from './codes.ts';

const candidate = /\b\d(?:[ -]?\d){11,18}/g;
const joined = /^\d+$/;
/** As printed on cards: fours, American Express and Diners. */
const grouped =
  /^(?:\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|\d{4}([ -])\d{6}\2\d{4,5}|\d{4}([ -])\d{4}\3\d{5}|\d{4}([ -])\d{4}\4\d{4})$/;

/** Payment card numbers (ISO/IEC 7812): Luhn and an issuer's range, or Luhn and a word that names a card. */
export function findCard(scan: Scan): void {
  const { text } = scan;
  candidate.lastIndex = 0;
  for (let found = candidate.exec(text); found; found = candidate.exec(text)) {
    const { 0: run, index } = found;
    const length = begins(text, index) ? cardAt(scan, run, index) : 0;
    // Digits written apart one by one are one number: no part of them is tried.
    const gap = /^\d[ -]\d[ -]\d[ -]/.test(run) ? -1 : run.search(/[ -]/);
    // A number before the card's own must not hide it: go on behind its first group.
    candidate.lastIndex = index + (length || (gap === -1 ? run.length : gap + 1));
  }
}

/** The longest stretch from the run's start which is a card number, 0 for none. */
function cardAt(scan: Scan, run: string, start: number): number {
  for (let length = run.length; length >= 12; length--) {
    const end = start + length;
    if (/[ -]/.test(scan.text[end - 1] as string) || /\d/.test(scan.text[end] ?? '')) continue;
    const written = run.slice(0, length);
    const digits = written.replace(/\D/g, '');
    if (digits.length < 12) return 0;
    if (!luhn(digits) || dummy(digits) || !ends(scan.text, end)) continue;
    if (sure(scan, written, digits, [start, end])) {
      scan.add('CREDIT_CARD', 'card', 'checksum', [start, end]);
      return length;
    }
  }
  return 0;
}

function sure(scan: Scan, written: string, digits: string, [start, end]: readonly [number, number]): boolean {
  if (scan.labelled('card', start, end)) return true;
  if (scan.labelledOtherwise('card', start)) return false;
  if (!issued(digits)) return false;
  if (digits.length < 14 && !aloneIn(scan, start, end)) return false;
  return joined.test(written) || grouped.test(written);
}

/** Issuers' ranges by first digits and length, as the networks publish them. */
function issued(digits: string): boolean {
  const { length } = digits;
  const two = Number(digits.slice(0, 2));
  const three = Number(digits.slice(0, 3));
  const four = Number(digits.slice(0, 4));
  if (digits.startsWith('4')) return length === 16 || length === 13 || length === 19;
  if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720)) return length === 16;
  if (two === 34 || two === 37) return length === 15;
  if ((three >= 300 && three <= 305) || four === 3095 || two === 36 || two === 38 || two === 39)
    return length === 14 || length === 16;
  if (
    four === 6011 ||
    (three >= 644 && three <= 649) ||
    two === 65 ||
    two === 62 ||
    two === 60 ||
    two === 81 ||
    two === 82
  )
    return length >= 16;
  if (four >= 3528 && four <= 3589) return length >= 16;
  if (four >= 2200 && four <= 2204) return length >= 16;
  return (
    (two === 50 || (two >= 56 && two <= 58) || two === 63 || two === 67) &&
    (length === 16 || length === 12 || length >= 18)
  );
}
