import type { Kysely } from 'kysely';
import type { AgentRecord, AgentStore } from '@sallyport/core';
import type { AgentTable, Database } from './schema.ts';

export function agentStore(db: Kysely<Database>): AgentStore {
  return {
    async list() {
      const rows = await db.selectFrom('agents').selectAll().orderBy('createdAt').orderBy('id').execute();
      return rows.map(toAgent);
    },
    async get(id) {
      const row = await db.selectFrom('agents').selectAll().where('id', '=', id).executeTakeFirst();
      return row && toAgent(row);
    },
    async insert(agent) {
      const { id, tenant, name, createdAt, disabledAt } = agent;
      const row = { id, tenant, name, roles: JSON.stringify(agent.roles), namesUsers: Number(agent.namesUsers) };
      await db
        .insertInto('agents')
        .values({ ...row, createdAt, disabledAt })
        .execute();
    },
    async update(id, { roles, namesUsers, ...change }) {
      const row = {
        ...change,
        ...(roles === undefined ? {} : { roles: JSON.stringify(roles) }),
        ...(namesUsers === undefined ? {} : { namesUsers: Number(namesUsers) }),
      };
      return changed(
        await db
          .updateTable('agents')
          .set({ id, ...row })
          .where('id', '=', id)
          .executeTakeFirst(),
      );
    },
    ...agentKeys(db),
  };
}

function agentKeys(db: Kysely<Database>): Pick<AgentStore, 'keys' | 'keyByHash' | 'insertKey' | 'updateKey'> {
  return {
    keys: (agentId) =>
      db
        .selectFrom('agentKeys')
        .selectAll()
        .where('agentId', '=', agentId)
        .orderBy('createdAt')
        .orderBy('id')
        .execute(),
    keyByHash: (hash) => db.selectFrom('agentKeys').selectAll().where('hash', '=', hash).executeTakeFirst(),
    async insertKey({ id, agentId, name, hash, hint, createdAt, expiresAt, revokedAt, lastUsedAt }) {
      const row = { id, agentId, name, hash, hint, createdAt, expiresAt, revokedAt, lastUsedAt };
      await db.insertInto('agentKeys').values(row).execute();
    },
    async updateKey(id, change) {
      return changed(
        await db
          .updateTable('agentKeys')
          .set({ id, ...change })
          .where('id', '=', id)
          .executeTakeFirst(),
      );
    },
  };
}

/** Whether an UPDATE found its row. `set` names the id too, so that a change of nothing is still valid SQL. */
export const changed = ({ numUpdatedRows }: { readonly numUpdatedRows: bigint }): boolean => numUpdatedRows > 0n;

const toAgent = (row: AgentTable): AgentRecord => ({
  ...row,
  roles: JSON.parse(row.roles) as string[],
  namesUsers: row.namesUsers === 1,
});
