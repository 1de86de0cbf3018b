import { describe, expect, it } from 'vitest';
import { duration, money, relative, span } from '../src/text/format.ts';
import { problemsOf } from '../src/routes/permissions/problems.ts';

describe('figures', () => {
  it.each([
    [0, '$0'],
    [40, '<$0.0001'],
    [16_900, '$0.0169'],
    [1_250_000, '$1.25'],
  ])('%d millionths of a dollar are %s: what cost something is never shown as nothing', (micros, shown) => {
    expect(money(micros)).toBe(shown);
  });

  it.each([
    [142, '142 µs'],
    [1_500, '1.5 ms'],
    [27_000, '27 ms'],
    [2_500_000, '2.5 s'],
  ])('%d µs are %s', (micros, shown) => {
    expect(duration(micros)).toBe(shown);
  });

  it('times are told from now, in both directions', () => {
    const now = 1_000_000_000;
    expect(relative(now - 10_000, now)).toBe('just now');
    expect(relative(now - 240_000, now)).toBe('4 min ago');
    expect(relative(now + 3 * 86_400_000, now)).toBe('in 3 d');
  });

  it('a stretch is named as it is', () => {
    expect(span(3_600_000)).toBe('last hour');
    expect(span(86_400_000)).toBe('last 24 hours');
  });
});

describe('problems of permissions.yaml', () => {
  it('are found at their lines, and one without a place is still shown', () => {
    expect(problemsOf('permissions.yaml:7:22 must be allow, ask or deny\nthe folder cannot be read')).toEqual([
      { line: 7, text: 'permissions.yaml:7:22 must be allow, ask or deny' },
      { line: undefined, text: 'the folder cannot be read' },
    ]);
  });

  it('a place in another file is not taken for a line of this one', () => {
    expect(problemsOf('pay.cedar:3:1 unexpected token')[0]?.line).toBeUndefined();
  });
});
