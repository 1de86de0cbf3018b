import { expect } from 'vitest';
import type { Locator, Page } from 'playwright-core';

/*
 * What a page shows follows what was done after a while, so what is read at once is read too early, sometimes. These wait
 * until it stands, for as long as `expect.poll` does. That something is absent is told only of a page that has settled.
 */

export const says = async (place: Locator, ...what: readonly (string | RegExp)[]): Promise<void> => {
  for (const one of what) await expect.poll(() => place.innerText()).toMatch(one);
};

export const isDisabled = (control: Locator): PromiseLike<void> => expect.poll(() => control.isDisabled()).toBe(true);

/** The address, without its origin, is or fits this. */
export const isAt = async (page: Page, address: string | RegExp): Promise<void> => {
  const now = expect.poll(() => page.url().slice(new URL(page.url()).origin.length));
  await (typeof address === 'string' ? now.toBe(address) : now.toMatch(address));
};
