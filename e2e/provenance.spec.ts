import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Actors, openActors } from './actors.ts';
import { type Staged, cookieOf, startStaged } from './staged/server.ts';
import { approval, held, intent, sessionId } from './staged/world.ts';

let staged: Staged;
let stage: Actors;
beforeEach(async () => {
  staged = await startStaged();
  stage = await openActors(staged.url, cookieOf);
});
afterEach(async () => {
  await stage.close();
  await staged.stop();
});

const graph = `/sessions/${sessionId}?view=provenance`;

describe('where the values of a session came from', () => {
  it('is drawn: what was read on the left, calls on the right, suspect lines told by more than colour', async () => {
    const { page, complaints } = await stage.enter('owner', { path: graph });
    const drawing = page.getByRole('application');
    await drawing.getByText('Result of read_email').waitFor();
    const [left, right] = await Promise.all([
      drawing.getByText('Result of read_email').boundingBox(),
      drawing.getByText('send_money').boundingBox(),
    ]);
    expect(right?.x).toBeGreaterThan((left?.x ?? 0) + 200);
    await drawing.getByText('▲ recipient, memo').waitFor();
    expect(complaints).toEqual({ console: [], violations: [], foreign: [] });
  });

  it('a call in it leads to its entry in the timeline, and a source to the event that brought it', async () => {
    const { page } = await stage.enter('owner', { path: graph });
    await page.getByRole('application').getByRole('link', { name: 'send_money' }).click();
    await page.getByRole('article', { name: 'Tool call, details' }).waitFor();
    expect(new URL(page.url()).search).toBe('?event=event-pay');
    await page.goBack();
    await page.getByRole('application').getByRole('link', { name: 'Result of read_email' }).click();
    await page.getByRole('article', { name: 'Tool result, details' }).waitFor();
  });

  it('the table says the same', async () => {
    const { page } = await stage.enter('owner', { path: graph });
    await page.getByRole('radiogroup', { name: 'Show as' }).getByText('Table').click();
    const rows = page.getByRole('table', { name: /Values of each call/ }).getByRole('row');
    const suspect = rows.filter({ hasText: 'GB29NWBK60161331926819' });
    expect(await suspect.innerText()).toMatch(
      /send_money\s+Held.*recipient\s+target.*Untrusted.*read_email, field body/s,
    );
    expect(await page.getByRole('table', { name: 'What the session has read' }).innerText()).toMatch(
      /Result of find_contact\s+Trusted\s+96 B/,
    );
    expect(page.url()).toContain('as=table');
  });

  it('a narrow screen gets the table, and the drawing’s script is loaded for neither it nor the timeline', async () => {
    const { page, context } = await stage.enter('owner', { width: 'narrow' });
    const scripts: string[] = [];
    context.on('request', (request) => scripts.push(request.url()));
    await page.goto(`${staged.url}/sessions/${sessionId}`);
    await page.getByRole('tab', { name: 'Where values came from' }).click();
    await page.getByRole('table', { name: /Values of each call/ }).waitFor();
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
    expect(await page.getByRole('table', { name: 'What the session has read' }).innerText()).toContain('read_email');
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
        const { page, context, complaints } = await stage.enter('owner', { width, path: `${graph}&as=${as}` });
        await page.getByText('<img src=x').first().waitFor();
        expect(await page.evaluate('window.pwned')).toBeUndefined();
        expect(await page.evaluate(`document.querySelectorAll('main img').length`)).toBe(0);
        expect(await page.evaluate(`/[\\u202A-\\u202E\\u200B]/.test(document.body.innerText)`)).toBe(false);
        expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
        expect(complaints).toEqual({ console: [], violations: [], foreign: [] });
        await context.close();
      }
    }
  });
});

describe('in the timeline', () => {
  it('a tool call lists where each value came from, and leads to its approval', async () => {
    const { page } = await stage.enter('owner', { path: `/sessions/${sessionId}?event=event-pay` });
    const list = await page.getByRole('region', { name: 'Where its values came from' }).innerText();
    expect(list).toMatch(
      /recipient target\s+Untrusted\s+GB29NWBK60161331926819\s+from the result of read_email, field body/,
    );
    await page.getByRole('link', { name: 'The approval it waits for' }).click();
    await page.getByRole('heading', { level: 1, name: /send_money/ }).waitFor();
    expect(new URL(page.url()).pathname).toBe(`/approvals/${approval(1).id}`);
  });

  it('the head says how far the session may go and what it has taken in', async () => {
    const { page } = await stage.enter('owner', { path: `/sessions/${sessionId}` });
    const reach = page.getByRole('list', { name: 'Scope and labels' });
    await reach.getByText('text was read: each value is traced').waitFor();
    const text = await reach.innerText();
    expect(text).toContain('read_*, find_contact, send_money, send_email');
    expect(text).toContain('by a second model, from the user’s request alone');
    expect(text).toMatch(/Labels: private, pii/);
    await reach.getByRole('link', { name: 'Its approvals' }).click();
    await page.getByText('Show those of all sessions').waitFor();
  });

  it('a viewer sees the scope, and asks for nothing that events carried', async () => {
    const { page, complaints } = await stage.enter('viewer', { path: `/sessions/${sessionId}` });
    await page.getByText('Your role does not show what events carried').waitFor();
    expect(await page.getByRole('list', { name: 'Scope and labels' }).innerText()).not.toContain('Labels');
    expect(complaints).toEqual({ console: [], violations: [], foreign: [] });
  });
});
