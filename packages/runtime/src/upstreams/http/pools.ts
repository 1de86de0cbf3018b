import { Pool } from 'undici';
import type { AttachedCredential } from '@sallyport/core';

/** Of client certificates: one upstream has one, and another while it is rotated. */
const maxPools = 8;

/** Connections to one origin, apart for each client certificate. */
export class Pools {
  readonly #origin: string;
  readonly #options: Pool.Options;
  readonly #pools = new Map<string, Pool>();

  /** @param connections at the same time; none is no limit, for streams that stay open */
  constructor(origin: string, connectMs: number, connections: number | null) {
    this.#origin = origin;
    // A call's time is kept where it is known what a sign of life is.
    this.#options = {
      connections,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      connectTimeout: connectMs,
      allowH2: false,
    };
  }

  for(tls: AttachedCredential['tls']): Pool {
    const key = tls ? JSON.stringify([tls.cert, tls.key, tls.ca]) : '';
    const known = this.#pools.get(key);
    if (known) return known;
    const connect = tls
      ? { connect: { cert: tls.cert, key: tls.key, ...(tls.ca === undefined ? {} : { ca: tls.ca }) } }
      : {};
    const pool = new Pool(this.#origin, { ...this.#options, ...connect });
    this.#pools.set(key, pool);
    const [oldest] = this.#pools.keys();
    if (this.#pools.size > maxPools && oldest !== undefined) {
      this.#pools
        .get(oldest)
        ?.close()
        .catch(() => undefined);
      this.#pools.delete(oldest);
    }
    return pool;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
    this.#pools.clear();
  }
}
