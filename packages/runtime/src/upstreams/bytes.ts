import { Buffer } from 'node:buffer';

const mostLoose = 1_024;

/**
 * Bytes in parts, as they come. Small parts are joined from time to time: a peer that sends single bytes would otherwise
 * make each of them cost an object, and keep alive all that came with it.
 */
export class Bytes {
  #parts: Buffer[] = [];
  #loose = 0;
  length = 0;

  push(part: Buffer): void {
    this.#parts.push(part);
    this.length += part.length;
    if (++this.#loose < mostLoose) return;
    this.#parts.push(Buffer.concat(this.#parts.splice(-mostLoose)));
    this.#loose = 0;
  }

  /** All of them; what follows begins anew. */
  take(): Buffer {
    const [only] = this.#parts;
    const whole = this.#parts.length === 1 && only ? only : Buffer.concat(this.#parts, this.length);
    this.#parts = [];
    this.#loose = 0;
    this.length = 0;
    return whole;
  }
}
