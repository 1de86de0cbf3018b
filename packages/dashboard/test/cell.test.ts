import type { Cell } from '@sallyport/core/admin';
import { describe, expect, it } from 'vitest';
import { cellOf, demandsOf, draftOf, emptyCondition, lacks } from '../src/routes/permissions/cell.ts';

describe('a cell that is opened and saved untouched means the same', () => {
  const cells: readonly Cell[] = [
    'allow',
    'ask',
    'deny',
    { decision: 'allow', when: { to: '*@customer.example' } },
    { decision: 'allow', when: { to: '*@customer.example' }, otherwise: 'ask' },
    { decision: 'ask', when: { amount: { max: 50 }, currency: { in: ['EUR', 'USD'] } } },
    { decision: 'allow', when: { amount: { min: 0, max: 0 } } },
    { decision: 'allow', when: { customer_id: { user: { claim: 'customer' } }, owner: { user: 'id' } } },
    { decision: 'allow', when: { to: { matches: '*@a.example', from: 'trusted' }, body: { links: 'user' } } },
    { decision: 'allow', when: { n: { max: 5, user: 'id' }, who: { in: ['a'], user: { claim: 'team' } } } },
    { decision: 'allow', when: { odd: { matches: '1*', max: 19 } } },
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

  it('it says what it demands, also where it has no fields for it', () => {
    const when = {
      customer_id: { user: { claim: 'customer' } },
      to: { matches: 'a*', user: 'id', from: 'user' },
    } as const;
    expect(demandsOf({ decision: 'allow', when })).toBe(
      "customer_id is in the user's claim customer, and to matches a* and is the user's own id and comes at least from: user",
    );
    expect(lacks(draftOf({ decision: 'allow', when }))).toBeUndefined();
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
