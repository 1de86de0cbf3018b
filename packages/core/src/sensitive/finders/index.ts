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

const codes = codeTable([
  ...ssnRules,
  ...usBankRules,
  ...passportRules,
  ...licenceRules,
  ...medicalRules,
  ...nationalRules,
]);
const findCodeTypes = (scan: Scan): void => findCodes(scan, codes);

/** One row for each way of finding a structured type; the order settles what is equally sure and equally long. */
export const structuredFinders: readonly ((scan: Scan) => void)[] = [
  findEmail,
  findCard,
  findIban,
  findCodeTypes,
  findPhone,
  findIp,
  findMac,
  findBirth,
];
