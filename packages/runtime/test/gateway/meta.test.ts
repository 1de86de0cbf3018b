import { EmptyResultSchema } from '@modelcontextprotocol/sdk/types.js';
import type { JsonObject } from '@sallyport/core';
import { expect, it } from 'vitest';
import { startRaw } from './raw-server.ts';
import { say, stage } from './stage.ts';

const trusted = '{ effect: read, results: { trust: trusted } }';
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** A session in front of one upstream of each era. */
async function between() {
  const listed = { 'tools/list': () => ({ tools: [{ name: 'say', inputSchema: { type: 'object' } }] }) };
  const [old, modern] = [await startRaw('2025'), await startRaw('2026', listed)];
  const config = `upstreams:
  old: { kind: mcp, url: "${old.url}", firstUse: pin }
  new: { kind: mcp, url: "${modern.url}", firstUse: pin }
tools: { old__echo: ${trusted}, new__say: ${trusted} }`;
  return { old, modern, session: await (await stage({ config })).open() };
}

it.each(['old', 'modern'] as const)(
  'what an upstream is told beside the arguments is trace context and nothing that a client made of it: %s',
  async (line) => {
    const { old, session } = await between();
    const client = line === 'old' ? await session.old() : await session.modern();
    const call = async (meta: Record<string, unknown>) => {
      await client.callTool({ name: 'old__echo', arguments: {}, _meta: meta });
      return (old.of('tools/call').at(-1)?.params['_meta'] ?? {}) as Record<string, unknown>;
    };
    expect(await call({ traceparent, tracestate: 'a=b,c=d', baggage: 'k=v', 'example/own': 1 })).toEqual({
      traceparent,
      tracestate: 'a=b,c=d',
    });
    const smuggled = { secret: 'a letter of a thousand words' };
    for (const meta of [
      { traceparent: smuggled, tracestate: 'a=b' },
      { traceparent: `${traceparent}-and more`, tracestate: 'a=b' },
      { tracestate: 'a=b' },
    ])
      expect(await call(meta)).toEqual({});
    for (const tracestate of [smuggled, 'x'.repeat(513), 'a=b\nc', 'a=é'])
      expect(await call({ traceparent, tracestate })).toEqual({ traceparent });
  },
);

it('a level that is none is refused, and reaches no upstream by another way', async () => {
  const { modern, session } = await between();
  const client = await session.old();
  const setLevel = (level: unknown) =>
    client.request({ method: 'logging/setLevel', params: { level: level as 'info' } }, EmptyResultSchema);
  for (const level of ['loud', '', { debug: true }])
    await expect(setLevel(level)).rejects.toThrow('level must be one of');
  const level = 'io.modelcontextprotocol/logLevel';
  const told = async (meta: Record<string, unknown>) => {
    await client.callTool({ name: 'new__say', arguments: {}, _meta: meta });
    return (modern.of('tools/call').at(-1)?.params['_meta'] as Record<string, unknown> | undefined)?.[level];
  };
  expect(await told({ [level]: { secret: 'a letter' } })).toBeUndefined();
  await setLevel('warning');
  expect(await told({ [level]: 'a letter' })).toBe('warning');
  expect(await told({ [level]: 'debug' })).toBe('debug');
});

it('what one client of a session wants to hear of the log is not what another one hears', async () => {
  const tools = {
    log: {
      answer: async (_: unknown, { sendNotification }: { sendNotification: (message: never) => Promise<void> }) => {
        for (const level of ['info', 'error'])
          await sendNotification({
            method: 'notifications/message',
            params: { level, data: `of level ${level}` },
          } as never);
        return say('done');
      },
    },
  };
  const session = await (await stage({ tools, config: `tools: { up__log: ${trusted} }` })).open();
  const [old, modern] = [await session.old(), await session.modern()];
  await old.setLoggingLevel('error');
  const heard: unknown[] = [];
  modern.setNotificationHandler('notifications/message', ({ params }) => void heard.push(params.level));
  await modern.callTool({ name: 'up__log', arguments: {}, _meta: { 'io.modelcontextprotocol/logLevel': 'info' } });
  expect(heard).toEqual(['info', 'error']);
});

it('what a client can be asked is told in words of ours, and made-up ones open no connections', async () => {
  const { old, session } = await between();
  const call = (capabilities: JsonObject) =>
    session.ask('tools/call', { name: 'old__echo', arguments: {} }, capabilities);
  for (let at = 0; at < 20; at++) {
    const letter = { secret: `page ${at}` };
    expect(
      (await call({ [`x${at}`]: letter, elicitation: { form: letter, url: 'none', ...letter } })).result,
    ).toBeDefined();
  }
  const [, ...begun] = old.of('initialize').map(({ params }) => params['capabilities']);
  expect(begun).toEqual([{ elicitation: { form: {} } }]);
  await call({ sampling: { tools: {} }, roots: { listChanged: true } });
  expect(old.of('initialize').at(-1)?.params['capabilities']).toEqual({
    sampling: { tools: {} },
    roots: { listChanged: true },
  });
});
