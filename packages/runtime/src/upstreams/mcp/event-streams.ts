import type { Clock } from '@sallyport/core';
import type { About } from '../protocol/transport.ts';
import type { HttpAnswer } from '../http/exchange.ts';
import { RuntimeFault } from '@sallyport/core';

export interface EventStreamsOptions {
  readonly clock: Clock;
  readonly get: (
    about: About,
    lastId: string,
    onData: (data: string) => void,
    signal: AbortSignal,
  ) => Promise<HttpAnswer>;
}

const firstRetryMs = 1_000;
/** However soon a server wants to be asked again: it could keep us asking. */
const leastRetryMs = { resumed: 50, followed: 500 } as const;
const lastRetryMs = 60_000;
const maxAttempts = 5;

/** Event streams that a 2025 server keeps apart from connections: they break, and are taken up where they were. */
export class EventStreams {
  readonly #options: EventStreamsOptions;

  constructor(options: EventStreamsOptions) {
    this.#options = options;
  }

  /**
   * Takes up the stream of a request which ended without an answer, for as long as the server lets it. Nothing is sent
   * again: the server is asked for what it has not delivered yet. How long a call may take is its own time-out's business.
   */
  async resume(
    broken: HttpAnswer,
    about: About,
    onData: (data: string) => void,
    answered: () => boolean,
    signal: AbortSignal,
  ): Promise<void> {
    let lastId = broken.events?.lastId ?? '';
    let retry = broken.events?.retry;
    for (let attempts = 0; lastId !== '' && !answered() && attempts < maxAttempts; attempts++) {
      await this.#wait(within(retry ?? firstRetryMs, leastRetryMs.resumed), signal);
      const answer = await this.#options.get(about, lastId, onData, signal).catch((error: unknown) => {
        if (signal.aborted || !isBroken(error)) throw error;
      });
      if (!answer) continue;
      if (!answer.events) return;
      if (answer.events.lastId !== '' && answer.events.lastId !== lastId) attempts = -1;
      lastId = answer.events.lastId || lastId;
      retry = answer.events.retry ?? retry;
    }
  }

  /** What the server says outside of requests, until the signal fires or the server says that it has no such stream. */
  async follow(about: About, onData: (data: string) => void, signal: AbortSignal): Promise<void> {
    let lastId = '';
    let pauseMs = firstRetryMs;
    while (!signal.aborted) {
      const answer = await this.#options.get(about, lastId, onData, signal).catch((error: unknown) => {
        if (isMalformed(error)) throw error;
      });
      if (signal.aborted || (answer && !answer.events)) return;
      lastId = answer?.events?.lastId || lastId;
      pauseMs = answer?.events ? firstRetryMs : Math.min(pauseMs * 2, lastRetryMs);
      const wanted = answer?.events?.retry ?? pauseMs;
      await this.#wait(within(wanted, leastRetryMs.followed), signal).catch(() => undefined);
    }
  }

  #wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const aborted = () => {
        cancel();
        reject(signal.reason as Error);
      };
      const cancel = this.#options.clock.after(ms, () => {
        signal.removeEventListener('abort', aborted);
        resolve();
      });
      if (signal.aborted) aborted();
      else signal.addEventListener('abort', aborted, { once: true });
    });
  }
}

const within = (ms: number, leastMs: number): number => Math.min(Math.max(ms, leastMs), lastRetryMs);

const isBroken = (error: unknown): boolean =>
  error instanceof RuntimeFault && (error.code === 'upstream_failed' || error.code === 'upstream_timeout');
const isMalformed = (error: unknown): boolean => error instanceof RuntimeFault && error.code === 'upstream_malformed';
