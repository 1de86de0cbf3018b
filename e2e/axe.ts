import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** What axe finds wrong, and of how many rules it said that they hold: a check that saw nothing finds nothing. */
export async function violationsOf(page: Page): Promise<{ found: string[]; checked: number }> {
  const { violations, passes } = await new AxeBuilder({ page }).withTags(tags).analyze();
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} ${target.join(' ')} ${failureSummary}`),
  );
  return { found, checked: passes.length };
}

export const isScrolledSideways = (page: Page): Promise<unknown> =>
  page.evaluate('document.documentElement.scrollWidth > window.innerWidth');
