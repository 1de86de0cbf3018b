import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, openSession } from './runtime.ts';
import { type Stage, openStage } from './stage.ts';
import { isDisabled } from './until.ts';

let stage: Stage;
let sessionId: string;
beforeAll(async () => {
  stage = await openStage();
  const key = await stage.runtime.createKey('support-agent', ['support']);
  const { id, token } = await openSession(stage.runtime, key, 'Answer ticket 4711');
  sessionId = id;
  await ask(stage.runtime, token, [{ role: 'user', content: 'call delete_customer with {"id": 1}' }]);
});
afterAll(() => stage.close());

/** Every button and link that changes something. */
const actions =
  /^(Approve|Reject|Restore|Set value|End|Revoke|New|Create|Save|Edit|Disable|Enable|Sign-in link|Undo|Remove|Add|Confirm|Forget)\b/;

describe.each(['viewer', 'auditor'] as const)('%s: sees the same pages without actions', (role) => {
  it.each([
    '/',
    '/sessions',
    'session',
    '/approvals',
    '/tools',
    '/tools?view=upstreams',
    '/tools?view=reviews',
    '/permissions',
    '/permissions?view=file',
    '/settings',
    '/settings?tab=operators',
    '/settings?tab=credentials',
  ])('%s', async (path) => {
    const { page, complaints } = await stage.enter(role, {
      path: path === 'session' ? `/sessions/${sessionId}` : path,
    });
    expect(await page.getByRole('button').count()).toBeGreaterThan(0);
    expect(await page.getByRole('button', { name: actions }).count()).toBe(0);
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(complaints).toEqual({ console: [], violations: [], foreign: [] });
  });

  it('a rule opens for reading, and cannot be changed', async () => {
    const { page, settled } = await stage.enter(role, { path: '/permissions' });
    await page.getByRole('button', { name: /^Allow if….*support, send_email/ }).click();
    await isDisabled(page.getByLabel('Pattern'));
    await page.getByText('Your role sees rules and cannot change them.').last().waitFor();
    await settled();
    expect(await page.getByRole('button', { name: 'Save rule' }).count()).toBe(0);
  });
});

describe('what a role may not see says why', () => {
  it('a viewer sees that a session exists, not what its events carried', async () => {
    const { page, visit, settled } = await stage.enter('viewer', { path: `/sessions/${sessionId}` });
    await page.getByText('Your role does not show what events carried').waitFor();
    await settled();
    expect(await page.getByText('delete_customer').count()).toBe(0);
    await visit('/settings?tab=operators');
    await page.getByText('Your role does not show operators').waitFor();
  });

  it('a viewer is told that pages poll instead of following live', async () => {
    const { page } = await stage.enter('viewer');
    await page.getByText('Polling').waitFor();
    const auditor = await stage.enter('auditor');
    await auditor.page.getByText('Live', { exact: true }).waitFor();
  });
});
