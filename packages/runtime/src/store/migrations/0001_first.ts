import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

export const first: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await agents(db);
    await operators(db);
    await sessions(db);
    await entries(db);
    await appendOnly(db);
    await db.schema
      .createTable('settings')
      .addColumn('key', 'text', (column) => column.primaryKey().notNull())
      .addColumn('value', 'text', (column) => column.notNull())
      .modifyEnd(sql`strict`)
      .execute();
  },
};

async function agents(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('agents')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('roles', 'text', (column) => column.notNull())
    .addColumn('names_users', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'integer', (column) => column.notNull())
    .addColumn('disabled_at', 'integer')
    .modifyEnd(sql`strict`)
    .execute();
  await db.schema
    .createTable('agent_keys')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('agent_id', 'text', (column) => column.notNull().references('agents.id'))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull().unique())
    .addColumn('hint', 'text', (column) => column.notNull())
    .addColumn('created_at', 'integer', (column) => column.notNull())
    .addColumn('expires_at', 'integer')
    .addColumn('revoked_at', 'integer')
    .addColumn('last_used_at', 'integer')
    .modifyEnd(sql`strict`)
    .execute();
  await db.schema.createIndex('agent_keys_of_agent').on('agent_keys').columns(['agent_id', 'created_at']).execute();
}

async function operators(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('operators')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('created_at', 'integer', (column) => column.notNull())
    .addColumn('disabled_at', 'integer')
    .modifyEnd(sql`strict`)
    .execute();
  await db.schema
    .createTable('sign_ins')
    .addColumn('hash', 'text', (column) => column.primaryKey().notNull())
    .addColumn('operator_id', 'text', (column) => column.notNull().references('operators.id'))
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('created_at', 'integer', (column) => column.notNull())
    .addColumn('expires_at', 'integer', (column) => column.notNull())
    .modifyEnd(sql`strict`)
    .execute();
  await db.schema.createIndex('sign_ins_of_operator').on('sign_ins').column('operator_id').execute();
}

/** Agent and user are kept as they were when the session was opened. */
async function sessions(db: Kysely<unknown>): Promise<void> {
  let table = db.schema
    .createTable('sessions')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('agent_id', 'text', (column) => column.notNull())
    .addColumn('agent_name', 'text', (column) => column.notNull())
    .addColumn('agent_roles', 'text', (column) => column.notNull())
    .addColumn('user_id', 'text', (column) => column.notNull())
    .addColumn('user_roles', 'text', (column) => column.notNull())
    .addColumn('purpose', 'text', (column) => column.notNull())
    .addColumn('opened_at', 'integer', (column) => column.notNull())
    .addColumn('expires_at', 'integer', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull());
  for (const counter of ['model_calls', 'tool_calls', 'denied', 'held', 'tokens_in', 'tokens_out', 'cost_micros']) {
    table = table.addColumn(counter, 'integer', (column) => column.notNull().defaultTo(0));
  }
  await table.modifyEnd(sql`strict`).execute();
  // Lists of sessions, newest first: all, by state, by agent, by user.
  for (const [name, ...columns] of [
    ['newest'],
    ['by_state', 'state'],
    ['by_agent', 'agent_id'],
    ['by_user', 'user_id'],
  ]) {
    await db.schema
      .createIndex(`sessions_${name}`)
      .on('sessions')
      .columns([...columns, 'opened_at', 'id'])
      .execute();
  }
}

async function entries(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('entries')
    .addColumn('seq', 'integer', (column) => column.primaryKey().notNull())
    .addColumn('at', 'integer', (column) => column.notNull())
    .addColumn('session_id', 'text')
    .addColumn('kind', 'text')
    .addColumn('phase', 'text', (column) => column.notNull())
    .addColumn('outcome', 'text')
    .addColumn('entry', 'text', (column) => column.notNull())
    .modifyEnd(sql`strict`)
    .execute();
  // Every index and column is paid for by every append: kinds and agents are found from the newest backwards.
  await db.schema.createIndex('entries_of_session').on('entries').columns(['session_id', 'seq']).execute();
  await sql`create index entries_stopped on entries (outcome, seq)
    where phase = 'intent' and outcome in ('deny', 'require_approval')`.execute(db);
  await minutes(db);
  await db.schema
    .createTable('open_intents')
    .addColumn('event_id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('seq', 'integer', (column) => column.notNull())
    .modifyEnd(sql`strict, without rowid`)
    .execute();
}

/** EntryReader.activity: sums by the minute, kept by the transaction that appends. */
async function minutes(db: Kysely<unknown>): Promise<void> {
  let table = db.schema
    .createTable('activity_minutes')
    .addColumn('minute', 'integer', (column) => column.primaryKey().notNull());
  for (const sum of ['events', 'denied', 'held', 'tokens_in', 'tokens_out', 'cost_micros']) {
    table = table.addColumn(sum, 'integer', (column) => column.notNull());
  }
  await table.modifyEnd(sql`strict`).execute();
  await db.schema
    .createTable('denial_minutes')
    .addColumn('minute', 'integer', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('denials', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('denial_minutes_key', ['minute', 'reason'])
    .modifyEnd(sql`strict, without rowid`)
    .execute();
}

/** Guards against bugs, injected SQL and other programs that open the file; root can still drop them. */
async function appendOnly(db: Kysely<unknown>): Promise<void> {
  const refuse = sql`begin select raise(abort, 'entries are append-only'); end`;
  await sql`create trigger entries_no_update before update on entries ${refuse}`.execute(db);
  await sql`create trigger entries_no_delete before delete on entries ${refuse}`.execute(db);
  // Also refuses REPLACE, which a connection without recursive_triggers would let past the DELETE trigger.
  await sql`create trigger entries_in_order before insert on entries
    when new.seq is not (select coalesce(max(seq), 0) + 1 from entries) ${refuse}`.execute(db);
}
