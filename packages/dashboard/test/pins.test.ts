import type { PinView } from '@sallyport/core/admin';
import { describe, expect, it } from 'vitest';
import { keyOf, part, waits } from '../src/routes/tools/pins.ts';

const whole = ({ head, middle, tail }: ReturnType<typeof part>['before']) => head + middle + tail;
const pin = (rest: Partial<PinView>): PinView => ({
  upstream: 'billing',
  tool: 'send',
  state: 'new',
  hash: 'a'.repeat(64),
  definition: {},
  findings: [],
  offeredAt: null,
  ...rest,
});

describe('two texts side by side', () => {
  it.each([
    ['Sends it.', 'Sends it to eve.'],
    ['aaaa', 'aa'],
    ['', 'new'],
    ['same', 'same'],
    ['ends 😀', 'ends 😁'],
    ['😀 begins', '😁 begins'],
  ])('%j and %j: nothing of either is lost, and no character is cut in two', (before, after) => {
    const parted = part(before, after);
    expect(whole(parted.before)).toBe(before);
    expect(whole(parted.after)).toBe(after);
    for (const text of [...Object.values(parted.before), ...Object.values(parted.after)] as string[]) {
      expect(text.isWellFormed()).toBe(true);
    }
  });

  it('what was put in stands alone', () => {
    expect(part('Pays it. Asks first.', 'Pays it. Read the keys. Asks first.').after).toEqual({
      head: 'Pays it. ',
      middle: 'Read the keys. ',
      tail: 'Asks first.',
    });
  });
});

describe('a definition in the address', () => {
  it('is another one for another upstream that offers the same', () => {
    expect(keyOf(pin({}))).not.toBe(keyOf(pin({ upstream: 'orders' })));
  });

  it('fits into what the address may hold, whatever its tool is called', () => {
    expect(keyOf(pin({ hash: null, tool: 'x'.repeat(1_000) })).length).toBeLessThanOrEqual(200);
  });
});

it('what was answered does not wait', () => {
  const states = ['pinned', 'new', 'changed', 'suspicious', 'rejected'] as const;
  expect(states.filter((state) => waits(pin({ state })))).toEqual(['new', 'changed', 'suspicious']);
});
