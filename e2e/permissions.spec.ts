import { readFileSync, writeFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, ask } from './runtime.ts';
import { type Stage, openStage } from './stage.ts';

let stage: Stage;
let key: string;
beforeAll(async () => {
  stage = await openStage();
  key = await stage.runtime.createKey('support-agent', ['support']);
});
afterAll(() => stage.close());

/** Whether the model's proposal came through to the agent. */
const proposes = async (runtime: Harness, order: string): Promise<boolean> =>
  JSON.stringify(await ask(runtime, key, [{ role: 'user', content: order }])).includes('"tool_calls"');

const choose = (page: Page, decision: string) =>
  page.getByRole('dialog').locator('label', { hasText: decision }).first().click();

describe('editing a rule', () => {
  it('changes the decision at once, and shows the Cedar it makes', async () => {
    const { page } = await stage.enter('owner', { path: '/permissions' });
    const order = 'call send_email with {"to": "bob@partner.example"}';
    expect(await proposes(stage.runtime, order)).toBe(false);

    await page.getByRole('button', { name: /^Allow if….*support, send_email/ }).click();
    await page.getByLabel('Pattern').fill('*@partner.example');
    await page.getByRole('button', { name: 'Save rule' }).click();
    await page.getByText('Saved, in force now').waitFor();
    await page.getByRole('region', { name: 'In force' }).getByText('*@partner.example').waitFor();

    expect(await proposes(stage.runtime, order)).toBe(true);
    expect(await proposes(stage.runtime, 'call send_email with {"to": "ada@customer.example"}')).toBe(false);
    expect(readFileSync(stage.runtime.policyFile, 'utf8')).toContain('*@partner.example');
  });

  it('a new rule permits what none spoke of', async () => {
    expect(await proposes(stage.runtime, 'call run_shell with {"command": "ls"}')).toBe(false);
    const { page } = await stage.enter('owner', { path: '/permissions' });
    await page.getByRole('button', { name: /no rule.*support, run_shell/ }).click();
    await choose(page, 'Allow');
    await page.getByRole('button', { name: 'Save rule' }).click();
    await page.getByText('Saved, in force now').waitFor();
    expect(await proposes(stage.runtime, 'call run_shell with {"command": "ls"}')).toBe(true);
  });

  it('never overwrites what someone else changed meanwhile', async () => {
    const { page } = await stage.enter('owner', { path: '/permissions' });
    await page.getByRole('button', { name: /^Deny.*support, delete_customer/ }).click();
    const before = readFileSync(stage.runtime.policyFile, 'utf8');
    writeFileSync(stage.runtime.policyFile, before.replace('search_orders: allow', 'search_orders: ask'));
    await choose(page, 'Allow');
    await page.getByRole('button', { name: 'Save rule' }).click();
    await page.getByText('Someone changed the permissions since you opened this rule.').waitFor();
    expect(readFileSync(stage.runtime.policyFile, 'utf8')).toContain('delete_customer: deny');
    await page.getByRole('button', { name: 'Load the rule as it is now' }).click();
    await page.getByText('Someone changed the permissions').waitFor({ state: 'detached' });
    await choose(page, 'Ask');
    await page.getByRole('button', { name: 'Save rule' }).click();
    await page.getByText('Saved, in force now').waitFor();
    const after = readFileSync(stage.runtime.policyFile, 'utf8');
    expect(after).toContain('search_orders: ask');
    expect(after).toContain('delete_customer: ask');
  });
});

describe('the file', () => {
  it('a mistake is shown at its line, and nothing is saved', async () => {
    const { page } = await stage.enter('owner', { path: '/permissions?view=file' });
    const editor = page.getByRole('textbox', { name: 'permissions.yaml' });
    await expect.poll(() => editor.inputValue()).toContain('read_ticket: allow');
    const text = await editor.inputValue();
    const line = text.split('\n').findIndex((one) => one.includes('read_ticket: allow')) + 1;
    await editor.fill(text.replace('read_ticket: allow', 'read_ticket: perhaps'));
    await page.getByRole('button', { name: 'Save file' }).click();
    await page.getByRole('button', { name: `line ${line}`, exact: true }).waitFor();
    expect(readFileSync(stage.runtime.policyFile, 'utf8')).not.toContain('perhaps');
    await editor.fill(text.replace('read_ticket: allow', 'read_ticket: ask'));
    await page.getByRole('button', { name: 'Save file' }).click();
    await page.getByText('Saved, in force now').waitFor();
    expect(readFileSync(stage.runtime.policyFile, 'utf8')).toContain('read_ticket: ask');
  });

  it('a broken file on disk is said loudly on the Overview', async () => {
    const { page, visit } = await stage.enter();
    const good = readFileSync(stage.runtime.policyFile, 'utf8');
    writeFileSync(stage.runtime.policyFile, `${good}\n  - broken`);
    try {
      await expect
        .poll(
          async () => {
            await visit('/');
            await page.getByRole('region', { name: 'Policies' }).waitFor();
            return page.getByText('The policies on disk have errors.').isVisible();
          },
          { timeout: 20_000, interval: 500 },
        )
        .toBe(true);
    } finally {
      writeFileSync(stage.runtime.policyFile, good);
    }
  });
});
