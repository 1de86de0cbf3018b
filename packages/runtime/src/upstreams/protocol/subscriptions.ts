import type { Clock, JsonObject } from '@sallyport/core';
import type { About } from './transport.ts';
import type { Calls } from './calls.ts';
import { RuntimeFault } from '@sallyport/core';
import { isObject } from './messages.ts';

const pause = { firstMs: 1_000, lastMs: 60_000 } as const;

/** `subscriptions/listen` of 2026-07-28: one stream for all that is wanted, opened anew when it ends or more is wanted. */
export class Subscriptions {
  readonly #calls: Calls;
  readonly #clock: Clock;
  readonly #about: About;
  readonly #lists: JsonObject;
  readonly #resources = new Set<string>();
  #listening = false;
  #current: AbortController | undefined;
  #pauseMs: number = pause.firstMs;
  #stopPause: () => void = () => undefined;
  #closed = false;

  constructor(calls: Calls, clock: Clock, about: About, capabilities: JsonObject) {
    this.#calls = calls;
    this.#clock = clock;
    this.#about = about;
    const changes = (name: string) => isObject(capabilities[name]) && capabilities[name]['listChanged'] === true;
    this.#lists = {
      ...(changes('tools') ? { toolsListChanged: true } : {}),
      ...(changes('prompts') ? { promptsListChanged: true } : {}),
      ...(changes('resources') ? { resourcesListChanged: true } : {}),
    };
    calls.onClose(() => this.close());
  }

  /** To changes of lists, if the upstream has any to tell. */
  listen(): void {
    if (this.#listening || Object.keys(this.#lists).length === 0) return;
    this.#listening = true;
    this.#open();
  }

  /** Resolves once the upstream has said that it will tell of the resource. */
  subscribe(uri: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
    this.#resources.add(uri);
    return new Promise((resolve, reject) => {
      const fail = (detail: string) => () => {
        done();
        this.#resources.delete(uri);
        reject(new RuntimeFault('upstream_failed', { detail }));
      };
      const cancelled = fail('The subscription was cancelled.');
      const stopTimer = this.#clock.after(timeoutMs, fail('The upstream did not agree to the subscription.'));
      const stopListening = this.#calls.onNotification((method, params) => {
        if (method !== 'notifications/subscriptions/acknowledged' || !agreed(params, uri)) return;
        done();
        resolve();
      });
      const done = () => {
        stopTimer();
        stopListening();
        signal.removeEventListener('abort', cancelled);
      };
      signal.addEventListener('abort', cancelled, { once: true });
      this.#open();
    });
  }

  unsubscribe(uri: string): void {
    if (this.#resources.delete(uri)) this.#open();
  }

  close(): void {
    this.#closed = true;
    this.#stopPause();
    this.#current?.abort();
  }

  #open(): void {
    if (this.#closed) return;
    this.#stopPause();
    const before = this.#current;
    const controller = new AbortController();
    this.#current = controller;
    const notifications = {
      ...(this.#listening ? this.#lists : {}),
      ...(this.#resources.size === 0 ? {} : { resourceSubscriptions: [...this.#resources] }),
    };
    const wanted = Object.keys(notifications).length > 0;
    const again = () => {
      if (this.#current === controller) this.#later();
    };
    if (wanted) {
      const params = { notifications };
      this.#calls
        .request({ method: 'subscriptions/listen', params, meta: {}, about: this.#about, signal: controller.signal })
        .then(again, again);
    }
    // The old one ends when the new one is on its way, so that nothing is missed between them.
    before?.abort();
  }

  #later(): void {
    if (this.#closed) return;
    this.#stopPause = this.#clock.after(this.#pauseMs, () => this.#open());
    this.#pauseMs = Math.min(this.#pauseMs * 2, pause.lastMs);
  }
}

function agreed(params: JsonObject, uri: string): boolean {
  const { notifications } = params;
  const uris = isObject(notifications) ? notifications['resourceSubscriptions'] : undefined;
  return Array.isArray(uris) && uris.includes(uri);
}
