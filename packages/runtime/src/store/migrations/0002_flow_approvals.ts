import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

export const flowAndApprovals: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('sessions').addColumn('scope', 'text').execute();
    await flow(db);
    await approvals(db);
    await votes(db);
    await final(db);
    await db.schema
      .createTable('manifests')
      .addColumn('name', 'text', (column) => column.primaryKey().notNull())
      .addColumn('manifest', 'text', (column) => column.notNull())
      .addColumn('definition', 'text', (column) => column.notNull())
      .addColumn('confirmed_by', 'text', (column) => column.notNull())
      .addColumn('confirmed_at', 'integer', (column) => column.notNull())
      .modifyEnd(sql`strict`)
      .execute();
    await ends(db);
  },
};

async function flow(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('flow_pieces')
    .addColumn('session_id', 'text', (column) => column.notNull())
    .addColumn('seq', 'integer', (column) => column.notNull())
    .addColumn('piece', 'blob', (column) => column.notNull())
    .addPrimaryKeyConstraint('flow_pieces_key', ['session_id', 'seq'])
    .modifyEnd(sql`strict`)
    .execute();
  await db.schema
    .createTable('session_salts')
    .addColumn('session_id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('salt', 'blob', (column) => column.notNull())
    .modifyEnd(sql`strict, without rowid`)
    .execute();
}

async function approvals(db: Kysely<unknown>): Promise<void> {
  const text = ['tenant', 'session_id', 'agent_id', 'agent', 'user_id', 'event_id', 'tool', 'binding', 'state'];
  let table = db.schema.createTable('approvals').addColumn('id', 'text', (column) => column.primaryKey().notNull());
  for (const name of text) table = table.addColumn(name, 'text', (column) => column.notNull());
  await table
    .addColumn('requested_at', 'integer', (column) => column.notNull())
    .addColumn('expires_at', 'integer', (column) => column.notNull())
    .addColumn('votes_needed', 'integer', (column) => column.notNull())
    .addColumn('used_by', 'text')
    .addColumn('detail', 'blob')
    .addCheckConstraint(
      'approvals_state',
      sql`state in ('pending', 'approved', 'rejected', 'expired', 'used', 'withdrawn')`,
    )
    .addCheckConstraint('approvals_used', sql`(state = 'used') = (used_by is not null)`)
    .addCheckConstraint('approvals_votes', sql`votes_needed >= 1`)
    .modifyEnd(sql`strict`)
    .execute();
  // Of two that ask at once about the same call, one makes the approval.
  await sql`create unique index approvals_open on approvals (binding) where state in ('pending', 'approved')`.execute(
    db,
  );
  await sql`create index approvals_due on approvals (expires_at) where state in ('pending', 'approved')`.execute(db);
  await db.schema.createIndex('approvals_of_binding').on('approvals').columns(['binding', 'requested_at']).execute();
  for (const [name, ...columns] of [['newest'], ['by_state', 'state'], ['of_session', 'session_id']]) {
    await db.schema
      .createIndex(`approvals_${name}`)
      .on('approvals')
      .columns([...columns, 'requested_at', 'id'])
      .execute();
  }
}

/** A vote and the state that follows from it are one statement, so that no two votes can both miss the other. */
async function votes(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('approval_votes')
    .addColumn('approval_id', 'text', (column) => column.notNull().references('approvals.id'))
    .addColumn('operator_id', 'text', (column) => column.notNull())
    .addColumn('operator', 'text', (column) => column.notNull())
    .addColumn('answer', 'text', (column) => column.notNull())
    .addColumn('at', 'integer', (column) => column.notNull())
    .addColumn('note', 'text')
    .addPrimaryKeyConstraint('approval_votes_key', ['approval_id', 'operator_id'])
    .addCheckConstraint('approval_votes_answer', sql`answer in ('once', 'value', 'reject')`)
    .modifyEnd(sql`strict`)
    .execute();
  await sql`create trigger approval_votes_count after insert on approval_votes begin
    update approvals set state = case
      when new.answer = 'reject' then 'rejected'
      when (select count(*) from approval_votes where approval_id = new.approval_id and answer <> 'reject')
        >= votes_needed then 'approved'
      else state end
    where id = new.approval_id and state = 'pending';
  end`.execute(db);
}

/** What was answered stays answered: against bugs of ours, which could otherwise let one answer serve twice. */
async function final(db: Kysely<unknown>): Promise<void> {
  const refuse = (what: string) => sql`begin select raise(abort, ${sql.lit(what)}); end`;
  await sql`create trigger approvals_final before update of state on approvals
    when new.state <> old.state and (
      old.state not in ('pending', 'approved')
      or new.state = 'pending'
      or (new.state in ('approved', 'rejected') and old.state <> 'pending')
      or (new.state = 'used' and old.state <> 'approved'))
    ${refuse('an approval does not go back')}`.execute(db);
  await sql`create trigger approvals_fixed
    before update of id, tenant, session_id, agent_id, user_id, tool, binding, votes_needed on approvals
    ${refuse('what was asked does not change')}`.execute(db);
  await sql`create trigger approvals_kept before delete on approvals ${refuse('approvals are kept')}`.execute(db);
  await sql`create trigger approval_votes_fixed before update on approval_votes
    ${refuse('a vote does not change')}`.execute(db);
  await sql`create trigger approval_votes_kept before delete on approval_votes ${refuse('votes are kept')}`.execute(db);
}

/** The very commit that ends a session destroys what was sealed for it, so that no crash can keep it. */
async function ends(db: Kysely<unknown>): Promise<void> {
  await sql`create trigger sessions_end after update of state on sessions when new.state <> 'open' begin
    delete from flow_pieces where session_id = new.id;
    delete from session_salts where session_id = new.id;
    update approvals set detail = null where session_id = new.id and detail is not null;
  end`.execute(db);
}
