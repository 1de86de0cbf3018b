import { expect, it } from 'vitest';
import { called, start } from './harness.ts';

const config = `
tools:
  crm:
    effect: read
    results:
      trust: trusted
      format: records
      minimise:
        - { fields: [customers.diagnosis], action: drop, unless: { purposes: ['care*'] } }
        - { fields: [customers.history], action: shorten, to: 8 }
`;
const listing = JSON.stringify({ customers: [{ id: 'C-1', diagnosis: 'gastritis', history: 'a very long story' }] });
const history = [{ role: 'user' as const, content: 'Summarise.' }, ...called('crm', listing)];

it('the provider gets the fields that the purpose needs and no others, and the log says how many were left out', async () => {
  const { open, provider, entries } = await start(() => ({ text: 'Done.' }), config);
  const ask = async (purpose: string) => {
    const session = await open('ann', purpose);
    await session.client.chat.completions.create({ model: 'p/m', messages: history });
    return { session, sent: JSON.stringify(provider.requests.at(-1)) };
  };
  const { session, sent } = await ask('billing');
  expect(sent).toContain('a very l…');
  expect(sent).not.toMatch(/gastritis|long story/);
  expect(
    (await entries(session.id)).find(
      ({ phase, ...rest }) => phase === 'intent' && 'kind' in rest && rest.kind === 'model_request',
    ),
  ).toMatchObject({
    decision: {
      reasons: expect.arrayContaining([
        expect.objectContaining({ code: 'result_minimised', detail: '1 left out, 1 shortened' }),
      ]),
    },
  });
  expect((await ask('care of Ann')).sent).toContain('gastritis');
});
