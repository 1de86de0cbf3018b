import { RuntimeFault } from '@sallyport/core';

/** Longer lists than this are read in pages: the rows cross a thread in one message. */
export const maxLimit = 10_000;

export function checkLimit(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= maxLimit) return limit;
  throw new RuntimeFault('invalid_request', {
    path: 'limit',
    detail: `limit must be a whole number from 1 to ${maxLimit}.`,
  });
}
