import type { Cell } from '@sallyport/core/admin';
import { describe, expect, it } from 'vitest';
import { cellOf, draftOf, emptyCondition, lacks } from '../src/routes/permissions/cell.ts';

describe('a cell that is opened and saved untouched means the same', () => {
  const cells: readonly Cell[] = [
    'allow',
    'ask',
    'deny',
    { decision: 'allow', when: { to: '*@customer.example' } },
    { decision: 'allow', when: { to: '*@customer.example' }, otherwise: 'ask' },
    { decision: 'ask', when: { amount: { max: 50 }, currency: { in: ['EUR', 'USD'] } } },
    { decision: 'allow', when: { amount: { min: 0, max: 0 } } },
  ];
  it.each(cells.map((cell) => [JSON.stringify(cell), cell] as const))('%s', (_, cell) => {
    expect(cellOf(draftOf(cell))).toEqual(cell);
  });

  it('numbers and truth values stay demands on the same text', () => {
    const cell: Cell = { decision: 'allow', when: { copies: 1, urgent: true, level: { in: [1, 'two'] } } };
    expect(cellOf(draftOf(cell))).toEqual({
      decision: 'allow',
      when: { copies: { in: ['1'] }, urgent: { in: ['true'] }, level: { in: ['1', 'two'] } },
    });
  });

  it('no cell stays no cell', () => {
    expect(cellOf(draftOf(undefined))).toBeNull();
  });
});

describe('a condition that is not complete is never saved as no condition', () => {
  const draft = (part: Partial<typeof emptyCondition>) => ({
    decision: 'allow' as const,
    otherwise: 'deny' as const,
    when: [{ ...emptyCondition, ...part }],
  });
  it.each([
    ['without an argument', draft({ pattern: '*' })],
    ['without a pattern', draft({ path: 'to' })],
    ['without a value', draft({ path: 'to', kind: 'choice' })],
    ['without a bound', draft({ path: 'amount', kind: 'range' })],
    [
      'two for one argument, of which one would be lost',
      { ...draft({}), when: ['a', 'b'].map((pattern) => ({ ...emptyCondition, path: 'to', pattern })) },
    ],
  ])('%s', (_, incomplete) => {
    expect(lacks(incomplete)).toBeTypeOf('string');
  });

  it('a complete one is saved', () => {
    expect(lacks(draft({ path: 'to', pattern: '*@a.example' }))).toBeUndefined();
  });
});
