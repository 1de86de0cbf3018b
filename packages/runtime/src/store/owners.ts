import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { OwnerStore } from '@sallyport/core';
import { maxLimit } from './limit.ts';
import type { Database } from './schema.ts';

/** Rows of one statement: SQLite takes 32,766 values. */
const maxRows = 5_000;

export function ownerStore(db: Kysely<Database>): OwnerStore {
  return {
    async load(take) {
      let query = db.selectFrom('ownedIdentifiers').selectAll().orderBy('tenant').orderBy('digest').orderBy('owner');
      query = query.limit(maxLimit);
      for (let rows = await query.execute(); rows.length > 0;) {
        take(rows);
        const last = rows.at(-1);
        if (!last || rows.length < maxLimit) return;
        const { tenant, digest, owner } = last;
        rows = await query.where(sql<boolean>`(tenant, digest, owner) > (${tenant}, ${digest}, ${owner})`).execute();
      }
    },
    async add(rows) {
      for (let from = 0; from < rows.length; from += maxRows) {
        await db
          .insertInto('ownedIdentifiers')
          .values(rows.slice(from, from + maxRows).map((row) => ({ ...row })))
          .onConflict((conflict) =>
            conflict
              .columns(['tenant', 'digest', 'owner'])
              .doUpdateSet({ seenAt: sql`max(seen_at, excluded.seen_at)` }),
          )
          .execute();
      }
    },
    async forget(tenant, owner) {
      const query = db.deleteFrom('ownedIdentifiers').where('tenant', '=', tenant).where('owner', '=', owner);
      return Number((await query.executeTakeFirst()).numDeletedRows);
    },
    async expire(seenBefore) {
      const query = db.deleteFrom('ownedIdentifiers').where('seenAt', '<', seenBefore);
      return Number((await query.executeTakeFirst()).numDeletedRows);
    },
  };
}
