import type { Browser, BrowserContext, Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import type { OperatorRole } from '@sallyport/core/admin';
import { type Watch, isSettled, theBrowser, watch, widths } from './browser.ts';

export interface Actor {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly complaints: Watch['complaints'];
  /** Goes to an address of the dashboard, and waits until the screen stands. */
  readonly visit: (path: string) => Promise<void>;
  /** Waits until nothing is asked for, nothing loads and nothing moves: what is absent then is absent. */
  readonly settled: () => Promise<void>;
}

type Look = { readonly scheme?: 'light' | 'dark'; readonly width?: keyof typeof widths };

/** For tests, and each until its test has finished. */
export interface Actors {
  /** A browser signed in, at a screen that stands. */
  enter(as?: OperatorRole, look?: Look & { readonly path?: string }): Promise<Actor>;
  /** A browser that nobody has used, not signed in. */
  outside(look?: Look): Promise<Actor>;
  /**
   * A browser signed in as owner for all tests of a file, which goes from screen to screen as its user does: the page is
   * loaded once, and nothing of a screen is left on the next.
   */
  tour(): Promise<(path: string) => Promise<Actor>>;
  close(): Promise<void>;
}

/** An address that no screen has. */
export const nowhere = '/nowhere';

interface Seat extends Actor {
  readonly watched: Watch;
}

/** Browsers at one address, signed in by cookie. */
export async function openActors(url: string, cookieOf: (role: OperatorRole) => Promise<string>): Promise<Actors> {
  const browser = await theBrowser();
  const contexts: BrowserContext[] = [];
  const sit = async (look: Look): Promise<Seat> => {
    const seat = await seatIn(browser, url, look);
    contexts.push(seat.context);
    return seat;
  };
  // A page that was left is taken again by the next: it starts in a sixth of the time of a fresh one.
  const free: Seat[] = [];
  const signIn = async ({ context }: Seat, role: OperatorRole): Promise<void> => {
    const [name = '', value = ''] = (await cookieOf(role)).split('=');
    await context.addCookies([{ name, value, url, httpOnly: true, sameSite: 'Strict' }]);
  };
  const take = async ({ scheme = 'light', width = 'wide' }: Look): Promise<Seat> => {
    const seat = free.pop() ?? (await sit({ scheme, width }));
    onTestFinished(async ({ task }) => {
      if (task.result?.state === 'fail') return seat.context.close();
      await leave(seat);
      free.push(seat);
    });
    await seat.page.setViewportSize(widths[width]);
    await seat.page.emulateMedia({ colorScheme: scheme });
    return seat;
  };
  return {
    outside: async (look = {}) => {
      const seat = await sit(look);
      onTestFinished(() => seat.context.close());
      return seat;
    },
    tour: async () => {
      const seat = await sit({});
      await signIn(seat, 'owner');
      await seat.visit('/');
      const lost = seat.page.getByRole('heading', { name: 'No such page' });
      const goTo = (path: string) => seat.page.evaluate(`history.pushState({}, '', ${JSON.stringify(path)})`);
      return async (path) => {
        // By way of a screen that is none: of the one before nothing stays, and that the next has come can be told.
        await goTo(nowhere);
        await lost.waitFor();
        if (path !== nowhere) {
          await goTo(path);
          await lost.waitFor({ state: 'detached' });
        }
        await seat.settled();
        return seat;
      };
    },
    enter: async (role = 'owner', { path = '/', ...look } = {}) => {
      const seat = await take(look);
      await signIn(seat, role);
      await seat.visit(path);
      return seat;
    },
    close: async () => {
      await Promise.all(contexts.map((context) => context.close()));
    },
  };
}

async function seatIn(browser: Browser, url: string, { scheme = 'light', width = 'wide' }: Look): Promise<Seat> {
  const context = await browser.newContext({ viewport: widths[width], colorScheme: scheme, reducedMotion: 'reduce' });
  const watched = await watch(context, url);
  const page = await context.newPage();
  const settled = () => isSettled(page, watched);
  return {
    page,
    context,
    watched,
    complaints: watched.complaints,
    settled,
    visit: async (path) => {
      await page.goto(url + path);
      await settled();
    },
  };
}

/** Nothing that its user did or was told is there for the next. */
async function leave({ page, context, watched }: Seat): Promise<void> {
  await page.evaluate('localStorage.clear(); sessionStorage.clear()');
  await page.goto('about:blank');
  await context.clearCookies();
  watched.forget();
}
