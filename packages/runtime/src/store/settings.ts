import type { Kysely } from 'kysely';
import type { SettingStore } from '@sallyport/core';
import type { Database } from './schema.ts';

export function settingStore(db: Kysely<Database>): SettingStore {
  const get = async (key: string): Promise<string | undefined> =>
    (await db.selectFrom('settings').select('value').where('key', '=', key).executeTakeFirst())?.value;
  return {
    get,
    async setOnce(key, value) {
      await db
        .insertInto('settings')
        .values({ key, value })
        .onConflict((conflict) => conflict.column('key').doNothing())
        .execute();
      return (await get(key)) ?? value;
    },
  };
}
