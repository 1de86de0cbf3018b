import type { Clock, Json, JsonObject, UpstreamPeer } from '@sallyport/core';
import type { About } from './transport.ts';
import { RuntimeFault } from '@sallyport/core';
import { malformed } from './messages.ts';

/** A request to the upstream. */
export interface Outgoing {
  readonly method: string;
  readonly params: JsonObject;
  /** `_meta` of whoever asks. */
  readonly meta: JsonObject;
  readonly about: About;
  /** Without a sign of life. None: it lasts until it is closed. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly peer?: UpstreamPeer;
}

/** How many messages may belong to one call: progress, log messages, questions. */
const maxMessages = 10_000;
const maxQuestions = 16;

/** A request under way. */
export class Call {
  readonly id: number;
  readonly outgoing: Outgoing;
  readonly answer: Promise<JsonObject>;
  /** Ends its own stream, where it has one. */
  closeStream: () => void = () => undefined;
  /** Tells the upstream to stop. */
  onGivenUp: (reason: string) => void = () => undefined;
  onEnd: () => void = () => undefined;
  readonly #clock: Clock;
  readonly #upstream: string;
  #resolve!: (result: JsonObject) => void;
  #reject!: (error: Error) => void;
  #stopTimer: () => void = () => undefined;
  #messages = 0;
  #questions = 0;
  #over = false;

  constructor(id: number, outgoing: Outgoing, upstream: string, clock: Clock) {
    this.id = id;
    this.outgoing = outgoing;
    this.#upstream = upstream;
    this.#clock = clock;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get over(): boolean {
    return this.#over;
  }

  /** What the client calls its progress; ours is the id, so that no two clients' tokens can meet. */
  get progressToken(): Json | undefined {
    return this.outgoing.meta['progressToken'];
  }

  start(): void {
    const { signal } = this.outgoing;
    signal?.addEventListener('abort', this.#aborted, { once: true });
    this.#startTimer();
  }

  /** Something came that belongs to this call. */
  touch(): void {
    if (++this.#messages > maxMessages) {
      const detail = `Upstream ${this.#upstream} sent more than ${maxMessages} messages during one call.`;
      this.giveUp(new RuntimeFault('upstream_malformed', { detail }));
    } else if (this.#questions === 0) this.#startTimer();
  }

  /** While somebody is asked, the upstream waits for us. */
  async question<T>(ask: () => Promise<T>): Promise<T> {
    if (this.#questions >= maxQuestions) throw malformed('too many questions at once');
    this.#questions++;
    this.#stopTimer();
    try {
      return await ask();
    } finally {
      this.#questions--;
      if (this.#questions === 0) this.#startTimer();
    }
  }

  /** Its stream ends by itself, so that the connection can be used again. */
  succeed(result: JsonObject): void {
    if (this.#end()) this.#resolve(result);
  }

  fail(error: Error): void {
    if (!this.#end()) return;
    this.closeStream();
    this.#reject(error);
  }

  /** Nobody waits for it any more, though it may go on. */
  giveUp(error: Error): void {
    if (this.#over) return;
    this.onGivenUp(error.message);
    this.fail(error);
  }

  readonly #aborted = (): void => {
    const detail = `The call to upstream ${this.#upstream} was cancelled. Whether it had its effect is not known.`;
    this.giveUp(new RuntimeFault('upstream_failed', { detail }));
  };

  #startTimer(): void {
    const { timeoutMs, method } = this.outgoing;
    this.#stopTimer();
    if (timeoutMs === undefined || this.#over) return;
    this.#stopTimer = this.#clock.after(timeoutMs, () => {
      const detail = `Upstream ${this.#upstream} gave no sign of life for ${timeoutMs} ms during ${method}.`;
      this.giveUp(new RuntimeFault('upstream_timeout', { detail }));
    });
  }

  #end(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#stopTimer();
    this.outgoing.signal?.removeEventListener('abort', this.#aborted);
    this.onEnd();
    return true;
  }
}
