import { chromium, type Browser, type BrowserContext, type Page, type Request } from 'playwright-core';
import { vi } from 'vitest';

/** Debian's Chromium unless another is named; browsers are not downloaded. */
const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

let launched: Promise<Browser> | undefined;

/** The browser of this run, which ends with it. Files have contexts of their own in it, and share nothing else. */
export const theBrowser = (): Promise<Browser> =>
  (launched ??= chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  }));

export const widths = { wide: { width: 1280, height: 860 }, narrow: { width: 375, height: 780 } } as const;

/** What went wrong in a page without anybody seeing it. */
interface Complaints {
  readonly console: string[];
  readonly violations: string[];
  /** Addresses of other origins that were asked for. */
  readonly foreign: string[];
}

export interface Watch {
  readonly complaints: Complaints;
  /** What was asked for and is not answered yet; the live stream, which never is, apart. */
  readonly unanswered: ReadonlySet<Request>;
  forget(): void;
}

/** Watches a context: console errors, exceptions, violations of the content security policy, requests that leave. */
export async function watch(context: BrowserContext, origin: string): Promise<Watch> {
  const complaints: Complaints = { console: [], violations: [], foreign: [] };
  const unanswered = new Set<Request>();
  await context.exposeFunction('reportViolation', (text: string) => complaints.violations.push(text));
  await context.addInitScript(`
    document.addEventListener('securitypolicyviolation', (event) => {
      window.reportViolation(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sourceFile + ':' + event.lineNumber);
    });
  `);
  context.on('console', (message) => {
    if (message.type() === 'error') complaints.console.push(message.text());
  });
  context.on('weberror', (error) => complaints.console.push(String(error.error())));
  context.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith('data:')) complaints.foreign.push(url);
    if (request.resourceType() !== 'eventsource') unanswered.add(request);
  });
  context.on('requestfinished', (request) => unanswered.delete(request));
  context.on('requestfailed', (request) => unanswered.delete(request));
  return {
    complaints,
    unanswered,
    forget: () => {
      unanswered.clear();
      for (const list of [complaints.console, complaints.violations, complaints.foreign]) list.length = 0;
    },
  };
}

/** Whether a screen stands, told two frames later: whatever an answer sets off has been set off by then. */
const stands = `new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(
  document.querySelector('h1') !== null &&
  document.querySelector('[aria-label^="Loading"]') === null &&
  document.getAnimations().every(({ playState }) => playState !== 'running')
))))`;

/** Waits until nothing is asked for, nothing loads and nothing moves. */
export const isSettled = (page: Page, { unanswered }: Watch): Promise<void> =>
  vi.waitFor(
    async () => {
      const before = unanswered.size;
      const isStanding = await page.evaluate(stands);
      if (before + unanswered.size > 0 || isStanding !== true) {
        throw new Error(`${page.url()} does not come to rest: ${[...unanswered].map((one) => one.url()).join(' ')}`);
      }
    },
    { timeout: 30_000, interval: 10 },
  );

/** Follows a one-time link, and waits for the first screen. */
export async function signIn(page: Page, link: string): Promise<void> {
  await page.goto(link);
  await page.getByRole('navigation', { name: 'Screens' }).waitFor();
}
