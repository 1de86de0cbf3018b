import { expect, it } from 'vitest';
import { injectionFigures } from '../../src/injection/figures.ts';

it('the published figures say when, on what and on how much they were measured', () => {
  const { date, data, rows } = injectionFigures;
  expect(date).toMatch(/^20\d\d-\d\d-\d\d$/);
  expect(data).not.toBe('');
  expect(rows.map(({ label }) => label)).toEqual(expect.arrayContaining(['attack', 'harmless']));
  for (const { texts, flagged, block } of rows) {
    expect(texts).toBeGreaterThan(0);
    expect(block).toBeGreaterThanOrEqual(0);
    expect(block).toBeLessThanOrEqual(flagged);
    expect(flagged).toBeLessThanOrEqual(1);
  }
});
