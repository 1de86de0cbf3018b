import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { customer } from '../examples/support-agent/shop.ts';
import { isScrolledSideways, violationsOf } from './axe.ts';
import { openSession } from './runtime.ts';
import { playChat } from '../examples/support-agent/chat.ts';
import { schemes, widths } from './browser.ts';
import { supportScript } from '../examples/support-agent/model.ts';
import { type Stage, openStage } from './stage.ts';

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
    const { page, complaints } = await stage.enter('owner', { path: session });
    const row = async (name: RegExp) =>
      (await page.getByRole('link', { name }).first().innerText()).replace(/\s+/g, ' ');
    expect(await row(/Model request.*Kept from the model/s)).toContain('1 × US social security number');
    expect(await row(/clear_customs.*Put back/s)).toContain('Put back for the tool: 1 × US social security number');
    expect(await row(/Tool result.*carrier_notes/s)).toMatch(
      /Flagged Looks like an injection, hidden by base64: its values vouch for nothing/,
    );
    expect(await row(/Taken out/)).toContain('1 × image, which would have asked attacker.com');
    const fenced = await row(/Model response.*Denied/s);
    expect(fenced).toContain("Another customer's data by guards.fence");
    expect(fenced).toContain('Of another owner: 2 × e-mail address');
    expect(await page.content()).not.toContain(customer.ssn);
    expect(complaints).toEqual({ console: [], violations: [], foreign: [] });
  });

  it('a flagged result says by which signs, under which public ids, and where', async () => {
    const { page } = await stage.enter('owner', { path: session });
    await page.getByRole('link', { name: /Tool result.*carrier_notes/s }).click();
    const detail = await page.getByRole('region', { name: 'Decision' }).innerText();
    expect(detail).toContain('Text that looks like an injection');
    expect(detail).toContain('override-instructions (AML.T0051.000, LLM01:2025)');
    expect(detail).toMatch(/Characters\s+73–189/);
    expect(detail).toContain('guards.injection');
  });

  it('can be had alone, and the Overview counts what was withheld', async () => {
    const { page } = await stage.enter('owner', { path: session });
    await page.getByRole('radiogroup', { name: 'Show' }).getByText('Found').click();
    const rows = page.getByRole('region', { name: 'Timeline' }).getByRole('listitem');
    await expect
      .poll(async () => (await rows.allInnerTexts()).every((text) => !text.includes('User message')))
      .toBe(true);
    expect(await rows.filter({ hasText: 'Looks like an injection' }).count()).toBe(1);
    await page.goto(stage.runtime.url);
    const denied = page.getByRole('list', { name: 'Denied, by reason' });
    expect(await denied.innerText()).toMatch(/Another customer's data\s+1/);
    await page.getByRole('link', { name: /Of another owner: 2 × e-mail address/ }).waitFor();
  });

  it('the record of a call that got a value back holds no value, as JSON neither', async () => {
    const { page } = await stage.enter('owner', { path: session });
    await page.getByRole('link', { name: /clear_customs.*Put back/s }).click();
    await page.getByText('Raw JSON').click();
    const detail = page.getByRole('article');
    await expect.poll(() => detail.innerText()).toContain('restored 1 × US_SSN');
    expect(await detail.innerText()).not.toContain(customer.ssn);
  });
});

describe('the guards in Settings', () => {
  it('stand with mode and actions; the detector with what it was measured to see, and to see by mistake', async () => {
    const { page } = await stage.enter('owner', { path: '/settings?tab=guards' });
    const guard = (name: string) => page.getByRole('listitem', { name, exact: true }).innerText();
    await page.getByRole('list', { name: 'Guards' }).waitFor();
    expect(await guard('Personal data and secrets')).toMatch(
      /Enforces.*Profile\s+balanced.*Back into\s+any tool: pii, phi/s,
    );
    expect(await guard('Canary')).toContain('Off');
    const detector = await guard('Injection detector');
    expect(detector).toContain('A signal, not a boundary');
    expect(detector).toMatch(
      /From tools\s+signs of one: flag.*almost surely one: distrust \(its values vouch for nothing\)/,
    );
    expect(detector).toMatch(/measured on 20\d\d-\d\d-\d\d \(.+\)/);
    expect(detector).toMatch(/Attacks: how many are seen.*%.*Harmless texts: how many are flagged by mistake.*%/s);
  });
});

for (const width of ['wide', 'narrow'] as const) {
  for (const scheme of schemes) {
    it(`${widths[width].width} px, ${scheme}: axe finds nothing, nothing scrolls sideways, nothing is violated`, async () => {
      const { page, context, complaints } = await stage.enter('owner', { width, scheme, path: session });
      const check = async () => {
        await expect.poll(() => page.getByLabel(/^Loading/).count()).toBe(0);
        const { found, checked } = await violationsOf(page);
        expect(found).toEqual([]);
        expect(checked).toBeGreaterThan(5);
        expect(await isScrolledSideways(page)).toBe(false);
      };
      await page.getByRole('link', { name: /Taken out/ }).waitFor();
      await check();
      await page.getByRole('link', { name: /Tool result.*carrier_notes/s }).click();
      await page.getByRole('article').waitFor();
      await check();
      await page.goto(`${stage.runtime.url}/settings?tab=guards`);
      await page.getByRole('list', { name: 'Guards' }).waitFor();
      await check();
      expect(complaints).toEqual({ console: [], violations: [], foreign: [] });
      await context.close();
    });
  }
}
