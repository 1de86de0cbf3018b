import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, openSession } from './runtime.ts';
import type { Actor } from './actors.ts';
import { type Stage, openStage } from './stage.ts';
import { says } from './until.ts';

const markup = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script><style>*{display:none}</style>';
const bidi = '\u202Egnp.exe\u202C';
const tags = String.fromCodePoint(...Array.from('exfiltrate', (letter) => 0xe0000 + (letter.codePointAt(0) ?? 0)));
const ticket = `${markup} ${bidi} zero\u200B\u200B\u200Bwidth ${tags} [link](javascript:alert(1)) \u001B[31mred`;

let stage: Stage;
let sessionId: string;
beforeAll(async () => {
  stage = await openStage();
  const { runtime } = stage;
  const key = await runtime.createKey(`agent ${markup.slice(0, 60)}`, ['support']);
  const { id, token } = await openSession(runtime, key, ticket.slice(0, 400));
  sessionId = id;
  await ask(runtime, token, [
    { role: 'user', content: 'Read it.' },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'c1', type: 'function', function: { name: 'read_ticket', arguments: '{}' } }],
    },
    { role: 'tool', tool_call_id: 'c1', content: ticket },
  ]);
  await ask(runtime, token, [{ role: 'user', content: `${'A'.repeat(100_000)}${ticket}` }]);
  await ask(runtime, token, [{ role: 'user', content: 'a\u200B'.repeat(50_000) }]);
  await ask(runtime, token, [
    { role: 'user', content: `call send_email with ${JSON.stringify({ to: `${bidi}${markup}@evil.example` })}` },
  ]);
});
afterAll(() => stage.close());

async function isHarmless({ page, settled, complaints }: Actor): Promise<void> {
  await settled();
  expect(await page.evaluate('window.pwned')).toBeUndefined();
  expect(
    await page.evaluate(`document.querySelectorAll('main img, main script, main style, main iframe').length`),
  ).toBe(0);
  expect(await page.evaluate(`document.querySelectorAll('main a[href^="javascript"]').length`)).toBe(0);
  // What reorders or hides text reaches the page only as a mark.
  expect(await page.evaluate(`/[\\u202A-\\u202E\\u2066-\\u2069\\u200B\\u001B]/.test(document.body.innerText)`)).toBe(
    false,
  );
  expect(complaints).toEqual({ console: [], violations: [], foreign: [] });
}

describe('agent content is shown as text, and what it hides is shown', () => {
  it('a tool result with markup, bidi overrides, zero-width and tag characters', async () => {
    const actor = await stage.enter('owner', { path: `/sessions/${sessionId}` });
    const { page } = actor;
    await page
      .getByRole('link', { name: /Tool result/ })
      .first()
      .click();
    await says(
      page.getByRole('region', { name: 'Content' }),
      '<img src=x onerror="window.pwned=1">',
      '⟨U+202E⟩',
      '⟨U+200B ×3⟩',
      '⟨hidden: exfiltrate⟩',
      '⟨U+001B⟩',
    );
    await page.getByText('characters that cannot be seen; each is marked').waitFor();
    await isHarmless(actor);
  });

  it.each(['/', '/sessions', 'session', '/settings', '/permissions'])('%s stays whole', async (path) => {
    await isHarmless(await stage.enter('owner', { path: path === 'session' ? `/sessions/${sessionId}` : path }));
  });

  it('texts of 100 kB fold, in the page and at 375 px', async () => {
    const narrow = await stage.enter('owner', { width: 'narrow', path: `/sessions/${sessionId}` });
    const { page, settled } = narrow;
    await page.getByRole('link', { name: /User message.*AAAA/s }).click();
    await page.getByRole('region', { name: 'Content' }).waitFor();
    await settled();
    expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
    await page.goBack();
    await page.getByRole('link', { name: /User message.*U\+200B/s }).click();
    await page.getByRole('region', { name: 'Content' }).waitFor();
    await settled();
    expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
    await isHarmless(narrow);
  });
});
