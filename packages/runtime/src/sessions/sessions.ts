import type {
  AgentRecord,
  AuditLog,
  Clock,
  NewId,
  Scope,
  Session,
  SessionFilter,
  SessionStore,
  UserRef,
} from '@sallyport/core';
import { RuntimeFault, isNarrower, isOpen, zeroCounters } from '@sallyport/core';
import type { AgentService } from '../agents/agents.ts';
import type { SessionToken, SessionTokens } from '../identity/tokens.ts';
import type { LiveSession } from './live.ts';
import type { NamedUser, SaidUser } from './said-user.ts';
import { agentRef } from '../agents/agents.ts';
import { anonymousUser } from '../identity/user-id.ts';
import { LiveSessions } from './live.ts';
import { userOf } from './said-user.ts';

/** The purposes of sessions that a credential opened by being used. */
const directPurpose = 'direct use of the agent key';
const accessTokenPurpose = "direct use of the user's access token";

const liveSessions = 10_000;
const minuteMs = 60_000;
const page = 500;

export interface SessionServiceOptions {
  readonly store: SessionStore;
  readonly audit: AuditLog;
  readonly agents: AgentService;
  readonly tokens: SessionTokens;
  readonly clock: Clock;
  readonly newId: NewId;
  /** Until a session that an agent key opened by being used ends for want of use. */
  readonly idleMinutes: number;
  /** The longest that any session may last. */
  readonly maxHours: number;
  /** Hides in a purpose what may not be kept. */
  readonly mask?: (text: string) => string;
}

export interface NewSession extends NamedUser {
  readonly agent: AgentRecord;
  readonly purpose: string;
  /** Seconds; cut to `maxHours`, which is also what it is by default. */
  readonly ttlSeconds?: number;
  /** What the task may use; without one it is not narrowed. */
  readonly scope?: Omit<Scope, 'by'>;
}

/** What a credential that is used directly opens. */
interface Direct {
  readonly agent: AgentRecord;
  readonly user: UserRef;
  readonly purpose: string;
}

/**
 * Opens, finds and ends sessions. A session that is handed out stays current: when it ends, whoever holds it sees
 * `state: ended` at once.
 */
export class SessionService {
  readonly #options: SessionServiceOptions;
  readonly #live = new LiveSessions(liveSessions);
  /** Loads under way. `stale` when the session changed meanwhile: what was read must then be read again. */
  readonly #loading = new Map<string, { stale: boolean; readonly session: Promise<Session | undefined> }>();
  /** Being ended in the store, or failed to be: ended for us, whatever the store says. */
  readonly #ending = new Set<string>();
  readonly #direct = new Map<string, string>();
  readonly #openingDirect = new Map<string, Promise<LiveSession>>();
  readonly #savedExpiry = new WeakMap<LiveSession, number>();
  /** What was said last of the user of a session. */
  readonly #said = new WeakMap<LiveSession, SaidUser>();
  readonly #stopListening: (() => void)[];
  readonly #endListeners = new Set<(sessionId: string) => void>();
  #cancelSweep: (() => void) | undefined;

