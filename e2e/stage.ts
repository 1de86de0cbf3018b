import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { OperatorRole } from '@sallyport/core/admin';
import { type Complaints, launch, signIn, watch, widths } from './browser.ts';
import { type Harness, startRuntime } from './runtime.ts';

export interface Actor {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly complaints: Complaints;
}

export interface Stage {
  readonly runtime: Harness;
  /** A browser of its own, signed in. */
  enter(as?: OperatorRole, options?: { scheme?: 'light' | 'dark'; width?: keyof typeof widths }): Promise<Actor>;
  /** A browser of its own, not signed in. */
  outside(): Promise<Actor>;
  close(): Promise<void>;
}

/** A runtime and a browser. */
export async function openStage(options: Parameters<typeof startRuntime>[0] = {}): Promise<Stage> {
  const runtime = await startRuntime(options);
  const browser = await launch();
  return {
    runtime,
    outside: () => actor(browser, runtime, {}),
    enter: async (role = 'owner', look = {}) => {
      const entered = await actor(browser, runtime, look);
      await signIn(entered.page, role === 'owner' ? await runtime.signInUrl() : await linkFor(runtime, role));
      return entered;
    },
    close: async () => {
      await browser.close();
      await runtime.stop();
    },
  };
}

async function actor(
  browser: Browser,
  runtime: Harness,
  { scheme = 'light', width = 'wide' }: { scheme?: 'light' | 'dark'; width?: keyof typeof widths },
): Promise<Actor> {
  const context = await browser.newContext({ viewport: widths[width], colorScheme: scheme, reducedMotion: 'reduce' });
  const complaints = await watch(context, runtime.url);
  return { context, complaints, page: await context.newPage() };
}

/** Makes an operator of this role, as an owner does, and a link for them. */
async function linkFor(runtime: Harness, role: OperatorRole): Promise<string> {
  const headers = { 'content-type': 'application/json', 'x-sallyport-csrf': '1' };
  const post = async (path: string, body: unknown, cookie = '') => {
    const answer = await fetch(`${runtime.url}/admin/api${path}`, {
      method: 'POST',
      headers: { ...headers, cookie },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return { cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '', body: await answer.json() };
  };
  const { cookie } = await post('/sign-in', { token: new URL(await runtime.signInUrl()).hash.slice(1) });
  const { body: operator } = await post('/operators', { name: `a ${role}`, role }, cookie);
  const { body: link } = await post(`/operators/${(operator as { id: string }).id}/sign-in-link`, {}, cookie);
  return (link as { url: string }).url;
}
