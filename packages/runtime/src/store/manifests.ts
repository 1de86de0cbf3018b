import type { Kysely } from 'kysely';
import { manifestSchema } from '@sallyport/core';
import type { ManifestStore } from '@sallyport/core';
import type { Database } from './schema.ts';

export function manifestStore(db: Kysely<Database>): ManifestStore {
  return {
    async list() {
      const rows = await db.selectFrom('manifests').selectAll().orderBy('name').execute();
      // Parsed, because an older version may have written it: what it did not know takes its default.
      return rows.map((row) => ({ ...row, manifest: manifestSchema.parse(JSON.parse(row.manifest)) }));
    },
    async set({ name, manifest, definition, confirmedBy, confirmedAt }) {
      const change = { manifest: JSON.stringify(manifest), definition, confirmedBy, confirmedAt };
      await db
        .insertInto('manifests')
        .values({ name, ...change })
        .onConflict((conflict) => conflict.column('name').doUpdateSet(change))
        .execute();
    },
    async delete(name) {
      const { numDeletedRows } = await db.deleteFrom('manifests').where('name', '=', name).executeTakeFirst();
      return numDeletedRows > 0n;
    },
  };
}
