import type { Kysely } from 'kysely';
import { RuntimeFault } from '@sallyport/core';
import type { CredentialStore } from '@sallyport/core';
import type { Database } from './schema.ts';

export function credentialStore(db: Kysely<Database>): CredentialStore {
  return {
    async sealed(name, slot) {
      const query = db.selectFrom('sealedCredentials').select(['version', 'sealed']);
      return await query.where('name', '=', name).where('slot', '=', slot).executeTakeFirst();
    },
    async seal(name, slot, { version, sealed }) {
      const inserted = db.insertInto('sealedCredentials').values({ name, slot, version, sealed });
      const written =
        version === 1
          ? await inserted.onConflict((conflict) => conflict.columns(['name', 'slot']).doNothing()).executeTakeFirst()
          : await db
              .updateTable('sealedCredentials')
              .set({ version, sealed })
              .where('name', '=', name)
              .where('slot', '=', slot)
              .where('version', '=', version - 1)
              .executeTakeFirst();
      const rows = 'numUpdatedRows' in written ? written.numUpdatedRows : written.numInsertedOrUpdatedRows;
      if (rows === 1n) return;
      throw new RuntimeFault('conflict', { detail: `The credential ${name} was changed in the meantime.` });
    },
    async revoked() {
      const rows = await db.selectFrom('revokedCredentials').select('name').orderBy('name').execute();
      return rows.map(({ name }) => name);
    },
    async setRevoked(name, at) {
      if (at === null) {
        await db.deleteFrom('revokedCredentials').where('name', '=', name).execute();
        return;
      }
      await db
        .insertInto('revokedCredentials')
        .values({ name, revokedAt: at })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .execute();
    },
  };
}
