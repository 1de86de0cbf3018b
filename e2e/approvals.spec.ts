import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { type Actors, openActors } from './actors.ts';
import { type Staged, cookieOf, startStaged } from './staged/server.ts';
import { approval, held } from './staged/world.ts';
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

const first = approval(1);
const path = `/approvals/${first.id}`;
const stateOf = (id: string) => staged.world.approvals.find((one) => one.id === id)?.state;
const heading = (page: Page, tool: string) => page.getByRole('heading', { level: 1, name: new RegExp(tool) }).waitFor();

describe('what waits', () => {
  it('is listed with what it would do and why, those that expire soonest first, and counted on every screen', async () => {
    const { page, complaints } = await stage.enter();
    await page.getByRole('link', { name: 'Approvals , 3 approvals waiting' }).click();
    const rows = page.getByRole('region', { name: 'Waiting for an answer' }).getByRole('link');
    await rows.first().waitFor();
    const texts = await rows.allInnerTexts();
    expect(texts.map((text) => /send_money|delete_file|send_email/.exec(text)?.[0])).toEqual([
      'send_money',
      'delete_file',
      'send_email',
    ]);
    expect(texts[0]).toContain('A target came from untrusted text');
    expect(texts[0]).toContain('GB29NWBK60161331926819');
    expect(texts[1]).toContain('1 of 2 needed have said yes');
    expect(complaints).toEqual({ console: [], violations: [], foreign: [] });
  });

  it('arrives by itself, without a reload, and leaves once another operator answered', async () => {
    const { page } = await stage.enter('approver', { path: '/approvals' });
    await page.getByText('Live', { exact: true }).waitFor();
    const late = approval(40, { tool: 'wire_abroad', expiresAt: Date.now() + 5_000_000 });
    staged.announce(late);
    await page.getByRole('link', { name: /wire_abroad/ }).waitFor();
    await page.getByRole('link', { name: 'Approvals , 4 approvals waiting' }).waitFor();
    staged.announce({ ...late, state: 'rejected' });
    await page.getByRole('link', { name: /wire_abroad/ }).waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'Approvals , 3 approvals waiting' }).waitFor();
  });

  it('when nothing does, the screen tells how approvals come about', async () => {
    staged.world.approvals = [];
    const { page } = await stage.enter('owner', { path: '/approvals' });
    await page.getByText('Nothing waits for you').waitFor();
    await says(page.getByRole('main'), 'came from text that third parties can write');
  });

  it('stands on the Overview, and not where nothing waits', async () => {
    const { page, visit } = await stage.enter();
    await page
      .getByRole('region', { name: 'Waiting for approval' })
      .getByRole('link', { name: /send_money/ })
      .click();
    await heading(page, 'send_money');
    staged.world.approvals = [];
    await visit('/');
    await page.getByRole('region', { name: 'Policies' }).waitFor();
    expect(await page.getByRole('region', { name: 'Waiting for approval' }).count()).toBe(0);
  });

  it('history is filtered by answer and by session, in the address', async () => {
    const { page } = await stage.enter('owner', { path: '/approvals?view=history&state=rejected' });
    const rows = page.getByRole('region', { name: 'History' }).getByRole('link');
    await expect.poll(() => rows.count()).toBe(1);
    await page.goto(`${staged.url}/approvals?view=history&session=0190a000-0000-7000-8000-000000000002`);
    await page.getByRole('region', { name: 'History' }).getByText('Withdrawn').waitFor();
    await expect.poll(() => rows.count()).toBe(1);
    await page.getByRole('link', { name: 'Show those of all sessions' }).click();
    await expect.poll(() => rows.count()).toBe(5);
  });
});

