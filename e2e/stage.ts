import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { OperatorRole } from '@sallyport/core/admin';
import { type Complaints, launch, watch, widths } from './browser.ts';
import { type Harness, startRuntime } from './runtime.ts';

export interface Actor {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly complaints: Complaints;
}

export interface Stage {
  readonly runtime: Harness;
  /** A browser of its own, signed in. */
  enter(as?: OperatorRole, look?: Look & { readonly path?: string }): Promise<Actor>;
  /** A browser of its own, not signed in. */
  outside(): Promise<Actor>;
  close(): Promise<void>;
}

/** A runtime and a browser. */
export async function openStage(options: Parameters<typeof startRuntime>[0] = {}): Promise<Stage> {
  const runtime = await startRuntime(options);
  const cookies = new Map<OperatorRole, Promise<string>>();
  const cookieOf = (role: OperatorRole): Promise<string> => {
    const known = cookies.get(role) ?? cookieFor(runtime, role);
    cookies.set(role, known);
    return known;
  };
  const actors = await openActors(runtime.url, cookieOf);
  return {
    runtime,
    enter: actors.enter,
    outside: actors.outside,
    close: async () => {
      await actors.close();
      await runtime.stop();
    },
  };
}

/** Browsers at one address, signed in by cookie. */
export async function openActors(
  url: string,
  cookieOf: (role: OperatorRole) => Promise<string>,
): Promise<Pick<Stage, 'enter' | 'outside' | 'close'>> {
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

/** Signs in as an operator of this role, whom the owner makes first. */
async function cookieFor(runtime: Harness, role: OperatorRole): Promise<string> {
  const post = async (path: string, body: unknown, cookie = '') => {
    const answer = await fetch(`${runtime.url}/admin/api${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-sallyport-csrf': '1', cookie },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return { cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '', body: await answer.json() };
  };
  const follow = async (link: string) => (await post('/sign-in', { token: new URL(link).hash.slice(1) })).cookie;
  const owner = await follow(await runtime.signInUrl());
  if (role === 'owner') return owner;
  const { body: operator } = await post('/operators', { name: `a ${role}`, role }, owner);
  const { body: link } = await post(`/operators/${(operator as { id: string }).id}/sign-in-link`, {}, owner);
  return follow((link as { url: string }).url);
}
