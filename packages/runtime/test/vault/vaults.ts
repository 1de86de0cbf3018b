import type { Session, VaultStore } from '@sallyport/core';
import { SealedBox, openMasterKey } from '../../src/flow/index.ts';
import { SessionVaults, type SessionVaultsOptions } from '../../src/vault/index.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { aSession, clock, type temporaryFolder } from '../store/fixtures.ts';

type Folder = ReturnType<typeof temporaryFolder>;

/** Vaults as the runtime has them: real store, real key, in this folder. */
export async function openVaults(
  folder: Folder,
  change: Partial<SessionVaultsOptions> = {},
  wrap: (store: VaultStore) => VaultStore = (store) => store,
) {
  const { store } = await openSqliteStore({ file: folder.file, clock });
  const box = new SealedBox(openMasterKey(folder.path), store.flow);
  const vaults = new SessionVaults({ store: wrap(store.vault), box, clock, ...change });
  const close = async () => {
    await vaults.close();
    await store.close();
  };
  const open = async (): Promise<Session> => {
    const session = aSession({ openedAt: Date.now(), expiresAt: Date.now() + 3_600_000 });
    await store.sessions.insert(session);
    return session;
  };
  return { store, vaults, open, close };
}
