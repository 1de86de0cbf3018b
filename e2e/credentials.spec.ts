import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Actors, openActors } from './actors.ts';
import { type Staged, cookieOf, startStaged } from './staged/server.ts';
import { isDisabled, says } from './until.ts';

let staged: Staged;
let stage: Actors;
beforeAll(async () => {
  staged = await startStaged();
  stage = await openActors(staged.url, cookieOf);
});
beforeEach(() => staged.reset());
afterAll(async () => {
  await stage.close();
  await staged.stop();
});

const path = '/settings?tab=credentials';
const stateOf = (name: string) => staged.world.credentials.find((one) => one.name === name)?.state;
const silent = { console: [], violations: [], foreign: [] };

describe('tools’ credentials', () => {
  it('each stands with where it is kept, what it is bound to, its state and its last failure', async () => {
    const { page, complaints } = await stage.enter('owner', { path });
    const row = (name: string) => page.getByRole('row').filter({ hasText: new RegExp(`^${name}`) });
    await says(
      row('billing-key'),
      /bearer token\s+This runtime, sealed\s+billing\s+mcp\.billing\.example\s+all of them\s+In use/,
    );
    await says(
      row('orders-client'),
      /exchanged for the user’s token\s+HashiCorp Vault\s+orders\s+orders\.internal\.example, id\.example:8443/,
      /orders_get, orders_list_\*\s+Cannot be read\s+Vault refused the token/,
    );
    await says(row('crm-key'), /Environment.*Not used yet\s+never/s);
    await says(row('files-cert'), 'Revoked');
    expect(complaints).toEqual(silent);
  });

  it('a stored value is written, and is nowhere to be read afterwards', async () => {
    const { page, settled, complaints } = await stage.enter('operator', { path });
    const answers: string[] = [];
    page.on('response', (response) => {
      if (response.url().includes('/admin/api/'))
        void response.text().then(
          (text) => answers.push(text),
          () => undefined,
        );
    });
    await page.getByRole('button', { name: 'Set value of billing-key' }).click();
    const dialog = page.getByRole('dialog', { name: 'Set the value of billing-key' });
    await isDisabled(dialog.getByRole('button', { name: 'Set value' }));
    const field = dialog.getByLabel('New value');
    expect(await field.inputValue()).toBe('');
    expect(await field.getAttribute('type')).toBe('password');
    const sent = page.waitForRequest((request) => request.url().endsWith('/credentials/billing-key'));
    await field.fill('sk-live-4f9a27c1');
    await dialog.getByRole('button', { name: 'Set value' }).click();
    expect((await sent).postDataJSON()).toEqual({ value: 'sk-live-4f9a27c1' });
    await page.getByText('billing-key has its new value').waitFor();
    await dialog.waitFor({ state: 'detached' });
    await settled();
    await expect.poll(() => answers.length).toBeGreaterThan(1);
    expect(answers.join(' ')).not.toContain('sk-live');
    expect(await page.content()).not.toContain('sk-live');
    expect(await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])')).not.toContain(
      'sk-live',
    );
    await page.getByRole('button', { name: 'Set value of billing-key' }).click();
    await expect.poll(() => field.inputValue()).toBe('');
    expect(complaints).toEqual(silent);
  });

  it('a value that is refused says why, and stays in the field', async () => {
    const { page } = await stage.enter('owner', { path });
    await page.getByRole('button', { name: 'Set value of files-cert' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('New value').fill('-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----');
    staged.world.credentials = staged.world.credentials.filter(({ name }) => name !== 'files-cert');
    await dialog.getByRole('button', { name: 'Set value' }).click();
    await dialog.getByRole('alert').waitFor();
    await expect.poll(() => dialog.getByLabel('New value').inputValue()).toContain('\nMIIEvQ\n');
  });

  it('is revoked once it was asked, and restored', async () => {
    const { page } = await stage.enter('operator', { path });
    await page.getByRole('button', { name: 'Revoke billing-key' }).click();
    const ask = page.getByRole('dialog', { name: 'Revoke billing-key?' });
    await says(ask, 'calls that need it fail');
    expect(stateOf('billing-key')).toBe('ok');
    await ask.getByRole('button', { name: 'Revoke credential' }).click();
    await page.getByRole('button', { name: 'Restore billing-key' }).click();
    expect(stateOf('billing-key')).toBe('revoked');
    await page.getByRole('alertdialog').getByRole('button', { name: 'Restore credential' }).click();
    await page.getByRole('button', { name: 'Revoke billing-key' }).waitFor();
    expect(stateOf('billing-key')).toBe('unused');
  });

  it.each(['viewer', 'auditor', 'approver'] as const)(
    '%s is told who may see them, and nothing is asked for',
    async (role) => {
      const { page, visit, complaints } = await stage.enter(role);
      const asked: string[] = [];
      page.on('request', (request) => asked.push(request.url()));
      await visit(path);
      await page.getByText('Your role does not show credentials').waitFor();
      expect(asked).not.toEqual([]);
      expect(asked.filter((url) => url.includes('/admin/api/credentials'))).toEqual([]);
      expect(complaints).toEqual(silent);
    },
  );
});
