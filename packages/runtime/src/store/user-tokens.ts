import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { UserTokenStore } from '@sallyport/core';
import { notOpen } from './flow.ts';
import type { Database } from './schema.ts';

export const userTokenStore = (db: Kysely<Database>): UserTokenStore => ({
  async set(sessionId, sealed) {
    // In one statement with the question whether the session is open: nothing may come after what its end destroyed.
    const query = sql`insert into user_tokens (session_id, sealed)
      select id, ${sealed} from sessions where id = ${sessionId} and state = 'open'
      on conflict (session_id) do update set sealed = excluded.sealed`;
    if ((await query.execute(db)).numAffectedRows === 0n) throw notOpen(sessionId);
  },
  async get(sessionId) {
    const query = db.selectFrom('userTokens').select('sealed').where('sessionId', '=', sessionId);
    return (await query.executeTakeFirst())?.sealed;
  },
});
