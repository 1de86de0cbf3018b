import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { customer } from '../examples/support-agent/shop.ts';
import { expectSound } from './axe.ts';
import { openSession } from './runtime.ts';
import { playChat } from '../examples/support-agent/chat.ts';
import { supportScript } from '../examples/support-agent/model.ts';
import { type Stage, openStage } from './stage.ts';
import { says } from './until.ts';

let stage: Stage;
let session: string;
beforeAll(async () => {
  stage = await openStage({
    script: supportScript,
    permissions: "roles: { chat: { models: { '*': allow }, tools: { '*': allow } } }",
    tools: {
      read_profile: { effect: 'read', target: [], results: { trust: 'trusted', format: 'records', owner: 'id' } },
      clear_customs: { effect: 'send', target: ['order_id'], content: ['ssn'] },
      carrier_notes: { effect: 'read', target: ['order_id'] },
      open_orders: {
        effect: 'read',
        target: [],
        results: { trust: 'trusted', format: 'records', owner: 'orders.*.customer_id' },
      },
    },
  });
  const { runtime } = stage;
  const key = await runtime.createKey('chat-agent', ['chat'], true);
  const { id, token } = await openSession(runtime, key, 'Chat with a customer', customer.id);
  session = `/sessions/${id}`;
  const { answers } = await playChat({ baseUrl: `${runtime.url}/v1`, apiKey: token, model: runtime.model });
  // What is told below has really happened.
  expect(answers[0]).toContain(customer.ssn);
  expect(answers[1]).toContain('image removed');
  expect(answers[2]).toContain('other_owner');
});
afterAll(() => stage.close());

describe('what content guards did', () => {
  it('stands in the row of each event in plain words, and never with the value', async () => {
    const { page, settled, complaints } = await stage.enter('owner', { path: session });
    const row = (name: RegExp) => page.getByRole('link', { name }).first();
    await says(row(/Model request.*Kept from the model/s), '1 × US social security number');
    await says(row(/clear_customs.*Put back/s), /Put back for the tool:\s+1 × US social security number/);
    await says(
      row(/Tool result.*carrier_notes/s),
      /Flagged\s+Looks like an injection, hidden by base64:\s+its values vouch for nothing/,
    );
    await says(row(/Taken out/), '1 × image, which would have asked attacker.com');
    await says(
      row(/Model response.*Denied/s),
      /Another customer's data\s+by\s+guards\.fence/,
      /Of another owner:\s+2 × e-mail address/,
    );
    await settled();
    expect(await page.content()).not.toContain(customer.ssn);
    expect(complaints).toEqual({ console: [], violations: [], foreign: [] });
  });

  it('a flagged result says by which signs, under which public ids, and where', async () => {
    const { page } = await stage.enter('owner', { path: session });
    await page.getByRole('link', { name: /Tool result.*carrier_notes/s }).click();
    await says(
      page.getByRole('region', { name: 'Decision' }),
      'Text that looks like an injection',
      'override-instructions (AML.T0051.000, LLM01:2025)',
      /Characters\s+73–189/,
      'guards.injection',
    );
  });

  it('can be had alone, and the Overview counts what was withheld', async () => {
    const { page, visit } = await stage.enter('owner', { path: session });
    const rows = page.getByRole('region', { name: 'Timeline' }).getByRole('listitem');
    await rows.filter({ hasText: 'User message' }).first().waitFor();
    await page.getByRole('radiogroup', { name: 'Show' }).getByText('Found').click();
    await expect.poll(() => rows.filter({ hasText: 'User message' }).count()).toBe(0);
    await expect.poll(() => rows.filter({ hasText: 'Looks like an injection' }).count()).toBe(1);
    await visit('/');
    await says(page.getByRole('list', { name: 'Denied, by reason' }), /Another customer's data\s+1/);
    await page.getByRole('link', { name: /Of another owner: 2 × e-mail address/ }).waitFor();
  });

  it('the record of a call that got a value back holds no value, as JSON neither', async () => {
    const { page } = await stage.enter('owner', { path: session });
    await page.getByRole('link', { name: /clear_customs.*Put back/s }).click();
    await page.getByText('Raw JSON').click();
    const detail = page.getByRole('article');
    await says(detail, 'restored 1 × US_SSN');
    expect(await detail.innerText()).not.toContain(customer.ssn);
  });
});

describe('the guards in Settings', () => {
  it('stand with mode and actions; the detector with what it was measured to see, and to see by mistake', async () => {
    const { page } = await stage.enter('owner', { path: '/settings?tab=guards' });
    const guard = (name: string) => page.getByRole('listitem', { name, exact: true });
    await says(guard('Personal data and secrets'), /Enforces.*Profile\s+balanced.*Back into\s+any tool: pii, phi/s);
    await says(guard('Canary'), 'Off');
    await says(
      guard('Injection detector'),
      'A signal, not a boundary',
      /From tools\s+signs of one: flag.*almost surely one: distrust \(its values vouch for nothing\)/,
      /measured on 20\d\d-\d\d-\d\d \(.+\)/,
      /Attacks: how many are seen.*%.*Harmless texts: how many are flagged by mistake.*%/s,
    );
  });
});

it('at 1280 and 375 px, light and dark, axe finds nothing, nothing scrolls sideways, nothing is violated', async () => {
  const actor = await stage.enter('owner', { path: session });
  const { page, visit, complaints } = actor;
  await page.getByRole('link', { name: /Taken out/ }).waitFor();
  await expectSound(actor);
  await page.getByRole('link', { name: /Tool result.*carrier_notes/s }).click();
  await page.getByRole('article').waitFor();
  await expectSound(actor);
  await visit('/settings?tab=guards');
  await page.getByRole('list', { name: 'Guards' }).waitFor();
  await expectSound(actor);
  expect(complaints).toEqual({ console: [], violations: [], foreign: [] });
});
