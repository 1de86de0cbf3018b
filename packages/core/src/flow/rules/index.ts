import type { VouchRule } from './rule.ts';
import { amounts } from './amounts.ts';
import { confirmations } from './confirmations.ts';
import { delegation } from './delegation.ts';
import { derived } from './derived.ts';
import { endorsements } from './endorsements.ts';
import { identity } from './identity.ts';
import { local } from './local.ts';
import { lookups } from './lookups.ts';
import { people } from './people.ts';
import { sites } from './sites.ts';
import { sources } from './sources.ts';

/** In the order in which they are asked: the plainest explanation first. */
export const vouchRules: readonly VouchRule[] = [
  endorsements,
  confirmations,
  identity,
  sites,
  lookups,
  people,
  delegation,
  sources,
  derived,
  amounts,
  local,
];
