import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { Postgres } from './postgres.ts';

export interface Order {
  readonly id: string;
  readonly customer_id: string;
  readonly item: string;
  readonly address: string;
  readonly status: string;
}

/** Runs SQL within one transaction, for one customer. */
export type Query = (sql: string, values?: readonly string[]) => Promise<readonly Record<string, unknown>[]>;

const schema = readFileSync(join(import.meta.dirname, 'schema.sql'), 'utf8');

/** The shop's database. What the API may do in it is `forCustomer`, and nothing else. */
export class OrdersDatabase {
  readonly #admin: pg.Client;
  readonly #api: pg.Pool;
  /** Held by the API's way in, never by an operation. */
  readonly #key: Buffer;

  private constructor(admin: pg.Client, api: pg.Pool, key: Buffer) {
    this.#admin = admin;
    this.#api = api;
    this.#key = key;
    // An idle connection that breaks is replaced; without a listener it would end the process.
    api.on('error', () => undefined);
  }

  /** Makes the tables and the role of the API, and connects as both. */
  static async create({ admin: superuser }: Postgres, orders: readonly Order[]): Promise<OrdersDatabase> {
    const first = new pg.Client({ ...superuser, database: 'postgres' });
    await first.connect();
    const password = randomBytes(24).toString('base64url');
    await first.query(
      `create role orders_api login nosuperuser nobypassrls nocreatedb nocreaterole password ${pg.escapeLiteral(password)}`,
    );
    await first.query('revoke connect on database postgres, template1 from public');
    await first.query('create database orders');
    await first.end();
    const admin = new pg.Client({ ...superuser, database: 'orders' });
    await admin.connect();
    await admin.query(schema);
    const key = randomBytes(32);
    await admin.query('insert into app.sealing values ($1)', [key]);
    const api = new pg.Pool({ ...superuser, user: 'orders_api', password, database: 'orders', max: 8 });
    const made = new OrdersDatabase(admin, api, key);
    await made.restore(orders);
    return made;
  }

  /**
   * Runs `work` in a transaction in which row-level security knows one customer. Before the connection serves anybody
   * else, all that the work left on it is gone: cursors, settings, prepared statements.
   */
  async forCustomer<T>(customer: string, work: (query: Query) => Promise<T>): Promise<T> {
    const client = await this.#api.connect();
    const query: Query = async (sql, values) => rowsOf(await client.query(sql, values && [...values]));
    let done = false;
    try {
      await client.query('begin');
      const [row] = await query('select pg_current_xact_id()::text as xid');
      const seal = this.#seal(`${String(row?.['xid'])} ${customer}`);
      await query("select set_config('app.customer', $1, true), set_config('app.seal', $2, true)", [customer, seal]);
      const result = await work(query);
      await client.query('commit');
      done = true;
      return result;
    } finally {
      if (!done) await client.query('rollback').catch(() => undefined);
      const clean = await client.query('discard all').then(
        () => true,
        () => false,
      );
      client.release(!clean);
    }
  }

  /** HMAC's nesting, in functions that every Postgres has. */
  #seal(text: string): string {
    const inner = createHash('sha256').update(this.#key).update(text).digest();
    return createHash('sha256').update(this.#key).update(inner).digest('hex');
  }

  /** All orders, as the superuser sees them: what really is in the tables. */
  async all(): Promise<readonly Order[]> {
    const { rows } = await this.#admin.query<Order>('select * from public.orders order by id');
    return rows;
  }

  /** Puts the orders back as they were. */
  async restore(orders: readonly Order[]): Promise<void> {
    await this.#admin.query('begin');
    await this.#admin.query('delete from public.orders');
    for (const { id, customer_id: customer, item, address, status } of orders) {
      const values = [id, customer, item, address, status];
      await this.#admin.query('insert into public.orders values ($1, $2, $3, $4, $5)', values);
    }
    await this.#admin.query('commit');
  }

  /** Changes the schema as its superuser: only to show that what is weaker is found out by the same checks. */
  async weaken(sql: string): Promise<void> {
    await this.#admin.query(sql);
  }

  async close(): Promise<void> {
    await Promise.all([this.#api.end(), this.#admin.end()]);
  }
}

/** Several statements at once have several results: what they all returned. */
const rowsOf = (result: pg.QueryResult | pg.QueryResult[]): Record<string, unknown>[] =>
  [result].flat().flatMap(({ rows }) => rows as Record<string, unknown>[]);
