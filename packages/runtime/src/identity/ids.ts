import { randomFillSync } from 'node:crypto';
import type { NewId } from '@sallyport/core';

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
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
    } else if (++counter > 0xfff) {
      last++;
      counter = 0;
    }
    const stamp = last.toString(16).padStart(12, '0');
    const sequence = (0x7000 | counter).toString(16);
    const variant = hex[0x80 | (at(2) & 0x3f)];
    const tail = `${hex[at(4)]}${hex[at(5)]}${hex[at(6)]}${hex[at(7)]}${hex[at(8)]}${hex[at(9)]}`;
    const id = `${stamp.slice(0, 8)}-${stamp.slice(8)}-${sequence}-${variant}${hex[at(3)]}-${tail}`;
    used += randomPerId;
    return id;
  };
}

/** New ids by the machine's clock. */
export const newId: NewId = createIds(Date.now);
