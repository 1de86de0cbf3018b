import { createServer, type AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { called, start } from './harness.ts';

/** A server that counts who connects, and answers nobody. */
async function counting() {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, connections: () => connections };
}

const config = (other: string, signed: string, more = '') => `
providers:
  p: { baseUrl: "PROVIDER", agreements: ${signed} }
  q: { baseUrl: "${other}", models: { m: {} } }
tools: { chart: { effect: read, results: { labels: [phi] } } }
${more}`;
const history = [{ role: 'user' as const, content: 'Summarise.' }, ...called('chart', 'Blood pressure 120 over 80.')];

it('health data opens no connection to a provider without an agreement, and one to a provider that has it', async () => {
  const other = await counting();
  const signed = '{ baa: { until: "2199-12-31" } }';
  const { open, entries, provider } = await start(() => ({ text: 'Fine.' }), config(other.url, signed));
  const { id, client } = await open('ann');
  for (const stream of [false, true]) {
    const refused = client.chat.completions.create({ model: 'q/m', messages: history, stream });
    await expect(refused).rejects.toMatchObject({ code: 'provider_not_allowed' });
  }
  expect(other.connections()).toBe(0);
  const passed = await client.chat.completions.create({ model: 'p/m', messages: history });
  expect(passed.choices[0]?.message.content).toBe('Fine.');
  expect(provider.requests.length).toBeGreaterThan(0);
  const denied = (await entries(id)).find((entry) => entry.phase === 'intent' && entry.decision.outcome === 'deny');
  expect(denied).toMatchObject({
    decision: { reasons: [{ code: 'provider_not_allowed', detail: 'phi: q has no baa' }] },
  });
  // The same server counts a request that may go out: it is the guard that kept the others back.
  await client.chat.completions
    .create({ model: 'q/m', messages: [{ role: 'user', content: 'Hi' }] })
    .catch(() => undefined);
  expect(other.connections()).toBeGreaterThan(0);
});

it('an agreement that has ended opens none either', async () => {
  const other = await counting();
  const { open, provider } = await start(
    () => ({ text: 'Fine.' }),
    config(other.url, '{ baa: { until: "2020-12-31" } }'),
  );
  const { client } = await open('ann');
  await expect(client.chat.completions.create({ model: 'p/m', messages: history })).rejects.toThrow(
    /ended on 2020-12-31|may not have/,
  );
  expect(provider.requests).toHaveLength(0);
});

it('a second model gets nothing of a session whose data it may not have, and no connection either', async () => {
  const other = await counting();
  const more = 'secondModel: { model: q/m, checkAllowed: sinks, timeoutMs: 1000 }';
  const { open, entries } = await start(
    ({ messages }) =>
      messages.some(({ text }) => text.includes('"denied":true'))
        ? { text: 'No.' }
        : { toolCalls: [{ name: 'note', arguments: { text: 'done' } }] },
    config(other.url, '{ baa: { until: "2199-12-31" } }', more),
  );
  const { id, client } = await open('ann');
  const tools = [
    {
      type: 'function' as const,
      function: { name: 'note', parameters: { type: 'object', properties: { text: { type: 'string' } } } },
    },
  ];
  await client.chat.completions.create({ model: 'p/m', messages: history, tools });
  const asked = (await entries(id)).filter((entry) => entry.phase === 'intent' && entry.subject === 'q/m');
  expect(asked.length).toBeGreaterThan(0);
  expect(asked[0]).toMatchObject({
    decision: {
      outcome: 'deny',
      reasons: expect.arrayContaining([expect.objectContaining({ code: 'provider_not_allowed' })]),
    },
  });
  expect(other.connections()).toBe(0);
});

it('the admin API says what was signed, until when, and which data each provider may have', async () => {
  const { admin } = await start(
    () => ({ text: 'Fine.' }),
    config('http://127.0.0.1:9', '{ baa: { until: "2020-12-31" }, region: eu, allows: [secret] }'),
  );
  const { providers, enforced } = await (await admin()).call('providers.list', {});
  expect(enforced).toBe(true);
  expect(providers.map(({ name }) => name)).toEqual(['p', 'q']);
  expect(providers[0]).toMatchObject({
    region: 'eu',
    agreements: expect.arrayContaining([
      { kind: 'baa', state: 'expired', until: '2020-12-31' },
      { kind: 'dpa', state: 'none' },
    ]),
    labels: [
      { label: 'pii', allowed: true },
      { label: 'phi', allowed: false, why: 'the baa of p ended on 2020-12-31' },
      { label: 'secret', allowed: true },
    ],
  });
  expect(providers[1]?.labels.find(({ label }) => label === 'secret')).toMatchObject({ allowed: false });
});
