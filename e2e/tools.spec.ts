import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Actors, openActors } from './actors.ts';
import { type Staged, cookieOf, startStaged } from './staged/server.ts';
import { isAt, isDisabled, says } from './until.ts';

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

const toolOf = (name: string) => staged.world.tools.find((tool) => tool.name === name);

describe('whom to believe', () => {
  it('each tool stands with its effect, targets, results and who described it; proposals first', async () => {
    const { page, complaints } = await stage.enter('owner', { path: '/tools' });
    await says(
      page.getByRole('region', { name: 'To confirm' }),
      /send_money\s+Executes sink\s+all: recipient, amount, memo\s+Untrusted\s+Nobody/,
    );
    await says(
      page.getByRole('region', { name: 'Tools', exact: true }),
      /read_email\s+Reads\s+id\s+Untrusted\s+but id trusted\s+The configuration/,
      /find_contact\s+Reads\s+all: name\s+Trusted\s+An operator/,
    );
    expect(complaints).toEqual({ console: [], violations: [], foreign: [] });
  });

  it('a proposal says why, fills the form, and counts only once it is confirmed', async () => {
    const { page } = await stage.enter('operator', { path: '/tools?tool=send_money' });
    const proposal = page.getByRole('region', { name: 'Proposal' });
    await says(proposal, 'The argument recipient held accounts in all of 4 calls.');
    await proposal.getByRole('button', { name: 'Fill in the proposal' }).click();
    expect(toolOf('send_money')?.from).toBe('unknown');
    await page.getByLabel('Caps of amount').fill('75');
    await page.getByRole('button', { name: 'Confirm manifest' }).click();
    await page.getByText('Confirmed, in force now').waitFor();
    expect(toolOf('send_money')).toMatchObject({
      from: 'confirmed',
      manifest: {
        effect: 'send',
        kinds: ['pay'],
        target: ['recipient', 'amount'],
        content: ['memo'],
        caps: { amount: 75 },
      },
    });
    await page.getByRole('button', { name: 'Save manifest' }).waitFor();
  });

  it('arguments are chosen among those that were seen, and one cannot be both', async () => {
    const { page } = await stage.enter('operator', { path: '/tools?tool=send_money' });
    await page.getByRole('combobox', { name: 'Content' }).click();
    await page.getByRole('option', { name: 'memo' }).click();
    await page.getByText('Now: recipient, amount.').waitFor();
    await page.getByRole('switch', { name: 'Every other argument is a target' }).click();
    const targets = page.getByRole('combobox', { name: 'Targets' });
    await targets.fill('memo');
    await targets.press('Enter');
    await page.getByText('memo is either a target or content, not both.').waitFor();
    await isDisabled(page.getByRole('button', { name: 'Confirm manifest' }));
  });

  it('a tool that became another while it was looked at is not confirmed unseen', async () => {
    const { page } = await stage.enter('operator', { path: '/tools?tool=send_money' });
    await page.getByRole('button', { name: 'Confirm manifest' }).waitFor();
    staged.world.tools = staged.world.tools.map((tool) => ({
      ...tool,
      definition: 'e'.repeat(64),
      description: 'Something else',
    }));
    await page.getByRole('button', { name: 'Confirm manifest' }).click();
    await page.getByText('This tool changed since you opened it.').waitFor();
    expect(toolOf('send_money')?.from).toBe('unknown');
    await page.getByRole('button', { name: 'Load the tool as it is now' }).click();
    await page.getByText('This tool changed since you opened it.').waitFor({ state: 'detached' });
    await page.getByText('Something else').waitFor();
    await page.getByRole('button', { name: 'Confirm manifest' }).click();
    await page.getByText('Confirmed, in force now').waitFor();
  });

  it('what was confirmed can be forgotten, and is asked about first', async () => {
    const { page } = await stage.enter('operator', { path: '/tools?tool=find_contact' });
    await page.getByRole('button', { name: 'Forget' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Forget manifest' }).click();
    await page.getByText('The manifest is forgotten.').waitFor();
    expect(toolOf('find_contact')?.from).toBe('unknown');
    await isAt(page, '/tools');
  });

  it('a manifest of the configuration is read here and changed there', async () => {
    const { page, settled } = await stage.enter('owner', { path: '/tools?tool=read_email' });
    await page.getByText('in sallyport.yaml, and is changed there').waitFor();
    await settled();
    expect(await page.getByRole('button', { name: /Confirm|Save|Forget/ }).count()).toBe(0);
    await says(page.getByRole('region', { name: 'Manifest' }), 'untrusted, but id trusted');
  });

  it.each(['viewer', 'auditor', 'approver'] as const)('%s sees manifests and cannot change them', async (role) => {
    const { page, settled, complaints } = await stage.enter(role, { path: '/tools?tool=send_money' });
    await page.getByText('Your role sees manifests and cannot change them.').waitFor();
    await settled();
    expect(await page.getByRole('button', { name: /Confirm|Fill in|Forget|Add/ }).count()).toBe(0);
    expect(complaints).toEqual({ console: [], violations: [], foreign: [] });
  });

  it('filters stand in the address, j and Enter open', async () => {
    const { page } = await stage.enter('owner', { path: '/tools?from=unknown' });
    await page.getByRole('link', { name: 'run_shell' }).waitFor();
    expect(await page.getByRole('link', { name: 'read_email' }).count()).toBe(0);
    await page.getByLabel('Find a tool').fill('shell');
    await isAt(page, /find=shell/);
    await page.getByRole('link', { name: 'send_money' }).waitFor({ state: 'detached' });
    await page.getByRole('heading', { name: 'Tools', level: 1 }).click();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Tool' }).getByText('run_shell').waitFor();
  });

  it('names, descriptions and reasons of strangers are text', async () => {
    const nasty = '<img src=x onerror="window.pwned=1"> \u202Eevil\u202C \u200B';
    staged.world.tools = staged.world.tools.map((tool) =>
      tool.proposal === undefined
        ? tool
        : {
            ...tool,
            name: `tool ${nasty}`,
            description: nasty.repeat(2_000),
            proposal: { ...tool.proposal, why: [nasty] },
            seen: { calls: 1, lastAt: null, arguments: [nasty] },
          },
    );
    for (const width of ['wide', 'narrow'] as const) {
      const { page, settled, complaints } = await stage.enter('owner', { width, path: '/tools' });
      await page.getByRole('region', { name: 'To confirm' }).getByRole('link').click();
      await page.getByRole('region', { name: 'Proposal' }).waitFor();
      await settled();
      expect(await page.evaluate('window.pwned')).toBeUndefined();
      expect(await page.evaluate(`document.querySelectorAll('body img').length`)).toBe(0);
      expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
      expect(complaints).toEqual({ console: [], violations: [], foreign: [] });
    }
  });
});
