import { RuntimeFault } from '@sallyport/core';
import type { Clock, JsonObject, Session, Upstream, UpstreamConnection } from '@sallyport/core';
import { askable } from './askable.ts';

/** Of all sessions together: each may cost a process. */
const maxConnections = 1_000;

/** A program that broke down is started again within one `connect`, which bounds each of its own attempts. */
const attempts = 3;

interface Held {
  readonly connection: Promise<UpstreamConnection>;
  readonly upstream: string;
  readonly sessionId: string;
  /** Requests under way. */
  inUse: number;
  cancelIdle: () => void;
}

export interface ConnectionsOptions {
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly connectMs: (upstream: string) => number;
  readonly clock: Clock;
  readonly idleMs: number;
  /** Whether something is still to come on it, though nobody uses it. */
  readonly mustStay: (upstream: string, sessionId: string) => boolean;
  readonly onNotification: (upstream: string, sessionId: string, method: string, params: JsonObject) => void;
}

/**
 * Connections that carry calls: each session has its own to each upstream, so that nothing which an upstream keeps between
 * calls passes from one to the other; shared ones only where the operator says that there is nothing to pass.
 */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #held = new Map<string, Held>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /**
   * Uses the session's connection, which is made where there is none.
   *
   * @throws RuntimeFault of the upstream
   */
  async use<T>(
    name: string,
    session: Session,
    declared: JsonObject,
    task: (connection: UpstreamConnection) => Promise<T>,
  ): Promise<T> {
    const upstream = this.#options.upstreams.get(name);
    if (!upstream) throw new RuntimeFault('internal', { detail: `There is no upstream ${name}.` });
    // A 2026 client says anew with every request what it can be asked.
    const capabilities = upstream.shared ? {} : askable(declared);
    const key = upstream.shared ? name : `${name} ${session.id} ${JSON.stringify(capabilities)}`;
    const held = this.#held.get(key) ?? this.#open(key, upstream, session, capabilities);
    held.inUse++;
    held.cancelIdle();
    try {
      return await task(await held.connection);
    } finally {
      held.inUse--;
      // One that was closed meanwhile is nobody's any more.
      if (held.inUse === 0 && this.#held.get(key) === held) this.#closeLater(key, held);
    }
  }

  /** Tells those of a session that are open. */
  notify(session: Session, method: string, params: JsonObject): void {
    for (const { sessionId, connection } of this.#held.values()) {
      if (sessionId === session.id) connection.then((open) => open.notify(method, params)).catch(() => undefined);
    }
  }

  /** Closes all that a session has. */
  async end(sessionId: string): Promise<void> {
    const own = [...this.#held].filter(([, held]) => held.sessionId === sessionId);
    await Promise.all(own.map(([key, held]) => this.#close(key, held)));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#held].map(([key, held]) => this.#close(key, held)));
  }

  #open(key: string, upstream: Upstream, session: Session, capabilities: JsonObject): Held {
    if (this.#held.size >= maxConnections) this.#closeLongestIdle();
    const abort = new AbortController();
    const cancel = this.#options.clock.after(this.#options.connectMs(upstream.name) * attempts, () => abort.abort());
    const connection = upstream.connect({
      ...(upstream.shared ? {} : { session }),
      capabilities,
      signal: abort.signal,
    });
    const sessionId = upstream.shared ? '' : session.id;
    const held: Held = { connection, upstream: upstream.name, sessionId, inUse: 0, cancelIdle: () => undefined };
    this.#held.set(key, held);
    const forget = () => {
      held.cancelIdle();
      if (this.#held.get(key) === held) this.#held.delete(key);
    };
    void this.#follow(held, forget).finally(cancel);
    return held;
  }

  async #follow({ connection, upstream, sessionId }: Held, forget: () => void): Promise<void> {
    try {
      const open = await connection;
      open.onClose(forget);
      open.onNotification((method, params) => this.#options.onNotification(upstream, sessionId, method, params));
    } catch {
      // Whoever wanted to use it is told.
      forget();
    }
  }

  #closeLater(key: string, held: Held): void {
    held.cancelIdle();
    held.cancelIdle = this.#options.clock.after(this.#options.idleMs, () => {
      if (held.inUse > 0) return;
      if (this.#options.mustStay(held.upstream, held.sessionId)) this.#closeLater(key, held);
      else void this.#close(key, held);
    });
  }

  /** @throws RuntimeFault where every one is in use */
  #closeLongestIdle(): void {
    const idle = [...this.#held].find(([, { inUse }]) => inUse === 0);
    if (!idle) {
      const detail = `${maxConnections} connections to upstreams are in use; try again, or end sessions that are not needed.`;
      throw new RuntimeFault('upstream_failed', { detail });
    }
    void this.#close(...idle);
  }

  async #close(key: string, held: Held): Promise<void> {
    held.cancelIdle();
    if (this.#held.get(key) === held) this.#held.delete(key);
    await held.connection.then((open) => open.close()).catch(() => undefined);
  }
}
