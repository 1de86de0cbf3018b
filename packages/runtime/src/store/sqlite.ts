import { CamelCasePlugin, Kysely } from 'kysely';
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import type { AuditLog, Clock, Store } from '@sallyport/core';
import { RuntimeFault } from '@sallyport/core';
import { Derived } from '../audit/derived.ts';
import { openAuditLog } from '../audit/log.ts';
import { entriesAfter, placeOfLast } from './entries.ts';
import { lockDataFile } from './lock.ts';
import { migrate } from './migrate.ts';
import { storesOf } from './index.ts';
import { SqliteWorker } from './worker-client.ts';
import { WorkerDialect } from './worker-dialect.ts';
import type { Database } from './schema.ts';

export interface SqliteOptions {
  /** Path of the data file. A missing folder is made, with mode 0700. */
  readonly file: string;
  readonly clock: Clock;
  /** How long an append to the audit log may wait, in milliseconds. */
  readonly appendTimeoutMs?: number;
}

export interface SqliteStore {
  /** `store.close()` first waits for what the log holds, then ends both. */
  readonly store: Store;
  readonly audit: AuditLog;
  /** For tests and tools. */
  readonly db: Kysely<Database>;
}

/** Opens the store and its audit log. Throws `store_unavailable` when the file cannot serve, or is in use. */
export async function openSqliteStore(options: SqliteOptions): Promise<SqliteStore> {
  const { clock } = options;
  const file = prepareFile(options.file);
  const lock = lockDataFile(file, clock.now());
  const writer = new SqliteWorker({ file, role: 'writer', sealed: false }, clock);
  const reader = new SqliteWorker({ file, role: 'reader', sealed: true }, clock);
  const shut = async () => {
    // The last one to close writes the WAL back, and only the writer can: what was destroyed would stand in the data file.
    await reader.close();
    await writer.close();
    lock.release();
  };
  try {
    await migrate(writer, file);
    await writer.seal();
  } catch (error) {
    await shut();
    throw error;
  }
  const db = new Kysely<Database>({ dialect: new WorkerDialect({ writer, reader }), plugins: [new CamelCasePlugin()] });
  const { audit, tables } = openLog(db, writer, options);
  let closing: Promise<void> | undefined;
  const close = async () => {
    await audit.close();
    await tables.close();
    await shut();
  };
  try {
    await tables.catchUp();
  } catch (error) {
    await close();
    throw error;
  }
  const store: Store = {
    ...storesOf(db, writer, () => tables.catchUp()),
    close: () => (closing ??= close()),
  };
  return { store, audit, db };
}

function openLog(db: Kysely<Database>, writer: SqliteWorker, { clock, appendTimeoutMs }: SqliteOptions) {
  const tables = derivedTables(db, writer, clock);
  const audit = openAuditLog({
    append: async (batch) => {
      try {
        return await writer.append(batch);
      } catch (error) {
        // The thread may have died between the commit and the answer: written again, what nobody waits for would stand twice.
        const first = await placeOfLast(db, batch.rows).catch(() => undefined);
        if (first !== undefined) return first;
        tables.doubt();
        throw error;
      }
    },
    join: (then, awaited) => writer.join(then, awaited),
    clock,
    ...(appendTimeoutMs === undefined ? {} : { timeoutMs: appendTimeoutMs }),
  });
  audit.subscribe((entries) => tables.note(entries));
  return { audit, tables };
}

/** The log's own tables, read past the stores, which wait for them. */
function derivedTables(db: Kysely<Database>, writer: SqliteWorker, clock: Clock): Derived {
  return new Derived({
    clock,
    mark: async () => (await db.selectFrom('derived').select('seq').executeTakeFirstOrThrow()).seq,
    read: (after, limit) => entriesAfter(db, after, limit),
    write: (from, to, rows) => writer.derive({ from, to, rows }),
  });
}

/**
 * Makes the file and its folder where missing, for their owner only (an existing folder is the operator's own), and
 * resolves to its real path, so that a link is no second lock. SQLite gives its side files the mode of the data file.
 */
function prepareFile(file: string): string {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // Never opened where it exists: closing a second descriptor would drop this process' own locks on it (POSIX).
    if (!existsSync(file)) closeSync(openSync(file, 'ax', 0o600));
    chmodSync(file, 0o600);
    return realpathSync(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const detail = `${file} cannot be opened: ${why}. Check the rights of the data folder.`;
    throw new RuntimeFault('store_unavailable', { detail, cause: error });
  }
}