  constructor(options: SessionServiceOptions) {
    this.#options = options;
    this.#stopListening = [
      options.audit.subscribe((entries) => this.#live.count(entries, (id) => this.#touch(id))),
      options.agents.onChange((agent) => this.#agentChanged(agent)),
    ];
    this.#sweepLater();
  }

  /** @throws RuntimeFault `invalid_request` for a purpose by which sessions are found that a credential opened by itself */
  async open({ agent, purpose, ttlSeconds, scope, ...given }: NewSession): Promise<Session> {
    const { maxHours } = this.#options;
    if (purpose === directPurpose || purpose === accessTokenPurpose) {
      throw new RuntimeFault('invalid_request', { path: 'purpose', detail: 'Say what the session is for.' });
    }
    const ttlMs = Math.min(ttlSeconds === undefined ? Infinity : ttlSeconds * 1000, maxHours * 60 * minuteMs);
    const narrowed = scope ? { scope: { ...scope, by: 'caller' } as const } : {};
    const { mask = (text: string) => text } = this.#options;
    const asked = { user: userOf(given), purpose: mask(purpose), ...narrowed };
    return await this.#insert(agent, asked, ttlMs);
  }

  /**
   * Narrows what a session may use; at once for everyone who holds it, also when the store then fails. A scope is never
   * widened, whoever asks.
   *
   * @throws RuntimeFault `not_found`; `conflict` when the session has a scope that does not hold all of the new one
   */
  async narrow(id: string, scope: Scope): Promise<Session> {
    const session = await this.get(id);
    const live = this.#live.get(id);
    if (!session || !live) throw noSuchSession(id);
    if (live.scope && !isNarrower(scope, live.scope)) {
      throw new RuntimeFault('conflict', { detail: 'The session has a scope already, and this one is wider.' });
    }
    live.scope = scope;
    this.#touch(id);
    if (!(await this.#options.store.update(id, { scope }))) throw noSuchSession(id);
    this.#touch(id);
    return live;
  }

  /** The session, open or not, or nothing. */
  get(id: string): Promise<Session | undefined> {
    const live = this.#live.get(id);
    return live ? Promise.resolve(live) : this.#load(id);
  }

  /** As `get`, without waiting: nothing also when it is not in memory. */
  known(id: string): Session | undefined {
    return this.#live.get(id);
  }

  /** Newest first. What has expired shows as ended. */
  async list(filter: SessionFilter): Promise<Session[]> {
    const now = this.#options.clock.now();
    const listed = await this.#options.store.list(filter);
    const shown = listed.map((stored) => {
      const session = this.#live.get(stored.id) ?? stored;
      return isOpen(session, now) && !this.#ending.has(stored.id) ? session : ended(session);
    });
    return filter.state === 'open' ? shown.filter(({ state }) => state === 'open') : shown;
  }

  isOpen(session: Session): boolean {
    return isOpen(session, this.#options.clock.now());
  }

  /** Ends a session; at once for everyone who holds it, also when the store then fails. @throws RuntimeFault `not_found` */
  async end(id: string): Promise<void> {
    this.#ending.add(id);
    const live = this.#live.get(id);
    if (live) live.state = 'ended';
    this.#touch(id);
    const found = await this.#options.store.update(id, { state: 'ended' });
    this.#touch(id);
    this.#ending.delete(id);
    if (!found) throw noSuchSession(id);
    this.#tellEnd(id);
  }

  /** Calls back with each session that ended or expired, once the store knows. Returns how to stop. */
  onEnd(listener: (sessionId: string) => void): () => void {
    this.#endListeners.add(listener);
    return () => this.#endListeners.delete(listener);
  }

  /** A token for the session, as long as it is open. @throws RuntimeFault `conflict` */
  async token(session: Session, keyId?: string): Promise<SessionToken> {
    if (!this.isOpen(session)) throw hasEnded();
    return await this.#options.tokens.sign(session, keyId);
  }

  /**
   * The session of an agent that uses its key directly: one for each agent and user, kept until it was idle for
   * `idleMinutes`. Answers without waiting when it is in memory.
   */
  forKey(agent: AgentRecord, userId: string = anonymousUser): Session | Promise<Session> {
    return this.#directly({ agent, user: { id: userId, roles: [] }, purpose: directPurpose });
  }

  /**
   * As `forKey`, for a user whose access token lets the agent in. What the newest token says of the user counts from now on.
   */
  forUser(agent: AgentRecord, said: SaidUser): Session | Promise<Session> {
    const { userId: id, roles, claims, issuer } = said;
    const session = this.#directly({ agent, user: { id, roles, claims, issuer }, purpose: accessTokenPurpose });
    const refreshed = (live: LiveSession): LiveSession => {
      // Lost, it is said again by the next token after a restart.
      void this.#refresh(live, said).catch(() => undefined);
      return live;
    };
    return session instanceof Promise ? session.then(refreshed) : refreshed(session);
  }

  /** Whether only the user's own access token lets anyone into it. */
  isByAccessToken({ purpose }: Session): boolean {
    return purpose === accessTokenPurpose;
  }

  /**
   * Takes up what a fresh token says of the session's user; at once for everyone who holds it, also when the store then fails.
   *
   * @throws RuntimeFault `forbidden` when it is another user's; `conflict` when the session has ended; `not_found`
   */
  async refreshUser(id: string, said: SaidUser): Promise<Session> {
    const session = await this.get(id);
    const live = this.#live.get(id);
    if (!session || !live) throw noSuchSession(id);
    if (!this.isOpen(session)) throw hasEnded();
    if (live.user.id !== said.userId || live.user.issuer !== said.issuer) {
      throw new RuntimeFault('forbidden', { detail: "The token is another user's than the session's." });
    }
    await this.#refresh(live, said);
    return live;
  }

  /** Marks as ended what has expired: lists stay true, and what was kept for it is destroyed. */
  async sweep(): Promise<void> {
    const { clock, store } = this.#options;
    for (const [key, id] of this.#direct) {
      const live = this.#live.get(id);
      if (!live || !this.isOpen(live)) this.#direct.delete(key);
    }
    for await (const session of this.#storedOpen({})) {
      const current = this.#live.get(session.id) ?? session;
      if (isOpen(current, clock.now()) && !this.#ending.has(session.id)) continue;
      await store.update(session.id, { state: 'ended' });
      this.#tellEnd(session.id);
    }
  }

  close(): void {
    this.#cancelSweep?.();
    for (const stop of this.#stopListening) stop();
  }

  #directly(direct: Direct): LiveSession | Promise<LiveSession> {
    const { agent, user, purpose } = direct;
    const key = JSON.stringify([agent.id, purpose, user.issuer, user.id]);
    const id = this.#direct.get(key);
    const live = id === undefined ? undefined : this.#live.get(id);
    if (live && this.isOpen(live)) return this.#used(live);
    let opening = this.#openingDirect.get(key);
    if (!opening) {
      opening = this.#findOrOpen(direct, key).finally(() => this.#openingDirect.delete(key));
      this.#openingDirect.set(key, opening);
    }
    return opening;
  }

  async #refresh(live: LiveSession, said: SaidUser): Promise<void> {
    const before = this.#said.get(live);
    // An older token of the same user must not bring back what is no longer so.
    if (before === said || (before && said.issuedAt < before.issuedAt)) return;
    this.#said.set(live, said);
    const { roles, claims } = said;
    if (JSON.stringify([live.user.roles, live.user.claims]) === JSON.stringify([roles, claims])) return;
    live.user = { ...live.user, roles, claims };
    this.#touch(live.id);
    await this.#options.store.update(live.id, { user: live.user });
    this.#touch(live.id);
  }

  async #findOrOpen({ agent, user, purpose }: Direct, key: string): Promise<LiveSession> {
    const { idleMinutes } = this.#options;
    for await (const stored of this.#storedOpen({ agentId: agent.id, userId: user.id })) {
      if (stored.purpose !== purpose || stored.user.issuer !== user.issuer || !this.isOpen(stored)) continue;
      const session = await this.get(stored.id);
      if (!session || !this.isOpen(session)) continue;
      this.#direct.set(key, session.id);
      return this.#used(session);
    }
    const session = await this.#insert(agent, { user, purpose }, idleMinutes * minuteMs);
    this.#direct.set(key, session.id);
    return session;
  }

  async #insert(
    agent: AgentRecord,
    asked: Pick<Session, 'user' | 'purpose' | 'scope'>,
    ttlMs: number,
  ): Promise<LiveSession> {
    const { store, clock, newId, agents } = this.#options;
    const openedAt = clock.now();
    const session: Session = {
      id: newId(),
      tenant: agent.tenant,
      agent: agentRef(agent),
      ...asked,
      openedAt,
      expiresAt: Math.floor(openedAt + ttlMs),
      state: 'open',
      counters: zeroCounters,
    };
    await store.insert(session);
    const live = this.#live.add(session);
    // The agent may have been disabled, or changed, while the store was writing.
    const current = agents.live(agent.id);
    if (!current) {
      await this.end(session.id);
      throw new RuntimeFault('forbidden', { detail: 'The agent was disabled.' });
    }
    live.agent = agentRef(current);
    return live;
  }

  #load(id: string): Promise<Session | undefined> {
    const under = this.#loading.get(id);
    if (under) return under.session;
    const loading = { stale: true, session: Promise.resolve<Session | undefined>(undefined) };
    loading.session = (async () => {
      let stored: Session | undefined;
      while (loading.stale) {
        loading.stale = false;
        stored = await this.#options.store.get(id);
      }
      if (!stored) return undefined;
      const live = this.#live.add(stored);
      const agent = this.#options.agents.get(stored.agent.id);
      if (agent) live.agent = agentRef(agent);
      if (!agent || agent.disabledAt !== null || this.#ending.has(id)) live.state = 'ended';
      return live;
    })().finally(() => this.#loading.delete(id));
    this.#loading.set(id, loading);
    return loading.session;
  }

  #tellEnd(id: string): void {
    for (const listener of this.#endListeners) listener(id);
  }

  #touch(id: string): void {
    const loading = this.#loading.get(id);
    if (loading) loading.stale = true;
  }

  /** Puts off the end of a direct session; in the store at most once a minute. */
  #used(session: LiveSession): LiveSession {
    const { clock, store, idleMinutes, maxHours } = this.#options;
    const longest = session.openedAt + maxHours * 60 * minuteMs;
    const expiresAt = Math.min(Math.floor(clock.now()) + idleMinutes * minuteMs, longest);
    if (expiresAt <= session.expiresAt) return session;
    session.expiresAt = expiresAt;
    if (expiresAt - (this.#savedExpiry.get(session) ?? 0) >= minuteMs) {
      this.#savedExpiry.set(session, expiresAt);
      // Lost, the session ends early: no request need fail for it.
      void store.update(session.id, { expiresAt }).catch(() => undefined);
    }
    return session;
  }

  async #agentChanged(agent: AgentRecord): Promise<void> {
    if (agent.disabledAt === null) return this.#live.refreshAgent(agentRef(agent));
    for (const live of this.#live.ofAgent(agent.id)) live.state = 'ended';
    for await (const { id } of this.#storedOpen({ agentId: agent.id })) await this.end(id);
  }

  async *#storedOpen(filter: Omit<SessionFilter, 'state' | 'before' | 'limit'>): AsyncGenerator<Session> {
    let before: string | undefined;
    for (;;) {
      const place = before === undefined ? {} : { before };
      const listed = await this.#options.store.list({ ...filter, ...place, state: 'open', limit: page });
      yield* listed;
      if (listed.length < page) return;
      before = listed.at(-1)?.id;
    }
  }

  #sweepLater(): void {
    this.#cancelSweep = this.#options.clock.after(minuteMs, () => {
      void this.sweep()
        .catch(() => undefined)
        .finally(() => this.#sweepLater());
    });
  }
}

const noSuchSession = (id: string): RuntimeFault =>
  new RuntimeFault('not_found', { detail: `There is no session ${id.slice(0, 40)}.` });

const hasEnded = (): RuntimeFault => new RuntimeFault('conflict', { detail: 'The session has ended. Open a new one.' });

const ended = (session: Session): Session => ({ ...session, state: 'ended' });
