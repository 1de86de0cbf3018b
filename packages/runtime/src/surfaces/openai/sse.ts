import { StringDecoder } from 'node:string_decoder';
import { RuntimeFault } from '@sallyport/core';

const maxEventChars = 8_388_608;

/**
 * Splits a server-sent event stream (WHATWG HTML, section 9.2) into the data of its events, whatever the split of the bytes
 * and whichever of the three line ends is used. Comments and other fields are dropped: nothing passes unread. Linear in
 * time: every line is looked at once.
 */
export class SseSplitter {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';
  #data: string[] = [];
  #chars = 0;
  #started = false;
  #carriageReturn = false;

  /** @throws RuntimeFault `provider_malformed` when one event exceeds 8 Mi characters */
  push(bytes: Uint8Array): string[] {
    const text = this.#newlines(this.#start(this.#decoder.write(bytes)));
    // Searching flattens the text: without a line end there is nothing to find, however finely a line is cut up.
    if (!text.includes('\n')) {
      this.#rest += text;
      this.#bound();
      return [];
    }
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.#take(line));
  }

  /** What is left when the stream ends without a blank line; servers that forget it meant it as an event. */
  end(): string[] {
    const rest = this.#rest + this.#decoder.end();
    this.#rest = '';
    return [...this.#take(rest), ...this.#take('')];
  }

  #take(line: string): string[] {
    if (line.startsWith('data:')) {
      const data = line.slice(line.startsWith('data: ') ? 6 : 5);
      this.#chars += data.length;
      this.#data.push(data);
      this.#bound();
    }
    if (line !== '' || this.#data.length === 0) return [];
    const event = this.#data.join('\n');
    this.#data = [];
    this.#chars = 0;
    return [event];
  }

  /** Empty lines count as well: a million of them are no less to keep. */
  #bound(): void {
    if (this.#rest.length + this.#chars + this.#data.length <= maxEventChars) return;
    throw new RuntimeFault('provider_malformed', { detail: 'One event of the stream is too long.' });
  }

  /** A byte order mark at the start is not part of the first line. */
  #start(text: string): string {
    if (this.#started || text === '') return text;
    this.#started = true;
    return text.startsWith('\ufeff') ? text.slice(1) : text;
  }

  #newlines(text: string): string {
    if (!this.#carriageReturn && !text.includes('\r')) return text;
    // A CR at the very end may be half of a CRLF.
    const whole = this.#carriageReturn ? `\r${text}` : text;
    this.#carriageReturn = whole.endsWith('\r');
    return (this.#carriageReturn ? whole.slice(0, -1) : whole).replace(/\r\n?/g, '\n');
  }
}
