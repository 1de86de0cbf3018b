import type { Kysely } from 'kysely';
import { zeroCounters } from '@sallyport/core';
import type { Scope, Session, SessionState, SessionStore, UserRef } from '@sallyport/core';
import { changed } from './agents.ts';
import { checkLimit } from './limit.ts';
import type { Database, NewSessionRow, SessionRow } from './schema.ts';

/** @param caughtUp Resolves once the counters have all that is in the log */
export function sessionStore(db: Kysely<Database>, caughtUp: () => Promise<void>): SessionStore {
  return {
    async insert(session) {
      await db.insertInto('sessions').values(toRow(session)).execute();
    },
    async get(id) {
      await caughtUp();
      const row = await db.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst();
      return row && toSession(row);
    },
    async list({ state, agentId, userId, before, limit }) {
      await caughtUp();
      let query = db.selectFrom('sessions').selectAll().orderBy('openedAt', 'desc').orderBy('id', 'desc');
      if (state !== undefined) query = query.where('state', '=', state);
      if (agentId !== undefined) query = query.where('agentId', '=', agentId);
      if (userId !== undefined) query = query.where('userId', '=', userId);
      if (before !== undefined) {
        query = query.where((where) => {
          const place = where
            .selectFrom('sessions as last')
            .select(['last.openedAt', 'last.id'])
            .where('last.id', '=', before);
          return where(where.refTuple('openedAt', 'id'), '<', place.$asTuple('openedAt', 'id'));
        });
      }
      return (await query.limit(checkLimit(limit)).execute()).map(toSession);
    },
    async update(id, { scope, user, ...change }) {
      const row = {
        ...change,
        ...(scope === undefined ? {} : { scope: JSON.stringify(scope) }),
        ...(user === undefined ? {} : said(user)),
      };
      return changed(
        await db
          .updateTable('sessions')
          .set({ id, ...row })
          .where('id', '=', id)
          .executeTakeFirst(),
      );
    },
  };
}

/** The counters start at nothing whatever the session says: from here on only the log moves them. */
function toRow({ id, tenant, agent, user, purpose, scope, openedAt, expiresAt, state }: Session): NewSessionRow {
  return {
    id,
    tenant,
    agentId: agent.id,
    agentName: agent.name,
    agentRoles: JSON.stringify(agent.roles),
    userId: user.id,
    userIssuer: user.issuer ?? null,
    ...said(user),
    purpose,
    openedAt,
    expiresAt,
    state,
    scope: scope === undefined ? null : JSON.stringify(scope),
    ...zeroCounters,
  };
}

/** What is said of the user; who it is never changes. */
const said = ({ roles, claims }: UserRef) => ({
  userRoles: JSON.stringify(roles),
  userClaims: claims === undefined ? null : JSON.stringify(claims),
});

const toUser = ({ userId, userRoles, userClaims, userIssuer }: SessionRow): UserRef => ({
  id: userId,
  roles: JSON.parse(userRoles) as string[],
  ...(userClaims === null ? {} : { claims: JSON.parse(userClaims) as Record<string, string[]> }),
  ...(userIssuer === null ? {} : { issuer: userIssuer }),
});

function toSession(row: SessionRow): Session {
  const { modelCalls, toolCalls, denied, held, tokensIn, tokensOut, costMicros } = row;
  return {
    id: row.id,
    tenant: row.tenant,
    agent: { id: row.agentId, name: row.agentName, roles: JSON.parse(row.agentRoles) as string[] },
    user: toUser(row),
    purpose: row.purpose,
    ...(row.scope === null ? {} : { scope: JSON.parse(row.scope) as Scope }),
    openedAt: row.openedAt,
    expiresAt: row.expiresAt,
    state: row.state as SessionState,
    counters: { modelCalls, toolCalls, denied, held, tokensIn, tokensOut, costMicros },
  };
}
