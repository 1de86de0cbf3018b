import { randomBytes } from 'node:crypto';
import type { Clock, Session } from '@sallyport/core';
import type { Gateway } from '../../gateway/contract.ts';
import { ClientSession, type Handshake } from './client-session.ts';
import { Refusal, errorCodes, noSuchSession } from './errors.ts';
import type { McpLimits } from './services.ts';

export interface ClientSessionsServices {
  readonly gateway: Gateway;
  readonly clock: Clock;
  readonly limits: McpLimits;
}

/** The 2025 sessions. Each belongs to the Sallyport session that began it; to any other it is as unknown as one that never was. */
export class ClientSessions {
  readonly #services: ClientSessionsServices;
  /** Used longest ago first. */
  readonly #sessions = new Map<string, ClientSession>();
  #cancelSweep: (() => void) | undefined;

  constructor(services: ClientSessionsServices) {
    this.#services = services;
  }

  /** @throws Refusal 503 where there are as many as there may be, all of them in use */
  begin(session: Session, handshake: Handshake): ClientSession {
    const { limits } = this.#services;
    const own = [...this.#sessions.values()].filter(({ owner }) => owner === session.id);
    if (own.length >= limits.sessionsEach) this.#end(own.find(({ isBusy }) => !isBusy) ?? own[0]);
    if (this.#sessions.size >= limits.sessions) {
      const idle = [...this.#sessions.values()].find(({ isBusy }) => !isBusy);
      if (!idle) throw new Refusal(503, errorCodes.internal, 'Too many MCP sessions are in use. Try again later.');
      this.#end(idle);
    }
    const id = randomBytes(24).toString('base64url');
    const begun = new ClientSession(id, session.id, handshake, this.#services);
    this.#use(begun);
    this.#sweepLater();
    return begun;
  }

  /** @throws Refusal 404 */
  get(session: Session, id: string): ClientSession {
    const found = this.#sessions.get(id);
    if (found?.owner !== session.id) throw noSuchSession();
    this.#use(found);
    return found;
  }

  end(session: ClientSession): void {
    this.#end(session);
  }

  /** The runtime stops: what is under way is waited for. */
  close(): void {
    this.#cancelSweep?.();
    for (const session of this.#sessions.values()) session.leave();
  }

  #use(session: ClientSession): void {
    session.usedAt = this.#services.clock.now();
    this.#sessions.delete(session.id);
    this.#sessions.set(session.id, session);
  }

  #end(session: ClientSession | undefined): void {
    if (!session) return;
    this.#sessions.delete(session.id);
    session.end();
  }

  #sweepLater(): void {
    const { clock, limits } = this.#services;
    this.#cancelSweep ??= clock.after(Math.min(limits.idleMs, 60_000), () => {
      this.#cancelSweep = undefined;
      const since = clock.now() - limits.idleMs;
      for (const session of this.#sessions.values()) if (!session.isBusy && session.usedAt <= since) this.#end(session);
      if (this.#sessions.size > 0) this.#sweepLater();
    });
  }
}
