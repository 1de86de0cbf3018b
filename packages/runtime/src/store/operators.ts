import type { Kysely } from 'kysely';
import type { OperatorRecord, OperatorStore, SignInRecord } from '@sallyport/core';
import { changed } from './agents.ts';
import type { Database } from './schema.ts';

export function operatorStore(db: Kysely<Database>): OperatorStore {
  return {
    list: async () =>
      (await db.selectFrom('operators').selectAll().orderBy('createdAt').orderBy('id').execute()) as OperatorRecord[],
    get: async (id) =>
      (await db.selectFrom('operators').selectAll().where('id', '=', id).executeTakeFirst()) as
        OperatorRecord | undefined,
    async insert({ id, name, role, createdAt, disabledAt }) {
      await db.insertInto('operators').values({ id, name, role, createdAt, disabledAt }).execute();
    },
    async update(id, change) {
      return changed(
        await db
          .updateTable('operators')
          .set({ id, ...change })
          .where('id', '=', id)
          .executeTakeFirst(),
      );
    },
    async insertSignIn({ hash, operatorId, kind, createdAt, expiresAt }) {
      await db.insertInto('signIns').values({ hash, operatorId, kind, createdAt, expiresAt }).execute();
    },
    signIn: async (hash) =>
      (await db.selectFrom('signIns').selectAll().where('hash', '=', hash).executeTakeFirst()) as
        SignInRecord | undefined,
    // One statement, so that a link read twice at the same moment lets one in.
    takeSignIn: async (hash) =>
      (await db.deleteFrom('signIns').where('hash', '=', hash).returningAll().executeTakeFirst()) as
        SignInRecord | undefined,
    async deleteSignIns(operatorId) {
      await db.deleteFrom('signIns').where('operatorId', '=', operatorId).execute();
    },
  };
}
