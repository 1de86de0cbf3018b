import { expect, it } from 'vitest';
import type { Script } from '../../src/providers/scripted/script.ts';
import { hello, startCheckpoint } from './checkpoint.ts';

const tools = [{ type: 'function', function: { name: 'lookup_order', parameters: { type: 'object' } } }] as const;

async function released(json: string) {
  const script: Script = () => ({ toolCalls: [{ name: 'lookup_order', arguments: json }] });
  const { client } = await startCheckpoint({ script, config: 'deniedCalls: {reasks: 0}' });
  const { choices } = await client().chat.completions.create({ model: 'm-1', messages: hello, tools: [...tools] });
  const message = choices[0]?.message;
  return { calls: message?.tool_calls, text: message?.content };
}

it.each([
  ['{"account":12345678901234567891}', 'account'],
  ['{"list":[1,{"to":-9007199254740993}]}', 'to'],
  ['{"limit":1e400}', 'limit'],
])('a number that was judged as another is not released: %s', async (json, name) => {
  const { calls, text } = await released(json);
  expect(calls).toBeUndefined();
  expect(text).toContain(`"${name}"`);
});

it.each(['{"account":"12345678901234567891"}', '{"n":9007199254740992}', '{"n":0.12345678901234567891}', '{"n":1e22}'])(
  'a number that every reader reads alike, or text, is: %s',
  async (json) => {
    const { calls } = await released(json);
    expect(calls).toMatchObject([{ function: { arguments: json } }]);
  },
);
