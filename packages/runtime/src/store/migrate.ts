import { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { RuntimeFault } from '@sallyport/core';
import { migrations } from './migrations/index.ts';
import { WorkerDialect } from './worker-dialect.ts';
import type { SqliteWorker } from './worker-client.ts';

/** Brings the database up to this version, each step whole or not at all. Refuses one that a newer version wrote. */
export async function migrate(writer: SqliteWorker, file: string): Promise<void> {
  const db = new Kysely<unknown>({ dialect: new WorkerDialect({ writer }) });
  await refuseForeign(writer, file);
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } });
  const { error } = await migrator.migrateToLatest();
  if (error instanceof RuntimeFault) throw error;
  if (error !== undefined)
    throw new RuntimeFault('store_unavailable', { detail: `${file}: ${messageOf(error)}`, cause: error });
}

async function refuseForeign(writer: SqliteWorker, file: string): Promise<void> {
  const ask = async (sql: string) => (await writer.query({ sql, parameters: [] })).rows;
  const tables = new Set((await ask("SELECT name FROM sqlite_schema WHERE type = 'table'")).map(({ name }) => name));
  if (tables.size === 0) return;
  if (!tables.has('kysely_migration')) {
    const detail = `${file} is a database of another program. Name another folder for Sallyport's data.`;
    throw new RuntimeFault('store_unavailable', { detail });
  }
  const newer = (await ask('SELECT name FROM kysely_migration ORDER BY name')).map(({ name }) => String(name));
  const unknown = newer.filter((name) => !(name in migrations));
  if (unknown.length === 0) return;
  throw new RuntimeFault('store_unavailable', {
    detail:
      `${file} was written by a newer version of Sallyport (it knows ${unknown.join(', ')}; ` +
      `this version ends at ${Object.keys(migrations).at(-1)}). Install that version, or restore an older backup.`,
  });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
