import type { Clock, UpstreamStatus } from '@sallyport/core';

/** Keeps count of an upstream's connections, and of how it fares. */
export class StatusBoard {
  readonly #clock: Clock;
  readonly #isolation: UpstreamStatus['isolation'];
  #connections = 0;
  #state: UpstreamStatus['state'] = 'idle';
  #detail: string | undefined;
  #protocol: string | undefined;
  #since: number;

  constructor(clock: Clock, isolation?: UpstreamStatus['isolation']) {
    this.#clock = clock;
    this.#isolation = isolation;
    this.#since = clock.now();
  }

  connected(protocol: string): void {
    this.#connections++;
    this.#protocol = protocol;
    this.#become('connected');
  }

  closed(): void {
    this.#connections--;
    if (this.#connections === 0 && this.#state === 'connected') this.#become('idle');
  }

  /** While other connections stand, one that could not be made is no news. */
  failed(state: 'failing' | 'restarting', detail: string): void {
    if (this.#connections === 0) this.#become(state, detail);
  }

  status(): UpstreamStatus {
    return {
      state: this.#state,
      since: this.#since,
      ...(this.#detail === undefined ? {} : { detail: this.#detail }),
      ...(this.#protocol === undefined ? {} : { protocol: this.#protocol }),
      ...(this.#isolation === undefined ? {} : { isolation: this.#isolation }),
    };
  }

  #become(state: UpstreamStatus['state'], detail?: string): void {
    if (state !== this.#state) this.#since = this.#clock.now();
    this.#state = state;
    this.#detail = detail;
  }
}
