import { StringDecoder } from 'node:string_decoder';
import { RuntimeFault } from '@sallyport/core';

const maxEventChars = 8_388_608;

/**
 * Splits a server-sent event stream (WHATWG HTML, section 9.2) into the data of its events, whatever the split of the bytes
 * and whichever of the three line ends is used. Comments and other fields are dropped: nothing passes unread.
 */
export class SseSplitter {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';
  #carriageReturn = false;

  /** @throws RuntimeFault `provider_malformed` when one event exceeds 8 Mi characters */
  push(bytes: Uint8Array): string[] {
    const text = this.#newlines(this.#decoder.write(bytes));
    const data: string[] = [];
    let rest = this.#rest + text;
    // Searching flattens the text: without a line end there is nothing to find, however finely an event is cut up.
    if (!text.includes('\n') && rest.length <= maxEventChars) {
      this.#rest = rest;
      return data;
    }
    for (let end = rest.indexOf('\n\n'); end !== -1; end = rest.indexOf('\n\n')) {
      const event = dataOf(rest.slice(0, end));
      if (event !== undefined) data.push(event);
      rest = rest.slice(end + 2);
    }
    if (rest.length > maxEventChars)
      throw new RuntimeFault('provider_malformed', { detail: 'One event of the stream is too long.' });
    this.#rest = rest;
    return data;
  }

  /** What is left when the stream ends without a blank line; servers that forget it meant it as an event. */
  end(): string[] {
    const rest = this.#rest + this.#decoder.end();
    this.#rest = '';
    const event = dataOf(rest);
    return event === undefined ? [] : [event];
  }

  #newlines(text: string): string {
    if (!this.#carriageReturn && !text.includes('\r')) return text;
    // A CR at the very end may be half of a CRLF.
    const whole = this.#carriageReturn ? `\r${text}` : text;
    this.#carriageReturn = whole.endsWith('\r');
    return (this.#carriageReturn ? whole.slice(0, -1) : whole).replace(/\r\n?/g, '\n');
  }
}

function dataOf(event: string): string | undefined {
  if (event.startsWith('data: ') && !event.includes('\n')) return event.slice(6);
  const lines = event.split('\n').flatMap((line) => {
    if (!line.startsWith('data:')) return [];
    return [line.slice(line.startsWith('data: ') ? 6 : 5)];
  });
  return lines.length === 0 ? undefined : lines.join('\n');
}
