import type { Kysely } from 'kysely';
import type { SettingStore } from '@sallyport/core';
import { changed } from './agents.ts';
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
    async replace(key, before, after) {
      const query = db.updateTable('settings').set({ value: after }).where('key', '=', key).where('value', '=', before);
      return changed(await query.executeTakeFirst());
    },
  };
}
