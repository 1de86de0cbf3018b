import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { RuntimeFault } from '@sallyport/core';
import type { ApprovalRecord, ApprovalStore, ApprovalVote } from '@sallyport/core';
import { notOpen } from './flow.ts';
import { checkLimit } from './limit.ts';
import type { ApprovalTable, Database } from './schema.ts';

export function approvalStore(db: Kysely<Database>): ApprovalStore {
  return {
    insert: (approval, detail) => insert(db, approval, detail),
    get: async (id) => record(await selected(db).where('id', '=', id).executeTakeFirst()),
    byBinding: (binding) => newestOf(db, binding),
    async detail(id) {
      const query = db.selectFrom('approvals').select('detail').where('id', '=', id);
      return (await query.executeTakeFirst())?.detail ?? undefined;
    },
    async amend(id, detail) {
      const query = db.updateTable('approvals').set({ detail }).where('id', '=', id).where('detail', 'is not', null);
      return (await query.executeTakeFirst()).numUpdatedRows > 0n;
    },
    async list({ state, sessionId, before, limit }) {
      let query = selected(db).orderBy('requestedAt', 'desc').orderBy('id', 'desc').limit(checkLimit(limit));
      if (state !== undefined) query = query.where('state', '=', state);
      if (sessionId !== undefined) query = query.where('sessionId', '=', sessionId);
      if (before !== undefined) {
        query = query.where((where) => {
          const last = where.selectFrom('approvals as last').where('last.id', '=', before);
          const place = last.select(['last.requestedAt', 'last.id']).$asTuple('requestedAt', 'id');
          return where(where.refTuple('requestedAt', 'id'), '<', place);
        });
      }
      return (await query.execute()).map(toRecord);
    },
    async vote(id, { operatorId, operator, answer, at, note = null }) {
      // What follows from it is set by a trigger, in the same statement.
      const { numAffectedRows } = await sql`insert into approval_votes
        (approval_id, operator_id, operator, answer, at, note)
        select id, ${operatorId}, ${operator}, ${answer}, ${at}, ${note} from approvals
        where id = ${id} and state = 'pending' and expires_at > ${at}
        on conflict (approval_id, operator_id) do nothing`.execute(db);
      return numAffectedRows === 1n;
    },
    async expire(now) {
      const due = db.updateTable('approvals').set({ state: 'expired' }).where('expiresAt', '<=', now);
      return (await due.where('state', 'in', open).returning(columns).execute()).map(toRecord);
    },
    async withdraw(sessionId) {
      const theirs = db.updateTable('approvals').where('sessionId', '=', sessionId);
      await theirs.set({ detail: null }).where('detail', 'is not', null).execute();
      const withdrawn = theirs.set({ state: 'withdrawn' }).where('state', 'in', open).returning(columns);
      return (await withdrawn.execute()).map(toRecord);
    },
  };
}

async function insert(db: Kysely<Database>, approval: ApprovalRecord, detail: Uint8Array): Promise<ApprovalRecord> {
  const { id, tenant, sessionId, agentId, agent, userId, eventId, tool, binding } = approval;
  const { requestedAt, expiresAt, votesNeeded } = approval;
  // The one that stands there may have ended between two statements; it ends seldom, so a few tries are enough.
  for (let tries = 0; tries < 5; tries += 1) {
    const due = db.updateTable('approvals').set({ state: 'expired' }).where('binding', '=', binding);
    await due.where('state', 'in', open).where('expiresAt', '<=', requestedAt).execute();
    const { numAffectedRows } = await sql`insert into approvals (id, tenant, session_id, agent_id, agent, user_id,
        event_id, tool, binding, state, requested_at, expires_at, votes_needed, detail)
      select ${id}, ${tenant}, id, ${agentId}, ${agent}, ${userId}, ${eventId}, ${tool}, ${binding}, 'pending',
        ${requestedAt}, ${expiresAt}, ${votesNeeded}, ${detail}
      from sessions where id = ${sessionId} and state = 'open'
      on conflict (binding) where state in ('pending', 'approved') do nothing`.execute(db);
    if (numAffectedRows === 1n) return { ...approval, state: 'pending', votes: [], usedBy: null };
    const standing = await newestOf(db, binding);
    if (standing && isOpen(standing)) return standing;
    const session = db.selectFrom('sessions').select('id').where('id', '=', sessionId).where('state', '=', 'open');
    if (!(await session.executeTakeFirst())) throw notOpen(sessionId);
  }
  throw new RuntimeFault('conflict', { detail: `The approval of binding ${binding} keeps changing. Try again.` });
}

const open = ['pending', 'approved'] as const;
const isOpen = ({ state }: ApprovalRecord): boolean => state === 'pending' || state === 'approved';

/** With the votes in the same statement, so that they fit the state. */
const votes = sql<string>`(select json_group_array(json_object('operatorId', operator_id, 'operator', operator,
    'answer', answer, 'at', at, 'note', note) order by approval_votes.rowid)
  from approval_votes where approval_id = approvals.id)`.as('votes');
const columns = [
  'id',
  'tenant',
  'sessionId',
  'agentId',
  'agent',
  'userId',
  'eventId',
  'tool',
  'binding',
  'state',
  'requestedAt',
  'expiresAt',
  'votesNeeded',
  'usedBy',
  votes,
] as const;

const selected = (db: Kysely<Database>) => db.selectFrom('approvals').select(columns);

const newestOf = async (db: Kysely<Database>, binding: string): Promise<ApprovalRecord | undefined> => {
  // In the order in which they came: by a clock that was set back, an old one would be the newest.
  const newest = selected(db).where('binding', '=', binding).orderBy('rowid', 'desc');
  return record(await newest.limit(1).executeTakeFirst());
};

type ApprovalRow = Omit<ApprovalTable, 'detail'> & { readonly votes: string };
type VoteRow = Omit<ApprovalVote, 'note'> & { readonly note: string | null };

const record = (row: ApprovalRow | undefined): ApprovalRecord | undefined => row && toRecord(row);

const toRecord = (row: ApprovalRow): ApprovalRecord => ({
  ...row,
  state: row.state as ApprovalRecord['state'],
  votes: (JSON.parse(row.votes) as VoteRow[]).map(({ note, ...vote }) => ({
    ...vote,
    ...(note === null ? {} : { note }),
  })),
});
