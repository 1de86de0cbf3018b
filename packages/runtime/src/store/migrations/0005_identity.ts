import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What identity providers say of users and operators. */
export const identity: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('sessions').addColumn('user_claims', 'text').execute();
    await db.schema.alterTable('sessions').addColumn('user_issuer', 'text').execute();
    await db.schema.alterTable('operators').addColumn('account', 'text').execute();
    // Of two sign-ins of one account at once, one makes the operator.
    await sql`create unique index operators_account on operators (account) where account is not null`.execute(db);
    await db.schema
      .createTable('user_tokens')
      .addColumn('session_id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('sealed', 'blob', (column) => column.notNull())
      .modifyEnd(sql`strict`)
      .execute();
    // Like what a session's end destroys of its flow, in the same commit.
    await sql`create trigger sessions_end_user_token after update of state on sessions when new.state <> 'open' begin
      delete from user_tokens where session_id = new.id;
    end`.execute(db);
  },
};
