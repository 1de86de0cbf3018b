import type { JsonObject } from '@sallyport/core';
import type { McpLimits } from './services.ts';

interface Kept {
  readonly seq: number;
  readonly lines: string;
  sent: boolean;
}

/**
 * The last events of one client's stream, for when it comes back: `Last-Event-ID` (WHATWG HTML section 9.2, MCP 2025-11-25
 * transports, resumability). An id is a number that means something in its own session only: there is nothing to guess.
 */
export class KeptEvents {
  readonly #limits: Pick<McpLimits, 'keptEvents' | 'keptChars'>;
  readonly #events: Kept[] = [];
  #seq = 0;
  #chars = 0;

  constructor(limits: Pick<McpLimits, 'keptEvents' | 'keptChars'>) {
    this.#limits = limits;
  }

  /** Returns the event's lines. */
  add(message: JsonObject, sent: boolean): string {
    const seq = ++this.#seq;
    const lines = `id: ${seq}\nevent: message\ndata: ${JSON.stringify(message)}\n\n`;
    this.#events.push({ seq, lines, sent });
    this.#chars += lines.length;
    const { keptEvents, keptChars } = this.#limits;
    while (this.#events.length > keptEvents || (this.#chars > keptChars && this.#events.length > 0))
      this.#chars -= this.#events.shift()?.lines.length ?? 0;
    return lines;
  }

  /** What came after an event; without one that was ever given out, what was never sent. */
  after(id: string | undefined): string[] {
    const last = id !== undefined && /^\d{1,15}$/.test(id) ? Number(id) : undefined;
    const known = last !== undefined && last <= this.#seq;
    const missed = this.#events.filter(({ seq, sent }) => (known ? seq > last : !sent));
    for (const event of missed) event.sent = true;
    return missed.map(({ lines }) => lines);
  }
}
