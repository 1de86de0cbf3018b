import { CompiledQuery, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import type { DatabaseConnection, DatabaseIntrospector, Dialect, Driver, Kysely, QueryResult } from 'kysely';
import type { SQLInputValue } from 'node:sqlite';
import { RuntimeFault } from '@sallyport/core';
import type { SqliteWorker } from './worker-client.ts';

export interface WorkerDialectOptions {
  readonly writer: SqliteWorker;
  /** Answers SELECT outside transactions; without one the writer does. */
  readonly reader?: SqliteWorker;
}

/** Kysely on SQLite in worker threads: compiled queries go there, rows come back. */
export class WorkerDialect implements Dialect {
  readonly #options: WorkerDialectOptions;

  constructor(options: WorkerDialectOptions) {
    this.#options = options;
  }

  createDriver = (): Driver => new WorkerDriver(this.#options);
  createQueryCompiler = () => new SqliteQueryCompiler();
  createAdapter = () => new TransactionalAdapter();
  createIntrospector = (db: Kysely<unknown>): DatabaseIntrospector => new SqliteIntrospector(db);
}

/** SQLite does roll back DDL; Kysely's own adapter only does not count on it. A migration is so done or not begun. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class WorkerDriver implements Driver {
  readonly #options: WorkerDialectOptions;
  readonly #connection: WorkerConnection;

  constructor(options: WorkerDialectOptions) {
    this.#options = options;
    this.#connection = new WorkerConnection(options);
  }

  async init(): Promise<void> {}
  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }

  /** With a reader we are in service: the log shares the writer, and its entries must not land in somebody's transaction. */
  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#options.reader !== undefined) throw new TypeError('Only migrations may open a transaction');
    await connection.executeQuery(CompiledQuery.raw('BEGIN IMMEDIATE'));
  }
  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('COMMIT'));
  }
  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('ROLLBACK'));
  }

  async releaseConnection(): Promise<void> {}
  /** The threads belong to whoever started them. */
  async destroy(): Promise<void> {}
}

class WorkerConnection implements DatabaseConnection {
  readonly #options: WorkerDialectOptions;

  constructor(options: WorkerDialectOptions) {
    this.#options = options;
  }

  async executeQuery<R>({ sql, parameters, query }: CompiledQuery): Promise<QueryResult<R>> {
    for (const value of parameters) checkText(value);
    const { writer, reader = writer } = this.#options;
    const worker = query.kind === 'SelectQueryNode' ? reader : writer;
    const answer = await worker.query({ sql, parameters: parameters as readonly SQLInputValue[] });
    return { rows: answer.rows as unknown as R[], numAffectedRows: BigInt(answer.changes) };
  }

  // oxlint-disable-next-line require-yield -- the contract asks for a generator, and rows come in one message
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new TypeError('Streaming is not offered: read in pages');
  }
}

/** A lone surrogate would be stored as U+FFFD and so make two names one; NUL is refused by other databases. */
function checkText(value: unknown): void {
  if (typeof value !== 'string' || (value.isWellFormed() && !value.includes('\0'))) return;
  throw new RuntimeFault('invalid_request', {
    detail: `${JSON.stringify(value.slice(0, 40))} holds a NUL character or half a surrogate pair. Remove it.`,
  });
}
