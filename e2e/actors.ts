import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { OperatorRole } from '@sallyport/core/admin';
import { type Complaints, launch, watch, widths } from './browser.ts';

export interface Actor {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly complaints: Complaints;
}

export interface Actors {
  /** A browser of its own, signed in. */
  enter(as?: OperatorRole, look?: Look & { readonly path?: string }): Promise<Actor>;
  /** A browser of its own, not signed in. */
  outside(): Promise<Actor>;
  close(): Promise<void>;
}

/** Browsers at one address, signed in by cookie. */
export async function openActors(url: string, cookieOf: (role: OperatorRole) => Promise<string>): Promise<Actors> {
  const browser = await launch();
  return {
    outside: () => actor(browser, url, {}),
    enter: async (role = 'owner', { path = '/', ...look } = {}) => {
      const entered = await actor(browser, url, look);
      const [name = '', value = ''] = (await cookieOf(role)).split('=');
      await entered.context.addCookies([{ name, value, url, httpOnly: true, sameSite: 'Strict' }]);
      await entered.page.goto(url + path);
      await entered.page.getByRole('main').waitFor();
      return entered;
    },
    close: () => browser.close(),
  };
}

type Look = { readonly scheme?: 'light' | 'dark'; readonly width?: keyof typeof widths };

async function actor(browser: Browser, url: string, { scheme = 'light', width = 'wide' }: Look): Promise<Actor> {
  const context = await browser.newContext({ viewport: widths[width], colorScheme: scheme, reducedMotion: 'reduce' });
  const complaints = await watch(context, url);
  return { context, complaints, page: await context.newPage() };
}
