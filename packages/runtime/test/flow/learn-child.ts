/** A process to be killed: learns one mail after the other in several sessions, and says which of them a call was settled by. */
import { conversation, denied, openFlows, request, send } from './flows.ts';

const [path = '', file = ''] = process.argv.slice(2);
const { store, flows } = await openFlows({ path, file, [Symbol.dispose]: () => undefined });
const say = (line: string) => process.stdout.write(`${line}\n`);

async function work(id: string, mails: string[]): Promise<never> {
  for (;;) {
    const session = await store.sessions.get(id);
    if (!session) throw new Error('unreachable');
    const to = `person${mails.length}-${Date.now()}@${id}.example`;
    mails.push(`Write to ${to}.`);
    await flows.learn(request(conversation(...mails)), session);
    await flows.settle(send(to), session, denied);
    say(`${id} ${to}`);
    if (mails.length > 30) mails.length = 0;
  }
}

const sessions = await store.sessions.list({ limit: 9 });
await Promise.all(sessions.map(({ id }) => work(id, [])));
