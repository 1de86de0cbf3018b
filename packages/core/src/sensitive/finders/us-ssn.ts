import type { CodeRule } from './codes.ts';

/** Numbers that were printed on wallets and in brochures, which the administration never gave or took back. */
const printed = new Set([
  '078051120',
  '219099999',
  '457555462',
  '123456789',
  '987654321',
  '111111111',
  '222222222',
  '333333333',
  '444444444',
  '555555555',
  '777777777',
  '888888888',
]);

/** Areas 000, 666 and 9xx, group 00 and serial 0000 are never given (SSA, randomisation of 2011). */
const given = (code: string): boolean => !/^(?:000|666|9)|^\d{3}00|0000$/.test(code) && !printed.has(code);

/** US social security numbers. */
export const ssnRules: readonly CodeRule[] = [
  {
    type: 'US_SSN',
    rule: 'us-ssn',
    family: 'ssn',
    pattern: /\d{3}-\d{2}-\d{4}/y,
    valid: given,
    without: 'itself',
    certainty: 'format',
  },
  {
    type: 'US_SSN',
    rule: 'us-ssn-spaced',
    family: 'ssn',
    pattern: /(?<!\d[ .])\d{3}([ .])\d{2}\1\d{4}(?![ .]\d)/y,
    valid: given,
    without: 'itself',
    certainty: 'format',
  },
  {
    type: 'US_SSN',
    rule: 'us-ssn-apart',
    family: 'ssn',
    pattern: /\d ?\d ?\d ?[-. ] ?\d ?\d ?[-. ] ?\d ?\d ?\d ?\d/y,
    without: 'label',
    certainty: 'format',
  },
  {
    type: 'US_SSN',
    rule: 'us-ssn-plain',
    family: 'ssn',
    pattern: /\d{9}/y,
    valid: given,
    without: 'label',
    certainty: 'format',
  },
];
