import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What the content guards keep: the tokens of a session, and to whom identifiers belong. */
export const content: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('vault_pieces')
      .addColumn('session_id', 'text', (column) => column.notNull())
      .addColumn('seq', 'integer', (column) => column.notNull())
      .addColumn('piece', 'blob', (column) => column.notNull())
      .addPrimaryKeyConstraint('vault_pieces_key', ['session_id', 'seq'])
      .modifyEnd(sql`strict`)
      .execute();
    // Like what a session's end destroys of its flow, in the same commit.
    await sql`create trigger sessions_end_vault after update of state on sessions when new.state <> 'open' begin
      delete from vault_pieces where session_id = new.id;
    end`.execute(db);
    await db.schema
      .createTable('owned_identifiers')
      .addColumn('tenant', 'text', (column) => column.notNull())
      .addColumn('digest', 'blob', (column) => column.notNull())
      .addColumn('owner', 'blob', (column) => column.notNull())
      .addColumn('type', 'text', (column) => column.notNull())
      .addColumn('shape', 'text', (column) => column.notNull())
      .addColumn('seen_at', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('owned_identifiers_key', ['tenant', 'digest', 'owner'])
      .modifyEnd(sql`strict, without rowid`)
      .execute();
    await db.schema
      .createIndex('owned_identifiers_of_owner')
      .on('owned_identifiers')
      .columns(['tenant', 'owner'])
      .execute();
    await db.schema.createIndex('owned_identifiers_seen').on('owned_identifiers').column('seen_at').execute();
  },
};
