import type { Kysely } from 'kysely';
import type { OperatorRecord, OperatorStore, SignInRecord } from '@sallyport/core';
import { changed } from './agents.ts';
import type { Database, OperatorTable } from './schema.ts';

export function operatorStore(db: Kysely<Database>): OperatorStore {
  return {
    list: async () =>
      (await db.selectFrom('operators').selectAll().orderBy('createdAt').orderBy('id').execute()).map(toOperator),
    async get(id) {
      const row = await db.selectFrom('operators').selectAll().where('id', '=', id).executeTakeFirst();
      return row && toOperator(row);
    },
    async insert({ id, name, role, createdAt, disabledAt, account = null }) {
      await db.insertInto('operators').values({ id, name, role, createdAt, disabledAt, account }).execute();
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

const toOperator = ({ account, ...row }: OperatorTable): OperatorRecord => ({
  ...(row as OperatorRecord),
  ...(account === null ? {} : { account }),
});
