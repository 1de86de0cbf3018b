import { weighed, type CodeRule } from './codes.ts';

/** ABA routing number: Federal Reserve district and check digit (ANSI X9.100). */
const aba = (code: string): boolean =>
  /^(?:0[0-9]|1[0-2]|2[1-9]|3[0-2]|6[1-9]|7[0-2]|80)/.test(code) &&
  weighed(code, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0 &&
  code !== '000000000';

export const usBankRules: readonly CodeRule[] = [
  {
    type: 'US_BANK',
    rule: 'aba-routing',
    family: 'routing',
    pattern: /\d{4}-\d{4}-\d/y,
    valid: aba,
    without: 'itself',
    certainty: 'checksum',
  },
  {
    type: 'US_BANK',
    rule: 'aba-routing',
    family: 'routing',
    pattern: /\d{9}/y,
    valid: aba,
    without: 'alone',
    certainty: 'checksum',
  },
  {
    type: 'US_BANK',
    rule: 'routing-labelled',
    family: 'routing',
    pattern: /\d{9}/y,
    without: 'label',
    certainty: 'context',
  },
  {
    type: 'US_BANK',
    rule: 'account-labelled',
    family: 'account',
    pattern: /\d{6,17}|\d{2,6}(?:[ -]\d{2,6}){1,4}/y,
    valid: (code) => code.length >= 6 && code.length <= 17,
    without: 'label',
    certainty: 'context',
  },
];
