import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Actors, openActors } from './actors.ts';
import { type Staged, cookieOf, startStaged } from './staged/server.ts';
import { approval, held, intent, sessionId } from './staged/world.ts';
import { isAt, says } from './until.ts';

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

const graph = `/sessions/${sessionId}?view=provenance`;

describe('where the values of a session came from', () => {
  it('is drawn: what was read on the left, calls on the right, suspect lines told by more than colour', async () => {
    const { page, complaints } = await stage.enter('owner', { path: graph });
    const drawing = page.getByRole('application');
    await drawing.getByText('Result of read_email').waitFor();
    // The drawing is fitted to its frame once its parts have been measured.
    const distance = async () => {
      const left = await drawing.getByText('Result of read_email').boundingBox();
      const right = await drawing.getByText('send_money').boundingBox();
      return left && right ? right.x - left.x : 0;
    };
    await expect.poll(distance).toBeGreaterThan(200);
    await drawing.getByText('▲ recipient, memo').waitFor();
    expect(complaints).toEqual({ console: [], violations: [], foreign: [] });
  });

  it('a call in it leads to its entry in the timeline, and a source to the event that brought it', async () => {
    const { page } = await stage.enter('owner', { path: graph });
    await page.getByRole('application').getByRole('link', { name: 'send_money' }).click();
    await page.getByRole('article', { name: 'Tool call, details' }).waitFor();
    await isAt(page, `/sessions/${sessionId}?event=event-pay`);
    await page.goBack();
    await page.getByRole('application').getByRole('link', { name: 'Result of read_email' }).click();
    await page.getByRole('article', { name: 'Tool result, details' }).waitFor();
  });

  it('the table says the same', async () => {
    const { page } = await stage.enter('owner', { path: graph });
    await page.getByRole('radiogroup', { name: 'Show as' }).getByText('Table').click();
    const rows = page.getByRole('table', { name: /Values of each call/ }).getByRole('row');
    const suspect = rows.filter({ hasText: 'GB29NWBK60161331926819' });
    await says(suspect, /send_money\s+Held.*recipient\s+target.*Untrusted.*read_email, field body/s);
    await says(
      page.getByRole('table', { name: 'What the session has read' }),
      /Result of find_contact\s+Trusted\s+96 B/,
    );
    await isAt(page, /as=table/);
  });

  it('a narrow screen gets the table, and the drawing’s script is loaded for neither it nor the timeline', async () => {
    const { page, visit, settled } = await stage.enter('owner', { width: 'narrow' });
    const scripts: string[] = [];
    page.on('request', (request) => scripts.push(request.url()));
    await visit(`/sessions/${sessionId}`);
    await page.getByRole('tab', { name: 'Where values came from' }).click();
    await page.getByRole('table', { name: /Values of each call/ }).waitFor();
    await settled();
    expect(scripts).not.toEqual([]);
    expect(scripts.filter((url) => url.includes('FlowGraph'))).toEqual([]);
    await page.getByRole('radiogroup', { name: 'Show as' }).getByText('Graph').click();
    await page.getByRole('application').getByText('Result of read_email').waitFor();
    expect(scripts.filter((url) => /FlowGraph.*\.js/.test(url))).toHaveLength(1);
    expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
  });

  it('of an ended session shows what the log says of its calls, since what it read is destroyed', async () => {
    staged.world.flow = undefined;
    staged.world.sessions = staged.world.sessions.map((one) => ({ ...one, state: 'ended' }));
    const { page, complaints } = await stage.enter('owner', { path: `${graph}&as=table` });
    await page.getByText('was destroyed when it ended').waitFor();
    await says(page.getByRole('table', { name: 'What the session has read' }), 'read_email');
    expect(complaints).toEqual({ console: [], violations: [], foreign: [] });
  });

  it('grows live', async () => {
    const { page } = await stage.enter('owner', { path: graph });
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByRole('application').getByText('send_money').waitFor();
    staged.record(intent(90, ['event-late', 'tool_call', 'late_tool'], { provenance: held.provenance }));
    await page.getByRole('application').getByRole('link', { name: 'late_tool' }).waitFor();
  });

  it('hundreds of calls are drawn up to a number, and listed page by page', async () => {
    staged.world.entries = Array.from({ length: 400 }, (_, n) =>
      intent(n + 1, [`event-${n}`, 'tool_call', `tool_${n}`], { provenance: held.provenance }),
    );
    const { page, complaints } = await stage.enter('owner', { path: graph });
    await page.getByText('The newest 40 calls; the table has all.').waitFor();
    await page.getByRole('application').getByRole('link', { name: 'tool_399' }).waitFor();
    await page.getByRole('radiogroup', { name: 'Show as' }).getByText('Table').click();
    await page.getByRole('button', { name: 'Show earlier (350)' }).waitFor();
    expect(complaints).toEqual({ console: [], violations: [], foreign: [] });
  });

  it('names and values of strangers are text, drawn and listed', async () => {
    const nasty = '<img src=x onerror="window.pwned=1"> \u202Eevil\u202C \u200B';
    const provenance = [
      {
        ...held.provenance[0]!,
        path: `arguments.${nasty}`,
        value: nasty.repeat(2_000),
        origins: [{ source: 9, role: 'tool' as const, tool: nasty, field: nasty, integrity: 'untrusted' as const }],
      },
    ];
    staged.world.entries.push(intent(90, ['event-nasty', 'tool_call', nasty], { provenance }));
    for (const as of ['graph', 'table']) {
      for (const width of ['wide', 'narrow'] as const) {
        const { page, settled, complaints } = await stage.enter('owner', { width, path: `${graph}&as=${as}` });
        await page.getByText('<img src=x').first().waitFor();
        await settled();
        expect(await page.evaluate('window.pwned')).toBeUndefined();
        expect(await page.evaluate(`document.querySelectorAll('main img').length`)).toBe(0);
        expect(await page.evaluate(`/[\\u202A-\\u202E\\u200B]/.test(document.body.innerText)`)).toBe(false);
        expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
        expect(complaints).toEqual({ console: [], violations: [], foreign: [] });
      }
    }
  });
});

