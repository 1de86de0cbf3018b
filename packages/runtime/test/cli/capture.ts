import { Writable } from 'node:stream';

/** Everything that a terminal may act on, but the line end that ends our own lines. */
export const actsOnTerminal = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** A stream that keeps what was written. */
export class Captured extends Writable {
  #text = '';
  readonly isTTY: boolean;

  constructor(isTTY = false) {
    super();
    this.isTTY = isTTY;
  }

  get text(): string {
    return this.#text;
  }

  override _write(part: Buffer, _encoding: string, done: () => void): void {
    this.#text += part.toString('utf8');
    done();
  }
}
