import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from './runtime.ts';
import { signIn } from './browser.ts';
import { type Stage, openStage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

const hello = [{ role: 'user', content: 'Hello' }] as const;

describe('agents and keys', () => {
  it('a new key works, is listed by its beginning only, and is refused once revoked', async () => {
    await stage.runtime.createKey('support-agent', ['support']);
    const { page, settled } = await stage.enter('owner', { path: '/settings' });
    await page.getByRole('button', { name: 'New key for support-agent' }).click();
    await page.getByLabel('Key name').fill('laptop');
    await page.getByRole('button', { name: 'Create key' }).click();
    const key = (await page.getByRole('dialog').locator('code').textContent()) ?? '';
    await page.getByRole('button', { name: 'I have stored it' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Revoke laptop' }).waitFor();
    await settled();
    expect(await page.content()).not.toContain(key);
    expect(await ask(stage.runtime, key, hello)).toHaveProperty('choices');

    await page.getByRole('button', { name: 'Revoke laptop' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Revoke key' }).click();
    await page.getByText('Revoked', { exact: true }).waitFor();
    expect(await ask(stage.runtime, key, hello)).not.toHaveProperty('choices');
  });

  it('an agent without a role is called out, since all its calls are denied', async () => {
    const key = await stage.runtime.createKey('roleless', []);
    const { page } = await stage.enter('owner', { path: '/settings' });
    await page.getByText('No role: every call is denied').waitFor();
    expect(await ask(stage.runtime, key, hello)).not.toHaveProperty('choices');
    await page.getByRole('button', { name: 'Edit roleless' }).click();
    await page.getByRole('combobox', { name: 'Roles' }).fill('support');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Save agent' }).click();
    await page.getByText('roleless is saved.').waitFor();
    expect(await ask(stage.runtime, key, hello)).toHaveProperty('choices');
  });
});

describe('operators', () => {
  it('a new operator signs in with a link that is shown once, and sees what their role may', async () => {
    const { page } = await stage.enter('owner', { path: '/settings?tab=operators' });
    await page.getByRole('button', { name: 'New operator' }).click();
    await page.getByLabel('Name').fill('Ada');
    await page.getByRole('button', { name: 'Create operator' }).click();
    await page.getByRole('button', { name: 'Sign-in link for Ada' }).click();
    const link = (await page.getByRole('dialog').locator('code').textContent()) ?? '';
    await page.getByRole('button', { name: 'I have stored it' }).click();
    const ada = await stage.outside();
    await signIn(ada.page, link);
    await ada.page.getByRole('button', { name: /Ada\s*viewer/ }).waitFor();

    await page.getByRole('button', { name: 'Disable Ada' }).click();
    await page.getByRole('button', { name: 'Enable Ada' }).waitFor();
    await ada.visit('/sessions');
    await ada.page.getByRole('heading', { name: 'Sign in with a one-time link' }).waitFor();
  });
});

describe('configuration', () => {
  it('shows what is in effect, and what the doctor found', async () => {
    const { page } = await stage.enter('owner', { path: '/settings?tab=configuration' });
    await page.getByRole('region', { name: 'Effective configuration' }).getByText('practice-1').waitFor();
    await page.getByRole('region', { name: 'Checks' }).getByText('Data folder').waitFor();
  });
});
