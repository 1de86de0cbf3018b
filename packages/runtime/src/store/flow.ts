import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { RuntimeFault } from '@sallyport/core';
import type { FlowStore, VaultStore } from '@sallyport/core';
import type { Database } from './schema.ts';
import type { SqliteWorker } from './worker-client.ts';

type Pieces = 'flowPieces' | 'vaultPieces';

/** Pieces of a session, in order. They are written with every call, so past the query builder. */
function pieceStore(db: Kysely<Database>, writer: SqliteWorker, table: Pieces): VaultStore {
  const load: FlowStore['load'] = async (sessionId) => {
    const query = db.selectFrom(table).select('piece').where('sessionId', '=', sessionId).orderBy('seq');
    return (await query.execute()).map(({ piece }) => piece);
  };
  return {
    async append(sessionId, from, pieces) {
      if (pieces.length === 0) return;
      try {
        if (await writer.place({ table, sessionId, from, pieces })) return;
      } catch (error) {
        if (!(error instanceof RuntimeFault) || error.code !== 'conflict') throw error;
        const stored = (await load(sessionId)).slice(from, from + pieces.length);
        if (stored.length === pieces.length && stored.every((piece, index) => equal(piece, pieces[index]))) return;
        throw error;
      }
      throw notOpen(sessionId);
    },
    join: (then, awaited) => writer.join(then, awaited),
    load,
    async delete(sessionId) {
      await db.deleteFrom(table).where('sessionId', '=', sessionId).execute();
    },
  };
}

export const vaultStore = (db: Kysely<Database>, writer: SqliteWorker): VaultStore =>
  pieceStore(db, writer, 'vaultPieces');

export function flowStore(db: Kysely<Database>, writer: SqliteWorker): FlowStore {
  const pieces = pieceStore(db, writer, 'flowPieces');
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
