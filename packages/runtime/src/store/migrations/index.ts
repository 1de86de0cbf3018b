import type { Migration } from 'kysely/migration';
import { first } from './0001_first.ts';

/** Forward only, in order of name. One that has been released is never changed again. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001_first': first,
};
