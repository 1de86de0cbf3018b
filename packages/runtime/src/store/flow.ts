import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { RuntimeFault } from '@sallyport/core';
import type { FlowStore, VaultStore } from '@sallyport/core';
import type { Database } from './schema.ts';

type Pieces = 'flowPieces' | 'vaultPieces';

/** Pieces of a session, in order. */
function pieceStore(db: Kysely<Database>, table: Pieces): VaultStore {
  const load: FlowStore['load'] = async (sessionId) => {
    const query = db.selectFrom(table).select('piece').where('sessionId', '=', sessionId).orderBy('seq');
    return (await query.execute()).map(({ piece }) => piece);
  };
  return {
    async append(sessionId, from, pieces) {
      if (pieces.length === 0) return;
      const places = sql.join(pieces.map((piece, index) => sql`(${from + index}, ${piece})`));
      // In one statement with the question whether the session is open: nothing may come after what its end destroyed.
      const query = sql`insert into ${sql.table(table)} (session_id, seq, piece)
        select sessions.id, column1, column2 from (values ${places}), sessions
        where sessions.id = ${sessionId} and state = 'open'`;
      try {
        if ((await query.execute(db)).numAffectedRows !== 0n) return;
      } catch (error) {
        if (!(error instanceof RuntimeFault) || error.code !== 'conflict') throw error;
        const stored = (await load(sessionId)).slice(from, from + pieces.length);
        if (stored.length === pieces.length && stored.every((piece, index) => equal(piece, pieces[index]))) return;
        throw error;
      }
      throw notOpen(sessionId);
    },
    load,
    async delete(sessionId) {
      await db.deleteFrom(table).where('sessionId', '=', sessionId).execute();
    },
  };
}

export const vaultStore = (db: Kysely<Database>): VaultStore => pieceStore(db, 'vaultPieces');

export function flowStore(db: Kysely<Database>): FlowStore {
  const pieces = pieceStore(db, 'flowPieces');
  return {
    ...pieces,
    async salt(sessionId, fresh) {
      if (fresh !== undefined) {
        await sql`insert into session_salts (session_id, salt)
          select id, ${fresh} from sessions where id = ${sessionId} and state = 'open'
          on conflict (session_id) do nothing`.execute(db);
      }
      const query = db.selectFrom('sessionSalts').select('salt').where('sessionId', '=', sessionId);
      return (await query.executeTakeFirst())?.salt;
    },
    async delete(sessionId) {
      await db.deleteFrom('sessionSalts').where('sessionId', '=', sessionId).execute();
      await pieces.delete(sessionId);
    },
  };
}

export const notOpen = (sessionId: string): RuntimeFault =>
  new RuntimeFault('conflict', { detail: `Session ${sessionId.slice(0, 40)} is not open.` });

const equal = (one: Uint8Array, other: Uint8Array | undefined): boolean =>
  other !== undefined && Buffer.compare(one, other) === 0;
