import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, openSession } from './runtime.ts';
import { type Stage, openStage } from './stage.ts';
import { says } from './until.ts';

let stage: Stage;
let key: string;
beforeAll(async () => {
  stage = await openStage();
  key = await stage.runtime.createKey('support-agent', ['support']);
});
afterAll(() => stage.close());

/** Whether the model's proposal came through to the agent. */
const comesThrough = async (token: string, order: string): Promise<boolean> =>
  JSON.stringify(await ask(stage.runtime, token, [{ role: 'user', content: order }])).includes('"tool_calls"');

const open = (purpose: string) => openSession(stage.runtime, key, purpose);
const refund = (amount: number) => `call refund with {"amount": ${amount}, "currency": "EUR"}`;

const waitingOf = (session: string) => `/approvals?session=${session}`;
const waiting = (page: Page) => page.getByRole('region', { name: 'Waiting for an answer' }).getByRole('link');

async function answer(page: Page, name: string, does = name): Promise<void> {
  await page.getByRole('button', { name }).click();
  await page.getByRole('dialog').getByRole('button', { name: does }).click();
}

describe('a person answers what the runtime held', () => {
  it('it appears by itself, is approved, passes once, and is asked about again', async () => {
    const { page, settled, complaints } = await stage.enter('approver', { path: '/approvals' });
    await page.getByText('Nothing waits for you').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    const { token } = await open('Refund order 12');
    expect(await comesThrough(token, refund(20))).toBe(false);
    await page.getByRole('link', { name: 'Approvals , 1 approval waiting' }).waitFor();
    await page.getByRole('link', { name: /refund.*support-agent/s }).click();
    await says(page.getByRole('region', { name: 'What would run' }), /amount\s+[\s\S]*20/);
    await says(page.getByRole('region', { name: 'Why it is held' }), 'A person must approve this');
    // Held by a rule alone: there is no value to remember.
    await settled();
    expect(await page.getByRole('button', { name: /Approve this value/ }).count()).toBe(0);
    await answer(page, 'Approve once');
    await page.getByText('Nothing waits for you').waitFor();
    expect(await comesThrough(token, refund(20))).toBe(true);
    expect(await comesThrough(token, refund(20))).toBe(false);
    await page.getByRole('tab', { name: 'History' }).click();
    await page.getByRole('region', { name: 'History' }).getByText('Used').click();
    await page.getByText('a approver approved once').waitFor();
    await page.getByRole('link', { name: 'The call that used it' }).click();
    await page.getByRole('article', { name: 'Tool call, details' }).waitFor();
    expect(complaints).toEqual({ console: [], violations: [], foreign: [] });
  });

  it('what is rejected stays refused, and the note is on record', async () => {
    const { id, token } = await open('Refund order 13');
    expect(await comesThrough(token, refund(31))).toBe(false);
    const { page } = await stage.enter('operator', { path: waitingOf(id) });
    await waiting(page).click();
    await says(page.getByRole('region', { name: 'What would run' }), '31');
    await page.getByRole('button', { name: 'Reject' }).click();
    await page.getByRole('dialog').getByLabel('Note').fill('Too much for this order.');
    await page.getByRole('dialog').getByRole('button', { name: 'Reject' }).click();
    await page.getByText('Rejected. The agent is told.').waitFor();
    expect(await comesThrough(token, refund(31))).toBe(false);
    await page.goto(`${stage.runtime.url}/approvals?view=history&session=${id}`);
    await page.getByRole('region', { name: 'History' }).getByRole('link').first().click();
    await page.getByText('Too much for this order.').waitFor();
  });

  it('an approval that another operator answered first is not answered twice', async () => {
    const { id, token } = await open('Refund order 14');
    expect(await comesThrough(token, refund(42))).toBe(false);
    const one = await stage.enter('approver', { path: waitingOf(id) });
    const two = await stage.enter('operator', { path: waitingOf(id) });
    for (const { page } of [one, two]) {
      await waiting(page).click();
      await page.getByRole('button', { name: 'Reject' }).waitFor();
    }
    await two.page.getByRole('button', { name: 'Approve once' }).click();
    await answer(one.page, 'Reject');
    await two.page.getByRole('dialog').getByRole('button', { name: 'Approve once' }).click();
    await two.page.getByText('This approval changed while you were answering.').waitFor();
    await two.page.getByRole('list', { name: 'Summary' }).getByText('Rejected').waitFor();
    expect(await comesThrough(token, refund(42))).toBe(false);
  });

  it('what waits goes with its session', async () => {
    const { id, token } = await open('Refund order 15');
    expect(await comesThrough(token, refund(11))).toBe(false);
    const { page } = await stage.enter('owner', { path: `/sessions/${id}` });
    await page.getByRole('button', { name: 'End session' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'End session' }).click();
    await page.getByRole('link', { name: 'Its approvals' }).click();
    await page.getByRole('region', { name: 'History' }).getByText('Withdrawn').click();
    await page.getByText('Its session has ended, so what it carried was destroyed').waitFor();
  });
});
