import type { Clock } from '@sallyport/core';

/** Longer than an append to the audit log may take: by then it is known whether the approval was used. */
const claimMs = 10_000;

interface Claim {
  readonly over: Promise<void>;
  readonly end: () => void;
}

/**
 * Approvals that were handed to a call whose entry is not on record yet. The entry's transaction alone uses an approval
 * up; this only keeps a second call of the same kind from running into that transaction, and being denied by it.
 */
export class Claims {
  readonly #clock: Clock;
  readonly #claims = new Map<string, Claim>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  claim(id: string): void {
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.after(claimMs, () => this.settle(id));
    const end = () => {
      cancel();
      resolve();
    };
    this.#claims.set(id, { over, end });
  }

  /** Resolves once nobody is about to use it. */
  async settled(id: string): Promise<void> {
    await this.#claims.get(id)?.over;
  }

  settle(id: string): void {
    const claim = this.#claims.get(id);
    this.#claims.delete(id);
    claim?.end();
  }

  close(): void {
    for (const id of this.#claims.keys()) this.settle(id);
  }
}
