import { randomFillSync } from 'node:crypto';
import type { NewId } from '@sallyport/core';

const digits = Buffer.from('0123456789abcdef');
const randomPerId = 10;

/**
 * Makes ids that sort by the time they were made: UUIDv7 (RFC 9562 section 5.7) with a 12-bit counter in `rand_a`
 * (section 6.2, method 1), so that they also rise within one millisecond and when the clock steps back.
 *
 * @param now milliseconds since the epoch
 */
export function createIds(now: () => number): NewId {
  // Asking the system for randomness once per 409 ids: a call each would cost more than all the rest.
  const pool = new Uint8Array(4096);
  let used = pool.length;
  let last = 0;
  let counter = 0;
  /** The id before, over which the next is written: put together from pieces, an id would be a dozen strings. */
  const id = Buffer.from('00000000-0000-7000-8000-000000000000');
  const write = (value: number, at: number, length: number): void => {
    for (let i = at + length - 1, rest = value; i >= at; i--, rest >>>= 4) id[i] = digits[rest & 0xf] ?? 0;
  };
  const writeTime = (): void => {
    write(Math.floor(last / 0x1_0000), 0, 8);
    write(last % 0x1_0000, 9, 4);
  };

  return () => {
    if (used + randomPerId > pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const at = (offset: number): number => pool[used + offset] ?? 0;
    const time = now();
    if (time > last) {
      last = time;
      // The top bit stays clear: room to count up even from the highest start.
      counter = ((at(0) << 8) | at(1)) & 0x7ff;
      writeTime();
    } else if (++counter > 0xfff) {
      last++;
      counter = 0;
      writeTime();
    }
    write(counter, 15, 3);
    write(0x80 | (at(2) & 0x3f), 19, 2);
    write(at(3), 21, 2);
    for (let i = 0; i < 6; i++) write(at(4 + i), 24 + 2 * i, 2);
    used += randomPerId;
    return id.toString('latin1');
  };
}

/** New ids by the machine's clock. */
export const newId: NewId = createIds(Date.now);
