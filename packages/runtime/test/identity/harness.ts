import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { AgentRecord, AuditLog, Clock, Entry, IdentityConfig, Store } from '@sallyport/core';
import { AgentService } from '../../src/agents/agents.ts';
import { Authenticator } from '../../src/identity/authenticate.ts';
import { createIds } from '../../src/identity/ids.ts';
import { OidcIssuers } from '../../src/identity/oidc/index.ts';
import { SealedBox, openMasterKey } from '../../src/flow/index.ts';
import { SessionTokens } from '../../src/identity/tokens.ts';
import { UserTokens } from '../../src/identity/user-tokens.ts';
import { OperatorService } from '../../src/operators/operators.ts';
import { SessionService } from '../../src/sessions/sessions.ts';
import { systemClock } from '../../src/clock.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';

/** A clock that only moves when a test moves it. */
export class TestClock implements Clock {
  #now = Date.UTC(2026, 10, 21);
  #timers = new Set<{ readonly at: number; readonly run: () => void }>();

  now(): number {
    return this.#now;
  }
  micros(): number {
    return this.#now * 1000;
  }
  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }
  advance(ms: number): void {
    this.#now += ms;
    for (const timer of this.#timers) {
      if (timer.at > this.#now) continue;
      this.#timers.delete(timer);
      timer.run();
    }
  }
}

export const minute = 60_000;
export const hour = 60 * minute;

export interface Harness {
  readonly file: string;
  readonly clock: TestClock;
  readonly store: Store;
  readonly audit: AuditLog;
  readonly newId: () => string;
  readonly agents: AgentService;
  readonly tokens: SessionTokens;
  readonly sessions: SessionService;
  readonly operators: OperatorService;
  readonly authenticator: Authenticator;
  readonly oidc: OidcIssuers;
  readonly userTokens: UserTokens;
  agent(
    change?: Partial<Pick<AgentRecord, 'name' | 'roles' | 'namesUsers'>>,
  ): Promise<{ agent: AgentRecord; key: string }>;
  /** As `Bearer` header. */
  signIn(secret: string, userHeader?: string): ReturnType<Authenticator['authenticate']>;
  /** Every service anew on the same file: a restart. */
  restart(): Promise<Harness>;
  close(): Promise<void>;
}

/** The real services on a real store in a folder of its own. */
export async function openHarness(
  file?: string,
  clock = new TestClock(),
  issuers: IdentityConfig['issuers'] = {},
): Promise<Harness> {
  const folder = file === undefined ? mkdtempSync(join(tmpdir(), 'sallyport-')) : undefined;
  const path = file ?? join(folder ?? '', 'sallyport.db');
  // Its time-outs are about the disk, which no test's clock moves.
  const { store, audit } = await openSqliteStore({ file: path, clock: systemClock });
  const newId = createIds(() => clock.now());
  const shared = { clock, newId, tenant: 'default' };
  const agents = await AgentService.open({ store: store.agents, ...shared });
  const issuer = 'http://127.0.0.1:7411';
  const tokens = await SessionTokens.open({ settings: store.settings, clock, newId, issuer, tokenMinutes: 15 });
  const sessionOptions = { store: store.sessions, audit, agents, tokens, clock, newId };
  const sessions = new SessionService({ ...sessionOptions, idleMinutes: 60, maxHours: 24 });
  const operators = await OperatorService.open({ store: store.operators, audit, ...shared });
  const oidc = new OidcIssuers({ issuers, clock });
  const box = new SealedBox(openMasterKey(dirname(path)), store.flow);
  const userTokens = new UserTokens({ store: store.userTokens, box, clock });
  const authenticator = new Authenticator({ agents, sessions, tokens, oidc });
  const stop = async () => {
    sessions.close();
    await oidc.close();
    await store.close();
  };
  return {
    file: path,
    clock,
    store,
    audit,
    newId,
    agents,
    tokens,
    sessions,
    operators,
    authenticator,
    oidc,
    userTokens,
    async agent(change = {}) {
      const agent = await agents.create({ name: 'support', roles: ['support'], namesUsers: true, ...change });
      const { secret } = await agents.createKey(agent.id, { name: 'test', expiresInDays: 90 });
      return { agent, key: secret };
    },
    signIn: (secret, userHeader) => authenticator.authenticate({ authorization: `Bearer ${secret}`, userHeader }),
    async restart() {
      await stop();
      return await openHarness(path, clock, issuers);
    },
    async close() {
      await stop();
      if (folder !== undefined) rmSync(folder, { recursive: true });
    },
  };
}

/** The recorded entries as a promise of what the next `count` appends will bring. */
export function collect(audit: AuditLog): { readonly entries: Entry[]; stop(): void } {
  const entries: Entry[] = [];
  const stop = audit.subscribe((recorded) => entries.push(...recorded));
  return { entries, stop };
}

/** What a promise was rejected with, as a fault's code. */
export const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'resolved',
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  );
