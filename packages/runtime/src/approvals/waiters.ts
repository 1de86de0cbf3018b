import type { Clock } from '@sallyport/core';

export interface Waiter {
  /** Resolves at the first change since the waiter was added, after `ms`, or when the signal fires. */
  changed(ms: number, clock: Clock, signal: AbortSignal): Promise<void>;
  remove(): void;
}

/** Who waits for a change of which approval. */
export class Waiters {
  readonly #waiting = new Map<string, Set<() => void>>();

  add(id: string): Waiter {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting.add(resolve));
    return {
      changed: async (ms, clock, signal) => {
        const cancel = clock.after(ms, resolve);
        const gone = () => resolve();
        signal.addEventListener('abort', gone, { once: true });
        await promise;
        cancel();
        signal.removeEventListener('abort', gone);
      },
      remove: () => {
        waiting.delete(resolve);
        if (waiting.size === 0 && this.#waiting.get(id) === waiting) this.#waiting.delete(id);
      },
    };
  }

  wake(id: string): void {
    for (const resolve of this.#waiting.get(id) ?? []) resolve();
  }

  wakeAll(): void {
    for (const id of this.#waiting.keys()) this.wake(id);
  }
}
