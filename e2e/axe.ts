import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import type { Actor } from './actors.ts';
import { widths } from './browser.ts';

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/**
 * What axe finds wrong, and of how many rules it said that they hold: a check that saw nothing finds nothing. Run in the
 * page itself, which has no frames, and told in full only what is wrong: a quarter of the work of axe's own way.
 */
async function violationsOf(page: Page): Promise<{ found: string[]; checked: number }> {
  const isThere = await page.evaluate(`typeof axe === 'object'`);
  const { violations, passes } = await new AxeBuilder({ page, ...(isThere ? { axeSource: ';' } : {}) })
    .options({ resultTypes: ['violations'] })
    .withTags(tags)
    .setLegacyMode()
    .analyze();
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} ${target.join(' ')} ${failureSummary}`),
  );
  return { found, checked: passes.length };
}

/**
 * At 1280 and 375 px, in both colour schemes, axe finds nothing, and nothing scrolls sideways. The scheme is turned once: to
 * paint everything anew costs as much as to look at it.
 */
export async function expectSound({ page, settled }: Actor): Promise<void> {
  for (const [scheme, sizes] of [
    ['light', [widths.wide, widths.narrow]],
    ['dark', [widths.narrow, widths.wide]],
  ] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await expect.poll(() => page.evaluate('document.documentElement.dataset.mantineColorScheme')).toBe(scheme);
    for (const size of sizes) {
      await page.setViewportSize(size);
      // A place in the page belongs to its size: what stood in sight may lie below the bar by now.
      await page.evaluate('window.scrollTo(0, 0)');
      await settled();
      const { found, checked } = await violationsOf(page);
      expect(found, `${scheme}, ${size.width} px`).toEqual([]);
      expect(checked).toBeGreaterThan(5);
      expect(await page.evaluate('document.documentElement.scrollWidth > window.innerWidth')).toBe(false);
    }
  }
}
