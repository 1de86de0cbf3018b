import { Writable } from 'node:stream';

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
