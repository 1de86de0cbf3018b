import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { expect, it } from 'vitest';
import { say, stage, type Extra, type ScriptedTool } from './stage.ts';

/** A tool after whose call there is another one; its server says so in the session of the call alone. */
function unlocking(): Record<string, ScriptedTool> {
  const tools: Record<string, ScriptedTool> = {
    unlock: {
      answer: async (_: unknown, { sendNotification }: Extra) => {
        tools['unlocked'] = { answer: () => say('here') };
        await sendNotification({ method: 'notifications/tools/list_changed' });
        return say('done');
      },
    },
  };
  return tools;
}
const names = async (client: { listTools(): Promise<{ tools: { name: string }[] }> }) =>
  (await client.listTools()).tools.map(({ name }) => name).toSorted();
const config = 'tools: { up__unlock: { effect: read, results: { trust: trusted } } }';

it('that a list changed is told also where the upstream says so only to the session that changed it', async () => {
  const { open } = await stage({ tools: unlocking(), config });
  const session = await open();
  const [caller, other] = [await session.old(), await (await open('bob')).old()];
  expect(await names(other)).toEqual(['up__unlock']);
  let heard = 0;
  for (const client of [caller, other])
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => void heard++);
  await caller.callTool({ name: 'up__unlock', arguments: {} });
  await expect.poll(() => heard).toBe(2);
  expect(await names(other)).toEqual(['up__unlock', 'up__unlocked']);
});

it('who asks because a list changed while it was read is not answered with what it was before', async () => {
  const { open, server } = await stage({ tools: unlocking(), config });
  const client = await (await open()).old();
  expect(await names(client)).toEqual(['up__unlock']);
  const heard = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<string[]>();
  let lists = 0;
  server.hooks.listed = async () => {
    lists++;
    if (lists > 1) return;
    server.tools['late'] = { answer: () => say('late') };
    await server.changed();
    // The old list goes out once the client has been told that it is old, and has asked.
    await heard.promise;
    asked.resolve(names(client));
    await client.ping();
  };
  let told = 0;
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    told++;
    if (told === 1) void client.listTools();
    else heard.resolve();
  });
  await server.changed();
  expect(await asked.promise).toEqual(['up__late', 'up__unlock']);
});
