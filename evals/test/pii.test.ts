import { expect, it } from 'vitest';
import type { SensitiveMatch } from '@sallyport/core';
import { PiiTally } from '../src/pii-tally.ts';
import type { PiiRow } from '../src/pii.ts';

const row = (spans: [number, number, string][], more: Partial<PiiRow> = {}): PiiRow => ({
  id: 'r',
  text: 'x'.repeat(100),
  spans: spans.map(([start, end, type]) => ({ start, end, type })),
  source: 's',
  scope: ['*'],
  ...more,
});
const match = (start: number, end: number, type: string): SensitiveMatch => ({
  start,
  end,
  type,
  rule: 'rule',
  certainty: 'format',
});
const figures = (...rows: [PiiRow, SensitiveMatch[]][]) => {
  const tally = new PiiTally();
  for (const [one, found] of rows) tally.add(one, found);
  return tally.figures();
};

it('a span counts as found when half of both agree, and as exact when all does', () => {
  expect(figures([row([[0, 10, 'EMAIL']]), [match(0, 10, 'EMAIL')]])).toMatchObject({
    'f1.EMAIL': 1,
    'exact.EMAIL': 1,
  });
  expect(figures([row([[0, 10, 'EMAIL']]), [match(5, 10, 'EMAIL')]])).toMatchObject({
    'f1.EMAIL': 1,
    'exact.EMAIL': 0,
    covered: 0,
  });
  expect(figures([row([[0, 10, 'EMAIL']]), [match(6, 10, 'EMAIL')]])).toMatchObject({
    'f1.EMAIL': 0,
    'recall.EMAIL': 0,
  });
});

it('one finding counts for one span', () => {
  expect(
    figures([
      row([
        [0, 10, 'IP'],
        [2, 10, 'IP'],
      ]),
      [match(0, 10, 'IP')],
    ]),
  ).toMatchObject({ 'recall.IP': 0.5, 'precision.IP': 1 });
});

it('a wrong finding counts only where its type is labelled completely', () => {
  const found = [match(0, 5, 'IP'), match(20, 30, 'IP')];
  expect(figures([row([[0, 5, 'IP']]), found])).toMatchObject({ 'precision.IP': 0.5 });
  expect(figures([row([[0, 5, 'IP']], { scope: ['EMAIL'] }), found])).toMatchObject({ 'precision.IP': 1 });
});

it('secrets are one family, by split as well', () => {
  const seen = figures(
    [row([[0, 10, 'API_KEY']], { group_split: 'test-only' }), [match(0, 10, 'PASSWORD')]],
    [row([[0, 10, 'JWT']], { group_split: 'both' }), []],
  );
  expect(seen).toMatchObject({ 'f1.SECRET.unseen': 1, 'recall.SECRET': 0.5, 'f1.SECRET.both': 0 });
});

it('look-alikes are rows with anything found in them', () => {
  const seen = figures(
    [row([], { source: 'hardneg:x' }), [match(0, 3, 'PERSON')]],
    [row([], { source: 'hardneg:y' }), []],
  );
  expect(seen).toMatchObject({ lookalikesPer1000: 500, 'lookalikesPer1000.structured': 0 });
});

it('a span that two findings cover together is covered', () => {
  expect(figures([row([[0, 10, 'EMAIL']]), [match(0, 6, 'IP'), match(6, 10, 'MAC')]])).toMatchObject({ covered: 1 });
});
