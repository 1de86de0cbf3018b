import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

/** Debian's Chromium unless another is named; browsers are not downloaded. */
const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';

export const launch = (): Promise<Browser> =>
  chromium.launch({
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
  });

export const widths = { wide: { width: 1280, height: 860 }, narrow: { width: 375, height: 780 } } as const;
export const schemes = ['light', 'dark'] as const;

/** What went wrong in a page without anybody seeing it. */
export interface Complaints {
  readonly console: string[];
  readonly violations: string[];
  /** Addresses of other origins that were asked for. */
  readonly foreign: string[];
}

/** Watches a context: console errors, exceptions, violations of the content security policy, requests that leave. */
export async function watch(context: BrowserContext, origin: string): Promise<Complaints> {
  const complaints: Complaints = { console: [], violations: [], foreign: [] };
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
  });
  return complaints;
}

/** Follows a one-time link, and waits for the first screen. */
export async function signIn(page: Page, link: string): Promise<void> {
  await page.goto(link);
  await page.getByRole('navigation', { name: 'Screens' }).waitFor();
}
