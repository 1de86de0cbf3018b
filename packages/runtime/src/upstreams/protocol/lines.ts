import { isUtf8 } from 'node:buffer';
import { RuntimeFault } from '@sallyport/core';
import { Bytes } from '../bytes.ts';

const lf = 0x0a;
const cr = 0x0d;

/**
 * Takes bytes as they come and hands out whole lines of UTF-8. A line is never kept beyond its limit, so an endless one
 * costs no more than the longest that is allowed.
 */
export class Lines {
  readonly #maxBytes: number;
  readonly #onLine: (line: string) => void;
  /** Server-sent events end lines with CR as well. */
  readonly #breaksAtCr: boolean;
  readonly #bytes = new Bytes();
  #afterCr = false;

  constructor(options: { maxBytes: number; breaksAtCr: boolean; onLine: (line: string) => void }) {
    this.#maxBytes = options.maxBytes;
    this.#breaksAtCr = options.breaksAtCr;
    this.#onLine = options.onLine;
  }

  /** @throws RuntimeFault `upstream_malformed` for a line that is too long or no UTF-8, and what `onLine` throws */
  push(chunk: Buffer): void {
    let start = 0;
    if (this.#afterCr && chunk.length > 0) {
      this.#afterCr = false;
      if (chunk[0] === lf) start = 1;
    }
    let nextCr = this.#breaksAtCr ? chunk.indexOf(cr, start) : -1;
    let nextLf = chunk.indexOf(lf, start);
    while (nextLf !== -1 || nextCr !== -1) {
      const atCr = nextCr !== -1 && (nextLf === -1 || nextCr < nextLf);
      const end = atCr ? nextCr : nextLf;
      this.#finish(chunk.subarray(start, end));
      start = end + 1;
      if (atCr && start === chunk.length) this.#afterCr = true;
      if (atCr && nextLf === start) start++;
      if (nextLf !== -1 && nextLf < start) nextLf = chunk.indexOf(lf, start);
      if (nextCr !== -1 && nextCr < start) nextCr = chunk.indexOf(cr, start);
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  #keep(part: Buffer): void {
    if (this.#bytes.length + part.length > this.#maxBytes) {
      const detail = `A message is longer than ${this.#maxBytes} bytes (maxResultBytes).`;
      throw new RuntimeFault('upstream_malformed', { detail });
    }
    this.#bytes.push(part);
  }

  #finish(last: Buffer): void {
    this.#keep(last);
    const line = this.#bytes.take();
    if (!isUtf8(line)) throw new RuntimeFault('upstream_malformed', { detail: 'A message is not UTF-8.' });
    this.#onLine(line.toString('utf8'));
  }
}
