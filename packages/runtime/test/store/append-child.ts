/**
 * A process to be killed: `open` only opens; `recover` closes open intents; `fill` appends until the disk refuses, then
 * lifts the limit and goes on; `append` appends until it is killed; `use` asks for approvals, gives them and lets several
 * entries race for each, until it is killed. Each says what was acknowledged.
 */
import { spawnSync } from 'node:child_process';
import type { RuntimeFault } from '@sallyport/core';
import { recoverOpenIntents } from '../../src/audit/recover.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { anApproval, anIntent, aResult, aUse, aVote, clock, newId } from './fixtures.ts';

const [task, file = ''] = process.argv.slice(2);
const say = (line: string) => process.stdout.write(`${line}\n`);

async function appendFor(sessionId: string): Promise<never> {
  for (;;) {
    const intent = anIntent({ sessionId, content: 'x'.repeat(Math.floor(Math.random() * 2000)) });
    await opened.audit.append(intent);
    say(intent.id);
    const result = aResult({ sessionId, eventId: intent.eventId });
    await opened.audit.append(result);
    say(result.id);
  }
}

async function useFor(sessionId: string): Promise<never> {
  for (;;) {
    const approval = await opened.store.approvals.insert(anApproval(sessionId), new Uint8Array(100));
    await opened.store.approvals.vote(approval.id, aVote());
    const racing = [aUse(approval), anIntent({ sessionId }), aUse(approval), aUse(approval)];
    const settled = await Promise.allSettled(racing.map((entry) => opened.audit.append(entry)));
    const passed = racing.filter(
      ({ decision }, index) => decision.approval !== undefined && settled[index]?.status === 'fulfilled',
    );
    say(`${approval.id} ${passed.map(({ eventId }) => eventId).join(' ')}`);
  }
}

async function fill(): Promise<void> {
  const append = async (prefix: string): Promise<undefined> => {
    const intent = anIntent({ content: 'x'.repeat(4000) });
    await opened.audit.append(intent);
    say(`${prefix} ${intent.id}`);
    return undefined;
  };
  const refused = async (): Promise<boolean> => {
    const fault = await append('before').catch((error: RuntimeFault) => error);
    if (fault !== undefined) say(`fault ${fault.code} ${fault.message}`);
    return fault !== undefined;
  };
  while (!(await refused())) continue;
  spawnSync('prlimit', ['--fsize=unlimited', '--pid', String(process.pid)]);
  for (let index = 0; index < 50; index += 1) await append('after');
  await opened.store.close();
}

const opened = await openSqliteStore({ file, clock }).catch((error: unknown) => {
  say(String(error));
  process.exit(1);
});
if (task === 'open') process.exit(0);
if (task === 'recover') {
  say('recovering');
  say(`recovered ${await recoverOpenIntents(opened.store, opened.audit, newId, clock)}`);
  process.exit(0);
}
if (task === 'fill') {
  await fill();
  process.exit(0);
}
const session = (await opened.store.sessions.list({ limit: 1 }))[0]?.id ?? 'none';
await Promise.all(Array.from({ length: 8 }, () => (task === 'use' ? useFor(session) : appendFor(session))));
