import type OpenAI from 'openai';
import { expect, it } from 'vitest';
import { called, start } from '../content/harness.ts';
import { predict, sign, startDetector } from './servers.ts';

const quiet = 'The parcel arrives on Monday.';
const tools: OpenAI.ChatCompletionTool[] = ['read_mail', 'send_email'].map((name) => ({
  type: 'function',
  function: { name, parameters: { type: 'object', properties: {} } },
}));

/** A runtime whose detector is a real server, and a conversation with it. */
async function converse(injection: string, answersTo = 'Fine.') {
  const detector = await startDetector(predict());
  const config = `
guards:
  injection:
    ${injection}
    detectors: [{ name: heron, kind: http, format: prompt-guard, url: "${detector.url}", OPTIONS }]
tools: { read_mail: { effect: read, results: { trust: trusted } }, send_email: { effect: send } }
`;
  const script = () =>
    answersTo === 'call' ? { toolCalls: [{ name: 'send_email', arguments: {} }] } : { text: 'Fine.' };
  const begin = async (options = '') => {
    const runtime = await start(script, config.replace('OPTIONS', options));
    const { id, client } = await runtime.open('ann');
    const ask = async (messages: OpenAI.ChatCompletionMessageParam[]) =>
      await client.chat.completions.create({ model: 'p/m', messages, tools });
    return {
      ...runtime,
      ask,
      intents: async () => (await runtime.entries(id)).filter(({ phase }) => phase === 'intent'),
    };
  };
  return { detector, begin };
}
const user = (content: string): OpenAI.ChatCompletionMessageParam => ({ role: 'user', content });

it('over many turns a detector is asked once about each text', async () => {
  const { detector, begin } = await converse('mode: enforce');
  const { ask } = await begin();
  const messages: OpenAI.ChatCompletionMessageParam[] = [];
  for (let turn = 1; turn <= 8; turn++) {
    messages.push(user(`Question ${turn}`), ...called('read_mail', `${quiet} (${turn})`, `c${turn}`));
    await ask(messages);
    messages.push({ role: 'assistant', content: 'Fine.' });
  }
  expect(detector.asked).toHaveLength(16);
  expect(new Set(detector.asked.map(({ text }) => text)).size).toBe(16);
});

it('what it calls an attack does not reach the model, in any later turn either', async () => {
  const { begin } = await converse('results: { suspicious: quarantine }');
  const { ask, provider } = await begin();
  const messages = [user('Read my mail.'), ...called('read_mail', sign)];
  await ask(messages);
  await ask([...messages, { role: 'assistant', content: 'Fine.' }, user('And?')]);
  expect(provider.requests).toHaveLength(2);
  expect(JSON.stringify(provider.requests)).not.toContain('noon');
});

it('what it calls an attack holds the calls that follow, where distrust was asked for', async () => {
  const { begin } = await converse('results: { suspicious: distrust }', 'call');
  const held = await begin();
  await held.ask([user('Read my mail, then send it.'), ...called('read_mail', sign)]);
  const call = (await held.intents()).find((entry) => entry.phase === 'intent' && entry.kind === 'tool_call');
  expect(call).toMatchObject({ decision: { outcome: 'require_approval' } });
  expect(JSON.stringify(call)).toContain('"code":"after_injection"');
});

it('a detector that is down denies, and says which; where it may be passed over, that is on record', async () => {
  const { detector, begin } = await converse('mode: enforce');
  detector.answerWith(({ text }, response) => void response.writeHead(500).end(text));
  const strict = await begin();
  await expect(strict.ask([user('Hello there.')])).rejects.toThrow(/safety check could not run/);
  expect(strict.provider.requests).toHaveLength(0);
  expect(JSON.stringify(await strict.intents())).toContain('detector heron: HTTP 500');
  const lenient = await begin('onFailure: ignore');
  expect((await lenient.ask([user('Hello there.')])).choices[0]?.message.content).toBe('Fine.');
  expect(JSON.stringify(await lenient.intents())).toContain('"code":"detector_unavailable"');
});

it('that slow is still its own fault, not the guard’s: the time-out that is told names it', async () => {
  const { detector, begin } = await converse('timeoutMs: 1');
  detector.answerWith(() => undefined);
  const { ask, intents } = await begin('timeoutMs: 60');
  await expect(ask([user('Hello there.')])).rejects.toThrow();
  expect(JSON.stringify(await intents())).toContain('detector heron: no answer within 60 ms');
});

it('observed, it is asked as well, and nothing is done', async () => {
  const { detector, begin } = await converse('mode: observe\n    results: { suspicious: block }');
  const { ask, intents } = await begin();
  await ask([user('Read my mail.'), ...called('read_mail', sign)]);
  expect(detector.asked.map(({ text }) => text)).toContain(sign);
  expect(JSON.stringify(await intents())).toMatch(/"guard":"injection","mode":"observe","outcome":"deny"/);
});
