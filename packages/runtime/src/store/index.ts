import type { Kysely } from 'kysely';
import type { Store } from '@sallyport/core';
import type { Database } from './schema.ts';
import type { SqliteWorker } from './worker-client.ts';
import { agentStore } from './agents.ts';
import { approvalStore } from './approvals.ts';
import { credentialStore } from './credentials.ts';
import { entryReader } from './entries.ts';
import { flowStore, vaultStore } from './flow.ts';
import { manifestStore } from './manifests.ts';
import { operatorStore } from './operators.ts';
import { ownerStore } from './owners.ts';
import { sessionStore } from './sessions.ts';
import { settingStore } from './settings.ts';
import { userTokenStore } from './user-tokens.ts';

/** One store for each thing that is kept, all in one database. */
export const storesOf = (
  db: Kysely<Database>,
  writer: SqliteWorker,
  caughtUp: () => Promise<void>,
): Omit<Store, 'close'> => ({
  agents: agentStore(db),
  operators: operatorStore(db),
  sessions: sessionStore(db, caughtUp),
  entries: entryReader(db, caughtUp),
  flow: flowStore(db, writer),
  vault: vaultStore(db, writer),
  userTokens: userTokenStore(db),
  owners: ownerStore(db),
  approvals: approvalStore(db),
  manifests: manifestStore(db),
  credentials: credentialStore(db),
  settings: settingStore(db),
});
