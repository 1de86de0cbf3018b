import { ageOf } from '@sallyport/core';
import type { RuntimeFault, Clock } from '@sallyport/core';

/** An access token that is in use. */
export interface Token {
  readonly value: string;
  /** Milliseconds since the epoch: not used from then on. */
  readonly usableUntil: number;
}

interface Slot {
  token?: Token;
  uses: number;
  fetching?: Promise<Token>;
  failed?: { readonly fault: RuntimeFault; readonly at: number };
}

const maxSlots = 5_000;
const retryMs = 1_000;

/** Access tokens by whom they are for: each had by one request at a time, and kept until it is about to end. */
export class Tokens {
  readonly #slots = new Map<string, Slot>();
  readonly #clock: Pick<Clock, 'now'>;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** @param fetch rejects with a RuntimeFault */
  async get(key: string, fetch: () => Promise<Token>): Promise<Token> {
    const slot = this.#slotOf(key);
    const now = this.#clock.now();
    slot.uses += 1;
    if (slot.token && now < slot.token.usableUntil) return slot.token;
    if (slot.failed && ageOf(slot.failed.at, now) < retryMs) throw slot.failed.fault;
    slot.fetching ??= this.#fetch(slot, fetch);
    return await slot.fetching;
  }

  /**
   * True where another one is worth asking for: what was refused at its first use was never good.
   *
   * @param sent what was refused, where that is known: a successor that another call was given is left alone
   */
  drop(key: string, sent: string | undefined): boolean {
    const slot = this.#slots.get(key);
    if (sent !== undefined && slot?.token?.value !== sent) return true;
    if (!slot?.token) return false;
    delete slot.token;
    return slot.uses > 1;
  }

  /** What is being fetched now is not kept. */
  clear(): void {
    this.#slots.clear();
  }

  async #fetch(slot: Slot, fetch: () => Promise<Token>): Promise<Token> {
    try {
      const token = await fetch();
      slot.token = token;
      slot.uses = 1;
      delete slot.failed;
      return token;
    } catch (error) {
      slot.failed = { fault: error as RuntimeFault, at: this.#clock.now() };
      throw error;
    } finally {
      delete slot.fetching;
    }
  }

  #slotOf(key: string): Slot {
    const slot = this.#slots.get(key) ?? { uses: 0 };
    // The one that was not asked for the longest goes first.
    this.#slots.delete(key);
    this.#slots.set(key, slot);
    const [oldest] = this.#slots.keys();
    if (this.#slots.size > maxSlots && oldest !== undefined) this.#slots.delete(oldest);
    return slot;
  }
}
