import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Tables that follow from the log, in bulk, so that an append writes the log alone; see `audit/derived.ts`. */
export const derived: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('derived')
      .addColumn('id', 'integer', (column) => column.primaryKey().notNull())
      .addColumn('seq', 'integer', (column) => column.notNull())
      .addCheckConstraint('derived_once', sql`id = 1`)
      .modifyEnd(sql`strict`)
      .execute();
    // So far each append had kept them itself.
    await sql`insert into derived (id, seq) select 1, coalesce(max(seq), 0) from entries`.execute(db);
    await db.schema
      .createTable('session_entries')
      .addColumn('session_id', 'text', (column) => column.notNull())
      .addColumn('seq', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('session_entries_key', ['session_id', 'seq'])
      .modifyEnd(sql`strict, without rowid`)
      .execute();
    await sql`insert into session_entries (session_id, seq)
      select session_id, seq from entries where session_id is not null order by session_id, seq`.execute(db);
    for (const [name, act] of [
      ['session_entries_fixed', 'update'],
      ['session_entries_kept', 'delete'],
    ] as const) {
      await sql`create trigger ${sql.raw(name)} before ${sql.raw(act)} on session_entries
        begin select raise(abort, 'entries are append-only'); end`.execute(db);
    }
    await db.schema.dropIndex('entries_of_session').execute();
  },
};
