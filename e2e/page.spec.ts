import { gzipSync } from 'node:zlib';
import type { Response } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from './runtime.ts';
import { type Stage, openStage } from './stage.ts';
import { isAt } from './until.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
  const key = await stage.runtime.createKey('support-agent', ['support']);
  for (const tool of ['delete_customer', 'run_shell', 'refund']) {
    await ask(stage.runtime, key, [{ role: 'user', content: `call ${tool} with {"id": 1}` }]);
  }
});
afterAll(() => stage.close());

describe('weight', () => {
  it('the first load is at most 300 KiB of script and 45 KiB of styles, gzipped', async () => {
    const { page, context, settled } = await stage.outside();
    const sizes = { js: 0, css: 0 };
    const counted: Promise<void>[] = [];
    const add = async (kind: 'js' | 'css', response: Response) => {
      sizes[kind] += gzipSync(await response.body()).length;
    };
    context.on('response', (response) => {
      const kind = /\.(js|css)(?:\?|$)/.exec(response.url())?.[1];
      if (kind === 'js' || kind === 'css') counted.push(add(kind, response));
    });
    await page.goto(await stage.runtime.signInUrl());
    await page.getByRole('region', { name: 'Denied and held' }).waitFor();
    await settled();
    await Promise.all(counted);
    expect(counted.length).toBeGreaterThan(4);
    expect(sizes.js / 1024).toBeLessThan(300);
    expect(sizes.css / 1024).toBeLessThan(45);
  });
});

describe('the frame around the page', () => {
  it('forbids inline script, other origins and frames, with a fresh nonce for every answer', async () => {
    const policies = await Promise.all(
      [1, 2].map(async () => (await fetch(stage.runtime.url)).headers.get('content-security-policy') ?? ''),
    );
    expect(policies[0]).toContain("default-src 'none'");
    expect(policies[0]).toContain("script-src 'self'");
    expect(policies[0]).not.toMatch(/script-src[^;]*(unsafe|nonce)/);
    expect(policies[0]).toContain("frame-ancestors 'none'");
    expect(policies[0]).toContain("require-trusted-types-for 'script'");
    expect(policies[0]).not.toBe(policies[1]);
  });

  it('markup written into the page by any route is refused', async () => {
    const { page } = await stage.enter();
    const write = `(() => { try { document.createElement('div').innerHTML = '<b>x</b>'; return 'written'; } catch { return 'refused'; } })()`;
    expect(await page.evaluate(write)).toBe('refused');
  });

  it('the nonce cannot be read from the page once it runs', async () => {
    const { page } = await stage.enter();
    expect(await page.evaluate(`document.querySelector('meta[name="csp-nonce"]')`)).toBeNull();
  });
});

const screens = {
  a: 'Approvals',
  s: 'Sessions',
  l: 'Tools',
  p: 'Permissions',
  t: 'Settings',
  o: 'Overview',
} as const;

describe('by keyboard alone', () => {
  it('g and a letter go to a screen, ? lists the keys, Esc closes', async () => {
    const { page } = await stage.enter();
    for (const [key, title] of Object.entries(screens)) {
      await page.keyboard.press('g');
      await page.keyboard.press(key);
      await page.getByRole('heading', { name: title, level: 1 }).waitFor();
      await expect.poll(() => page.title()).toBe(`${title} · Sallyport`);
    }
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('j and k move along a list and Enter opens', async () => {
    const { page } = await stage.enter('owner', { path: '/sessions' });
    await page.getByRole('link', { name: 'support-agent' }).waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'Timeline' }).waitFor();
    await page.keyboard.press('j');
    await page.getByRole('article').waitFor();
    await isAt(page, /\?event=/);
    const first = new URL(page.url()).search;
    await page.keyboard.press('j');
    await expect.poll(() => new URL(page.url()).search).not.toBe(first);
    await page.keyboard.press('k');
    await expect.poll(() => new URL(page.url()).search).toBe(first);
    await page.keyboard.press('Escape');
    await page.getByText('Choose an event').waitFor();
  });

  it('the first Tab offers to skip to the content', async () => {
    const { page } = await stage.enter();
    await page.keyboard.press('Tab');
    await expect.poll(() => page.evaluate('document.activeElement.textContent')).toBe('Skip to content');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('main');
  });

  it('single keys can be turned off, and stay off', async () => {
    const { page, visit, settled } = await stage.enter();
    await page.keyboard.press('?');
    await page.getByRole('switch', { name: 'Single-key shortcuts' }).click();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await visit('/');
    for (const key of ['g', 's', '?']) await page.keyboard.press(key);
    // The next key is answered, so those before it were not.
    await page.keyboard.press('Tab');
    await expect.poll(() => page.evaluate('document.activeElement.textContent')).toBe('Skip to content');
    await settled();
    await isAt(page, '/');
    expect(await page.title()).toBe('Overview · Sallyport');
    expect(await page.getByRole('dialog').count()).toBe(0);
  });
});

describe('state in the URL', () => {
  it('filters survive a reload and can be shared', async () => {
    const { page } = await stage.enter('owner', { path: '/sessions' });
    await page.getByLabel('Find').fill('nobody');
    await page.getByText('No session fits these filters').waitFor();
    await isAt(page, /find=nobody/);
    await page.reload();
    await page.getByText('No session fits these filters').waitFor();
  });

  it('a value that makes no sense is dropped, not an error', async () => {
    const { page } = await stage.enter('owner', { path: '/permissions?view=nonsense&kind=42' });
    await page.getByRole('button', { name: /^Deny.*support, delete_customer/ }).waitFor();
  });
});

describe('colour scheme', () => {
  it('follows the system, and a choice is kept', async () => {
    const { page } = await stage.enter('owner', { scheme: 'dark' });
    const isIn = (scheme: string) =>
      expect.poll(() => page.evaluate(`document.documentElement.dataset.mantineColorScheme`)).toBe(scheme);
    await isIn('dark');
    await page.getByRole('button', { name: /Colour scheme/ }).click();
    await page.getByRole('menuitemradio', { name: 'Light' }).click();
    await isIn('light');
    await page.reload();
    await isIn('light');
  });

  it('changes at once for those who want no motion', async () => {
    const { page } = await stage.enter();
    const moving = `(() => {
      document.documentElement.dataset.mantineColorScheme = 'dark';
      return document.getAnimations().length;
    })()`;
    expect(await page.evaluate(moving)).toBe(0);
  });
});

describe('when the runtime goes away', () => {
  it('the page says that it is disconnected, and what it shows stays', async () => {
    const own = await openStage();
    const { page } = await own.enter();
    await page.getByText('Live', { exact: true }).waitFor();
    await own.runtime.stop();
    await page.getByText('Disconnected').waitFor();
    await page.getByText('The live stream is lost, so what you see may be old.').waitFor();
    expect(await page.getByRole('heading', { name: 'Overview', level: 1 }).isVisible()).toBe(true);
  });
});
