import { dummy, luhn, weighed, type CodeRule } from './codes.ts';

/** NHS number: modulus 11 (NHS Data Dictionary). */
const nhs = (code: string): boolean =>
  !dummy(code) &&
  code !== '1234567890' &&
  (11 - (weighed(code, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11 === Number(code[9]);
/** National Provider Identifier: Luhn behind the prefix 80840 (45 CFR 162). */
const npi = (code: string): boolean => luhn(`80840${code}`) && !dummy(code.slice(0, 9));
/** Medicare card, Australia: weights 1 3 7 9, then issue number. */
const auMedicare = (code: string): boolean =>
  weighed(code, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === Number(code[8]) && !dummy(code.slice(0, 8));
/** DEA registration: check digit of the odd and even places. */
const dea = (code: string): boolean => {
  const digits = code.slice(2);
  return (weighed(digits, [1, 0, 1, 0, 1, 0]) + 2 * weighed(digits, [0, 1, 0, 1, 0, 1])) % 10 === Number(digits[6]);
};
/** Krankenversichertennummer: letter as two digits, weights 1 and 2, cross sums (GKV-Spitzenverband). */
const kvnr = (code: string): boolean => {
  const digits = `${String(code.charCodeAt(0) - 64).padStart(2, '0')}${code.slice(1, 9)}`;
  let sum = 0;
  for (const [i, char] of digits.split('').entries()) {
    const product = Number(char) * (i % 2 === 0 ? 1 : 2);
    sum += product > 9 ? product - 9 : product;
  }
  return sum % 10 === Number(code[9]);
};
/** Lebenslange Arztnummer: weights 4 and 9 over six digits (KBV). */
const lanr = (code: string): boolean => {
  const rest = (10 - (weighed(code, [4, 9, 4, 9, 4, 9]) % 10)) % 10;
  return rest === Number(code[6]) && !dummy(code);
};

/** Medicare Beneficiary Identifier: places of letters and digits, without S L O I B Z (CMS). */
const mbi =
  /[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y\d]\d-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y\d]\d-?[AC-HJKMNP-RT-Y]{2}\d{2}/y;

const type = 'MEDICAL_ID';
const family = 'medical';
export const medicalRules: readonly CodeRule[] = [
  { type, rule: 'us-mbi', family, pattern: mbi, without: 'itself', certainty: 'format' },
  { type, rule: 'us-npi', family, pattern: /[12]\d{9}/y, valid: npi, without: 'alone', certainty: 'checksum' },
  {
    type,
    rule: 'us-dea',
    family,
    pattern: /[ABCDEFGHJKLMPRSTUX][A-Z9]\d{7}/iy,
    valid: dea,
    without: 'alone',
    certainty: 'checksum',
  },
  { type, rule: 'de-kvnr', family, pattern: /[A-Z]\d{9}/y, valid: kvnr, without: 'itself', certainty: 'checksum' },
  { type, rule: 'de-lanr', family, pattern: /\d{9}/y, valid: lanr, without: 'alone', certainty: 'checksum' },
  {
    type,
    rule: 'uk-nhs',
    family,
    pattern: /\d{3}([ -]?)\d{3}\1\d{4}/y,
    valid: nhs,
    without: 'alone',
    certainty: 'checksum',
  },
  {
    type,
    rule: 'au-medicare',
    family,
    pattern: /[2-6]\d{3}([ -]?)\d{5}\1\d(?:[ /-]?\d)?/y,
    valid: auMedicare,
    without: 'alone',
    certainty: 'checksum',
  },
  {
    type,
    rule: 'medical-labelled',
    family,
    pattern: /(?:[A-Z]{1,5}[ -]?|[a-z]{1,4})?\d[A-Za-z\d]{2,14}(?:[ -]\d[A-Z\d]{0,8}){0,4}(?:-[A-Z]{1,3})?/y,
    valid: (code) => code.length >= 4 && code.length <= 20 && (code.match(/\d/g)?.length ?? 0) >= 4,
    without: 'label',
    certainty: 'context',
  },
];
