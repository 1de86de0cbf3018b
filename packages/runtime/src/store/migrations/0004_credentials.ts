import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Tools' credentials that are kept here, sealed, and which ones operators revoked. */
export const credentials: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('sealed_credentials')
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('slot', 'text', (column) => column.notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('sealed', 'blob', (column) => column.notNull())
      .addPrimaryKeyConstraint('sealed_credentials_key', ['name', 'slot'])
      .modifyEnd(sql`strict, without rowid`)
      .execute();
    await db.schema
      .createTable('revoked_credentials')
      .addColumn('name', 'text', (column) => column.notNull().primaryKey())
      .addColumn('revoked_at', 'integer', (column) => column.notNull())
      .modifyEnd(sql`strict, without rowid`)
      .execute();
  },
};