describe('in the timeline', () => {
  it('a tool call lists where each value came from, and leads to its approval', async () => {
    const { page } = await stage.enter('owner', { path: `/sessions/${sessionId}?event=event-pay` });
    await says(
      page.getByRole('region', { name: 'Where its values came from' }),
      /recipient target\s+Untrusted\s+GB29NWBK60161331926819\s+from the result of read_email, field body/,
    );
    await page.getByRole('link', { name: 'The approval it waits for' }).click();
    await page.getByRole('heading', { level: 1, name: /send_money/ }).waitFor();
    await isAt(page, `/approvals/${approval(1).id}`);
  });

  it('the head says how far the session may go and what it has taken in', async () => {
    const { page } = await stage.enter('owner', { path: `/sessions/${sessionId}` });
    const reach = page.getByRole('list', { name: 'Scope and labels' });
    await reach.getByText('text was read: each value is traced').waitFor();
    await says(
      reach,
      'read_*, find_contact, send_money, send_email',
      'by a second model, from the user’s request alone',
      /Labels: private, pii/,
    );
    await reach.getByRole('link', { name: 'Its approvals' }).click();
    await page.getByText('Show those of all sessions').waitFor();
  });

  it('a viewer sees the scope, and asks for nothing that events carried', async () => {
    const { page, settled, complaints } = await stage.enter('viewer', { path: `/sessions/${sessionId}` });
    await page.getByText('Your role does not show what events carried').waitFor();
    await settled();
    expect(await page.getByRole('list', { name: 'Scope and labels' }).innerText()).not.toContain('Labels');
    expect(complaints).toEqual({ console: [], violations: [], foreign: [] });
  });
});
