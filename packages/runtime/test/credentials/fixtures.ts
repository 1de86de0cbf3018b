import { createSecretKey, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from '@sallyport/core';
import type {
  Clock,
  CredentialStore,
  CredentialUse,
  KeyManagement,
  SealedRecord,
  SubjectTokens,
} from '@sallyport/core';
import { CredentialBroker } from '../../src/credentials/index.ts';
import { LocalKeys } from '../../src/flow/index.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { aSession, clock as machine } from '../store/fixtures.ts';

/** A clock that goes on only when told to; what is due then runs. */
export class TestClock implements Clock {
  #now = 1_763_690_000_000;
  readonly #due = new Set<{ readonly at: number; readonly run: () => void }>();
  now = (): number => this.#now;
  micros = (): number => this.#now * 1000;
  after = (ms: number, then: () => void): (() => void) => {
    const entry = { at: this.#now + ms, run: then };
    this.#due.add(entry);
    return () => this.#due.delete(entry);
  };
  /** Whether somebody waits. */
  get waiting(): number {
    return this.#due.size;
  }
  advance(ms: number): void {
    this.#now += ms;
    for (const entry of [...this.#due].filter(({ at }) => at <= this.#now)) {
      this.#due.delete(entry);
      entry.run();
    }
  }
}

export interface Bench {
  readonly broker: CredentialBroker;
  readonly clock: TestClock;
  readonly env: Record<string, string | undefined>;
  readonly folder: string;
  readonly store: CredentialStore;
  readonly keys: KeyManagement;
  /** Another broker over the same store, as after a restart. */
  restart(): Promise<CredentialBroker>;
  close(): Promise<void>;
}

export interface BenchOptions {
  readonly env?: Record<string, string | undefined>;
  readonly subjectTokens?: SubjectTokens;
  readonly store?: (real: CredentialStore) => CredentialStore;
  readonly timeoutMs?: number;
}

/** A broker over a real store. @param yaml `upstreams` and `credentials`, checked as the runtime does */
export async function openBench(yaml: string, options: BenchOptions = {}): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-credentials-'));
  const { env = {} } = options;
  const config = parseConfig(yaml, {
    env: {},
    readFile: () => {
      throw new Error('ENOENT');
    },
  });
  const clock = new TestClock();
  const keys = new LocalKeys(createSecretKey(randomBytes(32)));
  const database = await openSqliteStore({ file: join(folder, 'data', 'sallyport.db'), clock: machine });
  const store = options.store?.(database.store.credentials) ?? database.store.credentials;
  const { credentials, upstreams } = config;
  const { subjectTokens, timeoutMs } = options;
  const restart = async () =>
    await CredentialBroker.open({
      credentials,
      upstreams,
      env,
      folder,
      store,
      keys,
      clock,
      ...(subjectTokens && { subjectTokens }),
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
  const close = async () => {
    await database.store.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { broker: await restart(), clock, env, folder, store, keys, restart, close };
}

export const use = (change: Partial<CredentialUse> = {}): CredentialUse => ({
  upstream: 'crm',
  url: 'https://crm.example/api/customers?id=1',
  httpMethod: 'GET',
  session: aSession(),
  ...change,
});

export const memoryStore = (): CredentialStore => {
  const rows = new Map<string, SealedRecord>();
  const revoked = new Set<string>();
  return {
    sealed: async (name, slot) => rows.get(`${name} ${slot}`),
    seal: async (name, slot, record) => void rows.set(`${name} ${slot}`, record),
    revoked: async () => [...revoked],
    setRevoked: async (name, at) => void (at === null ? revoked.delete(name) : revoked.add(name)),
  };
};