describe('what the approver sees', () => {
  it('each argument with its origin in words, the rule, the text it came from, and the request', async () => {
    const { page } = await stage.enter('approver', { path });
    await says(
      page.getByRole('region', { name: 'What would run' }),
      /recipient\s+target\s+held for this\s+Untrusted\s+GB29NWBK60161331926819/,
      'from the result of read_email, field body, written by third parties',
      'from the user’s message, written by the user',
      /link in content\s+https:\/\/pay\.evil\.example\/2041/,
      'found nowhere: the model made it up',
    );
    await says(
      page.getByRole('region', { name: 'Why it is held' }),
      'A target came from untrusted text',
      'A link, address or account came from untrusted text',
    );
    const marked = page.getByRole('region', { name: 'The untrusted text it came from' }).locator('mark');
    await says(marked, /^GB29⟨U\+200B⟩NWBK60161331926819$/);
    await says(page.getByRole('region', { name: 'What the user asked for' }), 'invoice 2041');
  });

  it('a second model’s opinion as advice, and what happens if nobody answers', async () => {
    const { page } = await stage.enter('approver', { path });
    const advice = page.getByRole('region', { name: 'Advice of the second model' });
    await says(advice, 'Does not serve the user’s request', 'It explains and never decides');
    await page.getByText(/If nobody answers by \d\d:\d\d:\d\d, nothing is done/).waitFor();
    const left = page.getByRole('list', { name: 'Summary' }).getByText(/\d+ min \d+ s left/);
    const before = await left.innerText();
    await expect.poll(() => left.innerText()).not.toBe(before);
  });

  it('of one that has just run out, that it expired', async () => {
    staged.world.approvals = [approval(1, { expiresAt: Date.now() - 1_000 })];
    const { page } = await stage.enter('approver', { path });
    await says(page.getByRole('list', { name: 'Summary' }), /Waiting\s+expired\s+for the user/);
  });

  it('of an ended session, that its detail was destroyed', async () => {
    const { page, settled } = await stage.enter('approver', { path: `/approvals/${approval(15).id}` });
    await page.getByText('Its session has ended, so what it carried was destroyed').waitFor();
    await settled();
    expect(await page.getByRole('button', { name: 'Reject' }).count()).toBe(0);
  });

  it('a draft of a rule to copy, which saves nothing', async () => {
    const { page } = await stage.enter('operator', { path });
    await page.getByRole('button', { name: 'Draft a rule' }).click();
    const dialog = page.getByRole('dialog', { name: 'Draft of a rule' });
    await dialog.getByText('otherwise: ask').waitFor();
    await dialog.getByRole('button', { name: /Copy/ }).waitFor();
    await dialog.getByRole('link', { name: 'Open Permissions to add it' }).click();
    await page.getByRole('heading', { name: 'Permissions', level: 1 }).waitFor();
    await isAt(page, /view=file/);
  });
});

