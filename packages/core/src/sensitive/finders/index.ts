import type { BuiltInType } from '../types.ts';
import type { Scan } from '../scan.ts';
import { findBirth } from './birth.ts';
import { findCard } from './card.ts';
import { codeTable, findCodes } from './codes.ts';
import { findEmail } from './email.ts';
import { findIban } from './iban.ts';
import { findIp } from './ip.ts';
import { licenceRules } from './licence.ts';
import { findMac } from './mac.ts';
import { medicalRules } from './medical.ts';
import { nationalRules } from './national-id.ts';
import { passportRules } from './passport.ts';
import { findPhone } from './phone.ts';
import { ssnRules } from './us-ssn.ts';
import { usBankRules } from './us-bank.ts';

const rules = [...ssnRules, ...usBankRules, ...passportRules, ...licenceRules, ...medicalRules, ...nationalRules];
const codes = codeTable(rules);

export interface StructuredFinder {
  /** All that it finds. */
  readonly types: readonly BuiltInType[];
  readonly find: (scan: Scan) => void;
}

/** One row for each way of finding a structured type; the order settles what is equally sure and equally long. */
export const structuredFinders: readonly StructuredFinder[] = [
  { types: ['EMAIL'], find: findEmail },
  { types: ['CREDIT_CARD'], find: findCard },
  { types: ['IBAN'], find: findIban },
  { types: [...new Set(rules.map(({ type }) => type))], find: (scan) => findCodes(scan, codes) },
  { types: ['PHONE'], find: findPhone },
  { types: ['IP'], find: findIp },
  { types: ['MAC'], find: findMac },
  { types: ['DATE_OF_BIRTH'], find: findBirth },
];
