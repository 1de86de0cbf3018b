import type { Value } from './values.ts';
import { EvaluationError, Extension, asExtension, exact } from './values.ts';
import { parseDecimal } from './decimal.ts';

/** What a constructor makes of its literal; undefined when Cedar must read it. */
export const constructors: Readonly<Record<string, (text: string) => Extension | undefined>> = {
  decimal: (text) => {
    const read = parseDecimal(text);
    return read === undefined ? undefined : new Extension('decimal', read.scaled);
  },
  duration: (text) => {
    const parts = /^(-?)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(text);
    if (parts === null || !/\d/.test(text)) return undefined;
    const sizes = [day, 3_600_000, 60_000, 1000, 1];
    const total = sizes.reduce((sum, size, index) => sum + size * Number(parts[index + 2] ?? 0), 0);
    return Number.isSafeInteger(total) ? new Extension('duration', parts[1] === '-' ? 0 - total : total) : undefined;
  },
  datetime: (text) => {
    // Years below 100 mean others to Date; offsets are rare. Both are left to Cedar.
    if (!/^(?!00)\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{3})?Z)?$/.test(text)) return undefined;
    const millis = Date.parse(text);
    return Number.isSafeInteger(millis) ? new Extension('datetime', millis) : undefined;
  },
};

const day = 86_400_000;
const units = { toMilliseconds: 1, toSeconds: 1000, toMinutes: 60_000, toHours: 3_600_000, toDays: day };

type Method = (...values: Value[]) => Value;

const compare =
  (holds: (a: bigint | number, b: bigint | number) => boolean): Method =>
  (a = '', b = '') =>
    holds(asExtension(a, 'decimal').amount, asExtension(b, 'decimal').amount);

const millis = (value: Value | undefined, kind: 'datetime' | 'duration'): number => {
  if (value === undefined) throw new EvaluationError(`expected a ${kind}`);
  return Number(asExtension(value, kind).amount);
};

/** Methods of extension values, by name. A method that is not here is left to Cedar. */
export const methods: Readonly<Record<string, { readonly arity: number; readonly call: Method }>> = {
  lessThan: { arity: 2, call: compare((a, b) => a < b) },
  lessThanOrEqual: { arity: 2, call: compare((a, b) => a <= b) },
  greaterThan: { arity: 2, call: compare((a, b) => a > b) },
  greaterThanOrEqual: { arity: 2, call: compare((a, b) => a >= b) },
  offset: {
    arity: 2,
    call: (at, by) => new Extension('datetime', exact(millis(at, 'datetime') + millis(by, 'duration'))),
  },
  durationSince: {
    arity: 2,
    call: (at, from) => new Extension('duration', exact(millis(at, 'datetime') - millis(from, 'datetime'))),
  },
  toDate: {
    arity: 1,
    call: (at) => new Extension('datetime', exact(Math.floor(millis(at, 'datetime') / day) * day)),
  },
  toTime: {
    arity: 1,
    call: (at) => {
      const time = millis(at, 'datetime');
      return new Extension('duration', time - Math.floor(time / day) * day);
    },
  },
  ...Object.fromEntries(
    Object.entries(units).map(([name, unit]) => [
      name,
      { arity: 1, call: (length: Value | undefined) => Math.trunc(millis(length, 'duration') / unit) + 0 },
    ]),
  ),
};
