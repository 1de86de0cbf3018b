import type { Clock, Session, Vault, VaultPiece, VaultStore, Vaults } from '@sallyport/core';
import { TokenVault } from '@sallyport/core';
import { SealedStates, type LiveState, type SealedBox } from '../flow/index.ts';

export interface SessionVaultsOptions {
  readonly store: VaultStore;
  readonly box: SealedBox;
  readonly clock: Pick<Clock, 'now'>;
  /** How many vaults stay in memory, and how many bytes of values; the others are read again when they are needed. */
  readonly maxLive?: number;
  readonly maxLiveBytes?: number;
  /** Of one session's values, in characters; beyond it requests with new ones are denied. */
  readonly maxChars?: number;
}

type Live = LiveState<TokenVault, VaultPiece>;

/**
 * The vault of each session: its values in memory while they are used, sealed in the store before a token goes out, and
 * destroyed with the session. Keyed by session and by nothing else, so that no token means anything in another one.
 */
export class SessionVaults implements Vaults {
  readonly #states: SealedStates<TokenVault, VaultPiece>;
  /** Of one state one vault: what is known of its values hangs on it. */
  readonly #vaults = new WeakMap<Live, Vault>();

  constructor({ maxLive = 500, maxLiveBytes = 128 * 1024 * 1024, maxChars, ...options }: SessionVaultsOptions) {
    this.#states = new SealedStates({
      ...options,
      create: () => new TokenVault(maxChars),
      kind: 'vault piece',
      maxLive,
      maxLiveBytes,
    });
  }

  of(session: Session): Vault | Promise<Vault> {
    const take = (live: Live): Vault => {
      this.#states.evict(live);
      return this.#vaultOf(live);
    };
    const live = this.#states.known(session);
    // A write that failed is waited for: no token stands for what could not be kept.
    return live && !live.failing ? take(live) : this.#states.with(session, take);
  }

  /** What is in memory of a session, for logs: they do not wait, and what has ended is masked all the same. */
  atHand(sessionId: string): Vault | undefined {
    const live = this.#states.peek(sessionId);
    return live && !live.broken ? this.#vaultOf(live) : undefined;
  }

  /** Forgets the session's values, and destroys them. To be called once the store knows that it has ended. */
  async end(sessionId: string): Promise<void> {
    await this.#states.end(sessionId);
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await this.#states.close();
  }

  #vaultOf(live: Live): Vault {
    const known = this.#vaults.get(live);
    if (known) return known;
    const vault = new SessionVault(live);
    this.#vaults.set(live, vault);
    return vault;
  }
}

class SessionVault implements Vault {
  readonly #live: Live;

  constructor(live: Live) {
    this.#live = live;
  }

  get size(): number {
    return this.#live.state.size;
  }

  tokenOf(type: string, value: string): string {
    const { state } = this.#live;
    if (!state.has(type, value)) {
      this.#live.change((vault) => {
        const from = vault.size;
        vault.tokenOf(type, value);
        return vault.pieces(from);
      });
    }
    return state.tokenOf(type, value);
  }

  valueOf(token: string): string | undefined {
    return this.#live.state.valueOf(token);
  }

  has(type: string, value: string): boolean {
    return this.#live.state.has(type, value);
  }

  given(from?: number): ReturnType<Vault['given']> {
    return this.#live.state.given(from);
  }

  save(): void | Promise<void> {
    return this.#live.durable ? undefined : this.#live.save();
  }
}
