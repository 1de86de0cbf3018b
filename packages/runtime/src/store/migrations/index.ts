import type { Migration } from 'kysely/migration';
import { credentials } from './0004_credentials.ts';
import { content } from './0003_content.ts';
import { derived } from './0006_derived.ts';
import { first } from './0001_first.ts';
import { flowAndApprovals } from './0002_flow_approvals.ts';
import { identity } from './0005_identity.ts';

/** Forward only, in order of name. One that has been released is never changed again. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001_first': first,
  '0002_flow_approvals': flowAndApprovals,
  '0003_content': content,
  '0004_credentials': credentials,
  '0005_identity': identity,
  '0006_derived': derived,
};
