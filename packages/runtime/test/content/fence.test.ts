import { expect, it } from 'vitest';
import { called, start } from './harness.ts';
import type { Script } from '../../src/providers/scripted/script.ts';

const bobs = 'bob.stone@example.com';
const listing = JSON.stringify({
  customers: [
    { customer_id: 'C-1001', email: 'ann@example.com' },
    { customer_id: 'C-2002', email: bobs, phone: '+44 20 7946 0958' },
  ],
});
const tools = (more = '') =>
  `tools: { crm: { effect: read, results: { trust: trusted, format: records, owner: customers.customer_id } } }\n${more}`;
const history = [{ role: 'user' as const, content: 'How is my account?' }, ...called('crm', listing)];
const tell: Script = ({ messages }) =>
  messages.some(({ text }) => text.includes('"denied":true'))
    ? { text: 'I may not.' }
    : { text: `Bob is at ${bobs}, or 020 7946 0958.` };
const mail: Script = ({ messages }) =>
  messages.some(({ text }) => text.includes('"denied":true'))
    ? { text: 'I may not.' }
    : { toolCalls: [{ name: 'send_email', arguments: { to: bobs } }] };
const sendEmail = {
  type: 'function' as const,
  function: { name: 'send_email', parameters: { type: 'object', properties: { to: { type: 'string' } } } },
};

it("an answer with another customer's identifiers is denied and on record, without the value; its owner gets it", async () => {
  const { open, entries, lines } = await start(tell, tools());
  const [ann, bob] = [await open('C-1001'), await open('C-2002')];
  const ask = ({ client }: typeof ann) => client.chat.completions.create({ model: 'p/m', messages: history });
  const refused = await ask(ann).then(
    (answer) => JSON.stringify(answer),
    (error: unknown) => JSON.stringify(error),
  );
  expect(refused).toContain('other_owner');
  expect(refused).not.toMatch(/stone|7946/);
  expect((await ask(bob)).choices[0]?.message.content).toContain(bobs);
  const denied = (await entries(ann.id)).filter(
    (entry) => entry.phase === 'intent' && entry.decision.outcome === 'deny',
  );
  expect(denied).toMatchObject([
    {
      kind: 'model_response',
      decision: { reasons: [{ code: 'other_owner', rule: 'guards.fence', detail: '1 × EMAIL, 1 × PHONE' }] },
    },
  ]);
  const alerts = lines.filter((line) => line.includes('"alert"')).map((line) => JSON.parse(line) as object);
  expect(alerts).toMatchObject([
    { alert: 'other_owner', sessionId: ann.id, outcome: 'deny', detail: '1 × EMAIL, 1 × PHONE' },
  ]);
  expect(lines.join()).not.toMatch(/stone|7946/);
  expect(JSON.stringify(denied.map((entry) => 'decision' in entry && entry.decision))).not.toMatch(/stone|7946/);
});

it('masked where the operator says so, streamed or not, also after a restart and without the result in sight', async () => {
  const { open, restart } = await start(tell, tools('guards: { fence: { answers: mask } }'));
  const first = await open('C-1001');
  await first.client.chat.completions.create({ model: 'p/m', messages: history });
  await restart();
  const { client } = await open('C-1001');
  const messages = [{ role: 'user' as const, content: 'And Bob?' }];
  const expected = 'Bob is at [EMAIL of another owner withheld], or [PHONE of another owner withheld].';
  const whole = await client.chat.completions.create({ model: 'p/m', messages });
  expect(whole.choices[0]?.message.content).toBe(expected);
  let streamed = '';
  for await (const { choices } of await client.chat.completions.create({ model: 'p/m', messages, stream: true }))
    streamed += choices[0]?.delta.content ?? '';
  expect(streamed).toBe(expected);
});

it('a streamed answer that is blocked stops before the identifier', async () => {
  const { open } = await start(tell, tools());
  const { client } = await open('C-1001');
  let streamed = '';
  const read = async () => {
    for await (const { choices } of await client.chat.completions.create({
      model: 'p/m',
      messages: history,
      stream: true,
    }))
      streamed += choices[0]?.delta.content ?? '';
  };
  await read().catch(() => undefined);
  expect(streamed).not.toMatch(/stone|7946/);
});

it("a call with another customer's identifier is denied, and passes for its owner and for roles that act for many", async () => {
  const { open } = await start(mail, tools());
  const ask = async (user: string) => {
    const { client } = await open(user);
    const { choices } = await client.chat.completions.create({ model: 'p/m', messages: history, tools: [sendEmail] });
    return choices[0]?.message;
  };
  expect((await ask('C-1001'))?.tool_calls ?? []).toEqual([]);
  expect((await ask('C-2002'))?.tool_calls).toHaveLength(1);
  const staff = await start(mail, tools('guards: { fence: { exemptRoles: [support] } }'));
  const { client } = await staff.open('C-1001');
  const { choices } = await client.chat.completions.create({ model: 'p/m', messages: history, tools: [sendEmail] });
  expect(choices[0]?.message.tool_calls).toHaveLength(1);
});

it('a token that stands for another customer’s number is looked at with its value in place, in answers and calls', async () => {
  const ssn = ['536', '22', '8145'].join('-');
  const records = JSON.stringify({
    customers: [
      { customer_id: 'C-1001', name: 'Ann' },
      { customer_id: 'C-2002', ssn },
    ],
  });
  const seen: string[] = [];
  const { open } = await start(({ messages }) => {
    const text = messages.map((message) => message.text).join('\n');
    seen.push(text);
    if (text.includes('"denied":true')) return { text: 'I may not.' };
    const [token = 'no token'] = /<US_SSN_\d+>/.exec(text) ?? [];
    if (text.includes('Mail it')) return { toolCalls: [{ name: 'send_email', arguments: { to: token } }] };
    return { text: `The number is ${token}.` };
  }, tools());
  const ask = async (user: string, question: string) => {
    const { client } = await open(user);
    const messages = [{ role: 'user' as const, content: question }, ...called('crm', records)];
    return await client.chat.completions.create({ model: 'p/m', messages, tools: [sendEmail] }).then(
      ({ choices }) => JSON.stringify(choices[0]?.message),
      (error: unknown) => JSON.stringify(error),
    );
  };
  expect(await ask('C-1001', 'Tell me')).toContain('other_owner');
  expect(await ask('C-2002', 'Tell me')).toContain(ssn);
  expect(await ask('C-1001', 'Mail it')).not.toMatch(/tool_calls|8145/);
  // The model itself never had it.
  expect(seen.join()).not.toContain('8145');
});

it('where it only observes, everything passes and what would have been withheld is on record', async () => {
  const { open, entries } = await start(tell, tools('guards: { fence: { mode: observe } }'));
  const ann = await open('C-1001');
  const { choices } = await ann.client.chat.completions.create({ model: 'p/m', messages: history });
  expect(choices[0]?.message.content).toContain(bobs);
  const answers = (await entries(ann.id)).filter(
    (entry) => entry.phase === 'intent' && entry.kind === 'model_response',
  );
  expect(answers).toMatchObject([
    {
      decision: {
        outcome: 'allow',
        verdicts: expect.arrayContaining([
          expect.objectContaining({ guard: 'fence', mode: 'observe', outcome: 'deny' }),
        ]),
      },
    },
  ]);
});
