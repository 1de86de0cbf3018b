import type { CodeRule } from './codes.ts';

const weights731 = [7, 3, 1];
/** Check digit of machine readable documents (ICAO 9303-3, 4.9): weights 7, 3, 1, letters from 10. */
function icao(code: string): boolean {
  let sum = 0;
  for (let i = 0; i < code.length - 1; i++)
    sum += Number.parseInt(code[i] as string, 36) * (weights731[i % 3] as number);
  return sum % 10 === Number(code.at(-1));
}

export const passportRules: readonly CodeRule[] = [
  // German serial numbers leave out vowels and letters that look like digits.
  {
    type: 'PASSPORT',
    rule: 'de-passport',
    family: 'passport',
    pattern: /[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ\d]{8}/iy,
    valid: (code) => /\d$/.test(code) && icao(code),
    without: 'alone',
    certainty: 'checksum',
  },
  {
    type: 'PASSPORT',
    rule: 'es-passport',
    family: 'passport',
    pattern: /[A-Z]{3}\d{6}[A-Z]?/iy,
    without: 'label',
    certainty: 'format',
  },
  {
    type: 'PASSPORT',
    rule: 'in-passport',
    family: 'passport',
    pattern: /[A-PR-WY][1-9]\d ?\d{4}[1-9]/y,
    without: 'alone',
    certainty: 'format',
  },
  {
    type: 'PASSPORT',
    rule: 'kr-passport',
    family: 'passport',
    pattern: /[MSRODG](?:\d{3}[A-Z]\d{4}|\d{8})/y,
    without: 'alone',
    certainty: 'format',
  },
  {
    type: 'PASSPORT',
    rule: 'mrz',
    family: 'passport',
    pattern: /[A-Z\d<]{9}\d[A-Z]{3}\d{7}[MFX<]\d{7}[A-Z\d<]{14}[\d<]\d/y,
    without: 'itself',
    certainty: 'format',
  },
  // Two-letter, one-letter and all-digit serials of six to nine, as ICAO members print them.
  {
    type: 'PASSPORT',
    rule: 'passport-labelled',
    family: 'passport',
    pattern: /(?:[A-Z]{1,3}[ -]?|[a-z]{1,3})?\d{6,9}[A-Za-z]?|[A-Z\d]{8,9}|\d{2} ?\d{2} ?\d{6}/y,
    valid: (code) => code.length >= 7 && code.length <= 10 && (code.match(/\d/g)?.length ?? 0) >= 4,
    without: 'label',
    certainty: 'context',
  },
];
