/** A process to be killed: gives out tokens in several sessions, and says which of them may have gone out. */
import { openVaults } from './vaults.ts';

const [path = '', file = ''] = process.argv.slice(2);
const { store, vaults } = await openVaults({ path, file, [Symbol.dispose]: () => undefined });
const say = (line: string) => process.stdout.write(`${line}\n`);

async function work(id: string): Promise<never> {
  for (;;) {
    const session = await store.sessions.get(id);
    if (!session) throw new Error('unreachable');
    const vault = await vaults.of(session);
    const value = `person-${Math.random()}@${id}.example`;
    const token = vault.tokenOf('EMAIL', value);
    await vault.save();
    say(`${id} ${token} ${value}`);
  }
}

const sessions = await store.sessions.list({ limit: 9 });
await Promise.all(sessions.map(({ id }) => work(id)));
