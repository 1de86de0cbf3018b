import type { CodeRule } from './codes.ts';

export const licenceRules: readonly CodeRule[] = [
  // Region of issue 11 to 28.
  {
    type: 'DRIVER_LICENSE',
    rule: 'kr-licence',
    family: 'licence',
    pattern: /(?:1[1-9]|2[0-68])([- ])\d{2}\1\d{6}\1\d{2}/y,
    without: 'itself',
    certainty: 'format',
  },
  {
    type: 'DRIVER_LICENSE',
    rule: 'kr-licence-plain',
    family: 'licence',
    pattern: /(?:1[1-9]|2[0-68])\d{10}/y,
    without: 'alone',
    certainty: 'format',
  },
  {
    type: 'DRIVER_LICENSE',
    rule: 'it-licence',
    family: 'licence',
    pattern: /(?:U1[B-DF-HJ-NPR-TV-Z\d]{7}[A-Z]|[A-Z]{2}\d{7}[A-Z])/iy,
    without: 'alone',
    certainty: 'format',
  },
  {
    type: 'DRIVER_LICENSE',
    rule: 'gb-licence',
    family: 'licence',
    pattern: /[A-Z9]{5}\d[0156]\d(?:[0-2]\d|3[01])\d[A-Z9]{2}[A-Z\d]{3}(?: ?\d{2})?/iy,
    without: 'itself',
    certainty: 'format',
  },
  {
    type: 'DRIVER_LICENSE',
    rule: 'licence-labelled',
    family: 'licence',
    pattern: /(?:[A-Z]{1,5}[ -]?|[a-z]{1,5})?\d[A-Za-z\d]{0,17}(?:[- ]\d[A-Za-z\d]{0,8}){0,5}/y,
    valid: (code) => code.length >= 5 && code.length <= 20 && (code.match(/\d/g)?.length ?? 0) >= 4,
    without: 'label',
    certainty: 'context',
  },
];