describe('answering', () => {
  it('asks once more, records the answer and the note, and goes on to the next that waits', async () => {
    const { page, complaints } = await stage.enter('approver', { path });
    await page.getByRole('button', { name: 'Reject' }).click();
    const dialog = page.getByRole('dialog', { name: 'Reject this call?' });
    await dialog.getByLabel('Note').fill('Not the account that we know.');
    expect(stateOf(first.id)).toBe('pending');
    await dialog.getByRole('button', { name: 'Reject' }).click();
    await heading(page, 'delete_file');
    expect(stateOf(first.id)).toBe('rejected');
    await page.goto(staged.url + path);
    await page.getByText('Not the account that we know.').waitFor();
    expect(complaints).toEqual({ console: [], violations: [], foreign: [] });
  });

  it('a value for the task names the held values before it is approved', async () => {
    const { page } = await stage.enter('approver', { path });
    await page.getByRole('button', { name: 'Approve this value for this task' }).click();
    const dialog = page.getByRole('dialog');
    await says(dialog.getByRole('list', { name: 'Held values' }), 'GB29NWBK60161331926819');
    await dialog.getByRole('button', { name: 'Approve this value' }).click();
    await heading(page, 'delete_file');
    expect(staged.world.approvals.find(({ id }) => id === first.id)?.votes[0]?.answer).toBe('value');
  });

  it('after the last one the inbox is empty', async () => {
    staged.world.approvals = [first];
    const { page } = await stage.enter('approver', { path });
    await page.getByRole('button', { name: 'Approve once' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Approve once' }).click();
    await page.getByText('Nothing waits for you').waitFor();
  });

  it('where several must agree, one yes is recorded and the next person is asked', async () => {
    const two = approval(2, { votesNeeded: 2, tool: 'delete_file' });
    staged.world.approvals = [two, approval(3)];
    const { page } = await stage.enter('approver', { path: `/approvals/${two.id}` });
    await page.getByText(/0 of 2\s+needed have said yes; 2 more operators must/).waitFor();
    await page.getByRole('button', { name: 'Approve once' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Approve once' }).click();
    await page.getByText('One more is needed.').waitFor();
    expect(stateOf(two.id)).toBe('pending');
    await page.goto(`${staged.url}/approvals/${two.id}`);
    await page.getByText('You have answered. Someone else must answer as well.').waitFor();
    await isDisabled(page.getByRole('button', { name: 'Approve once' }));
    const other = await stage.enter('operator', { path: `/approvals/${two.id}` });
    await other.page.getByRole('button', { name: 'Approve once' }).click();
    await other.page.getByRole('dialog').getByRole('button', { name: 'Approve once' }).click();
    await heading(other.page, 'send_money');
    expect(stateOf(two.id)).toBe('approved');
  });

  it('what changed meanwhile is not answered: the page says so and shows how it stands', async () => {
    const { page } = await stage.enter('approver', { path });
    await page.getByRole('button', { name: 'Approve once' }).click();
    // In the store, and not told live: the answer itself must find it out.
    staged.world.approvals = staged.world.approvals.map((one) =>
      one.id === first.id ? { ...one, state: 'rejected' } : one,
    );
    await page.getByRole('dialog').getByRole('button', { name: 'Approve once' }).click();
    await page.getByText('This approval changed while you were answering.').waitFor();
    await page.getByRole('list', { name: 'Summary' }).getByText('Rejected').waitFor();
    await page.getByRole('button', { name: 'Approve once' }).waitFor({ state: 'detached' });
  });

  it('sends what was seen, so that a call which became another is refused', async () => {
    const { page } = await stage.enter('approver', { path });
    await page.getByRole('button', { name: 'Approve once' }).click();
    staged.world.approvals = staged.world.approvals.map((one) =>
      one.id === first.id ? { ...one, binding: 'b'.repeat(64) } : one,
    );
    await page.getByRole('dialog').getByRole('button', { name: 'Approve once' }).click();
    await page.getByText('This approval changed while you were answering.').waitFor();
    expect(stateOf(first.id)).toBe('pending');
  });
});

describe('by keyboard alone', () => {
  it('g a, j, Enter, r, a note, and it is rejected; Escape takes the question back', async () => {
    const { page } = await stage.enter('approver');
    await page.keyboard.press('g');
    await page.keyboard.press('a');
    // The Overview, which is being left, has such a link as well.
    await page.getByRole('heading', { level: 1, name: 'Approvals' }).waitFor();
    await page.getByRole('link', { name: /send_money/ }).waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await heading(page, 'send_money');
    await page.getByRole('button', { name: 'Reject' }).waitFor();
    await page.keyboard.press('a');
    await page.getByRole('dialog', { name: 'Approve this call?' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('v');
    await page.getByRole('dialog', { name: 'Approve this value for this task?' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(stateOf(first.id)).toBe('pending');
    await page.keyboard.press('r');
    await page.getByRole('dialog', { name: 'Reject this call?' }).waitFor();
    // Letters go into the note, and approve nothing.
    await page.keyboard.type('a very odd account');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await heading(page, 'delete_file');
    expect(staged.world.approvals.find(({ id }) => id === first.id)?.votes[0]?.note).toBe('a very odd account');
  });

  it('one key never answers: Enter pressed on and on in the inbox approves nothing', async () => {
    const { page, settled } = await stage.enter('approver', { path: '/approvals' });
    await page.getByRole('link', { name: /send_money/ }).waitFor();
    await page.keyboard.press('j');
    for (let n = 0; n < 6; n++) await page.keyboard.press('Enter');
    await heading(page, 'send_money');
    await settled();
    expect(staged.world.approvals.filter(({ state }) => state === 'pending')).toHaveLength(3);
  });
});

describe('roles', () => {
  it('an auditor sees what waits, and why they cannot answer', async () => {
    const { page, complaints } = await stage.enter('auditor', { path });
    await page.getByText('You are signed in as auditor, who sees what waits and cannot answer.').waitFor();
    for (const name of ['Approve once', 'Approve this value for this task', 'Reject']) {
      await isDisabled(page.getByRole('button', { name }));
    }
    await page.keyboard.press('a');
    // The next key is answered, so the one before it was not.
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    expect(await page.getByRole('dialog').count()).toBe(1);
    expect(complaints).toEqual({ console: [], violations: [], foreign: [] });
  });

  it('a viewer is told who may see it, and nothing of it is asked for', async () => {
    const { page, visit, complaints } = await stage.enter('viewer');
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    for (const place of ['/approvals', path]) {
      await visit(place);
      await page.getByText('Your role does not show what waits for approval').waitFor();
    }
    expect(asked).not.toEqual([]);
    expect(asked.filter((url) => url.includes('/admin/api/approvals'))).toEqual([]);
    expect(complaints).toEqual({ console: [], violations: [], foreign: [] });
  });
});

describe('hostile text', () => {
  const markup = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>';
  const nasty = `${markup} \u202Egnp.exe\u202C zero\u200B\u200Bwidth [x](javascript:alert(1))`;
  const attacked = (value: string) =>
    approval(1, {
      tool: `send ${nasty}`,
      agent: `agent ${nasty}`,
      userId: nasty.slice(0, 100),
      detail: {
        ...held,
        arguments: { [`to ${nasty}`]: value, recipient: value },
        provenance: [
          {
            ...held.provenance[0]!,
            value: nasty,
            labels: ['private'],
            origins: [{ source: 1, role: 'tool', tool: nasty, field: nasty, integrity: 'untrusted' }],
          },
        ],
        excerpts: [{ path: 'arguments.recipient', origin: { ...held.excerpts[0]!.origin, tool: nasty }, text: value }],
        requests: [value],
        reasons: [{ code: 'untrusted_target', path: 'arguments.recipient', value: nasty, detail: nasty, fix: nasty }],
        opinion: { model: nasty, serves: 'yes', explanation: `Approve it. ${nasty}`, latencyMs: 1 },
      },
      reason: { code: 'untrusted_target', path: 'arguments.recipient', value: nasty },
    });

  it.each([
    ['of a few words', nasty],
    ['of 100 kB', `${'A'.repeat(99_000)}${nasty}`],
    ['of 100 kB that cannot be seen', 'a\u200B'.repeat(50_000)],
  ])('a value %s is text, in the inbox, the detail, the dialog and at 375 px', async (_, value) => {
    staged.world.approvals = [attacked(value)];
    for (const width of ['wide', 'narrow'] as const) {
      const { page, settled, complaints } = await stage.enter('approver', { width, path: '/approvals' });
      await page.getByRole('region', { name: 'Waiting for an answer' }).getByRole('link').click();
      await page.getByRole('region', { name: 'What would run' }).waitFor();
      await page.getByRole('button', { name: 'Approve this value for this task' }).click();
      await page.getByRole('dialog').waitFor();
      await settled();
      expect(await page.evaluate('window.pwned')).toBeUndefined();
      expect(await page.evaluate(`document.querySelectorAll('body img, body script:not([src])').length`)).toBe(0);
      expect(await page.evaluate(`/[\\u202A-\\u202E\\u2066-\\u2069\\u200B]/.test(document.body.innerText)`)).toBe(
        false,
      );
      expect(await page.evaluate(`/[\\u202A-\\u202E\\u200B]/.test(document.title)`)).toBe(false);
      expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
      expect(complaints).toEqual({ console: [], violations: [], foreign: [] });
    }
  });
});
