import { RuntimeFault } from '@sallyport/core';
import { Lines } from '../protocol/lines.ts';

export interface ServerSentEvent {
  /** `message` where it is not named. */
  readonly event: string;
  readonly data: string;
}

/** Reads server-sent events (HTML Standard, section 9.2.6) under a limit on the bytes of one event. */
export class EventReader {
  readonly #lines: Lines;
  readonly #maxBytes: number;
  readonly #onEvent: (event: ServerSentEvent) => void;
  #event = '';
  #data: string[] = [];
  #size = 0;
  #first = true;
  /** Bytes since the last event. */
  #idle = 0;
  /** Of the last event that had one; where a broken stream may be taken up again. */
  lastId = '';
  /** As the server asked for, in milliseconds. */
  retry: number | undefined;

  constructor(maxBytes: number, onEvent: (event: ServerSentEvent) => void) {
    this.#maxBytes = maxBytes;
    this.#onEvent = onEvent;
    // Beside the data there is the name of the field.
    this.#lines = new Lines({ maxBytes: maxBytes + 64, breaksAtCr: true, onLine: (line) => this.#line(line) });
  }

  /** @throws RuntimeFault `upstream_malformed`, and what `onEvent` throws */
  push(chunk: Buffer): void {
    this.#idle += chunk.length;
    // An endless stream of comments would keep us reading for nothing.
    if (this.#idle > 2 * this.#maxBytes) throw tooLong(this.#maxBytes);
    this.#lines.push(chunk);
  }

  #line(raw: string): void {
    const line = this.#first && raw.startsWith('\ufeff') ? raw.slice(1) : raw;
    this.#first = false;
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon === -1 ? line : line.slice(0, colon);
    const rest = colon === -1 ? '' : line.slice(colon + 1);
    this.#field(field, rest.startsWith(' ') ? rest.slice(1) : rest);
  }

  #field(field: string, value: string): void {
    if (field === 'data') {
      this.#size += value.length + 1;
      if (this.#size > this.#maxBytes) throw tooLong(this.#maxBytes);
      this.#data.push(value);
    } else if (field === 'event') this.#event = value;
    // An id goes back to the server in a header: what no header can carry is no place to take the stream up again.
    else if (field === 'id') this.lastId = /^[\x20-\x7e]{0,1024}$/.test(value) ? value : '';
    else if (field === 'retry' && /^\d{1,9}$/.test(value)) this.retry = Number(value);
  }

  #dispatch(): void {
    const event = { event: this.#event || 'message', data: this.#data.join('\n') };
    const empty = this.#data.length === 0 || event.data === '';
    this.#event = '';
    this.#data = [];
    this.#size = 0;
    if (empty) return;
    this.#idle = 0;
    this.#onEvent(event);
  }
}

const tooLong = (maxBytes: number): RuntimeFault =>
  new RuntimeFault('upstream_malformed', { detail: `A message is longer than ${maxBytes} bytes (maxResultBytes).` });
