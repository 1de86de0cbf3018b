import type { AgentKeyRecord, AgentRecord, AgentRef, AgentStore, Clock, NewId } from '@sallyport/core';
import { RuntimeFault } from '@sallyport/core';
import { looksLikeSecret, newSecret, secretPrefixes, sha256 } from '../identity/secrets.ts';
import { Serial } from '../identity/serial.ts';

const asItIs = (text: string): string => text;
const dayMs = 86_400_000;
const lastUsedEveryMs = 60_000;
const hintLength = secretPrefixes.agent.length + 4;

export interface AgentServiceOptions {
  readonly store: AgentStore;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly tenant: string;
  /** Hides secrets and numbers of people in names: every session and entry repeats them. */
  readonly mask?: (text: string) => string;
}

export interface AgentChange {
  readonly name?: string | undefined;
  readonly roles?: readonly string[] | undefined;
  readonly namesUsers?: boolean | undefined;
  readonly disabled?: boolean | undefined;
}

export interface NewAgent {
  /** A fresh one by default; given where it was already named in the log. */
  readonly id?: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly namesUsers?: boolean;
}

export interface NewKey {
  readonly id?: string;
  readonly name: string;
  /** null: the key never expires. */
  readonly expiresInDays: number | null;
}

export interface AuthenticatedAgent {
  readonly agent: AgentRecord;
  readonly key: AgentKeyRecord;
}

/** Is told of an agent as it now is, before the change is answered. */
export type AgentListener = (agent: AgentRecord) => Promise<void>;

/**
 * The registered agents and their keys. All are held in memory, so that authenticating needs no store, an unknown key
 * costs no query, and a change counts from the next request on. Only this service writes them; a second runtime on the
 * same store would call `reload` from time to time.
 */
export class AgentService {
  readonly #options: AgentServiceOptions;
  readonly #changes = new Serial();
  readonly #agents = new Map<string, AgentRecord>();
  readonly #keys = new Map<string, AgentKeyRecord>();
  readonly #keyIdByHash = new Map<string, string>();
  readonly #listeners = new Set<AgentListener>();

  private constructor(options: AgentServiceOptions) {
    this.#options = options;
  }

  static async open(options: AgentServiceOptions): Promise<AgentService> {
    const service = new AgentService(options);
    await service.reload();
    return service;
  }

  /** Reads every agent and key again. */
  reload(): Promise<void> {
    return this.#changes.run(async () => {
      const { store } = this.#options;
      const agents = await store.list();
      const keys = (await Promise.all(agents.map((agent) => store.keys(agent.id)))).flat();
      this.#agents.clear();
      this.#keys.clear();
      this.#keyIdByHash.clear();
      for (const agent of agents) this.#agents.set(agent.id, agent);
      for (const key of keys) this.#keep(key);
    });
  }

  onChange(listener: AgentListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  list(): readonly AgentRecord[] {
    return [...this.#agents.values()];
  }

  get(id: string): AgentRecord | undefined {
    return this.#agents.get(id);
  }

  keys(agentId: string): readonly AgentKeyRecord[] {
    return [...this.#keys.values()].filter((key) => key.agentId === agentId);
  }

  create({ id = this.#options.newId(), name: given, roles, namesUsers = false }: NewAgent): Promise<AgentRecord> {
    const { store, clock, tenant, mask = asItIs } = this.#options;
    const name = mask(given);
    const agent: AgentRecord = { id, tenant, name, roles, namesUsers, createdAt: clock.now(), disabledAt: null };
    return this.#changes.run(async () => {
      await store.insert(agent);
      this.#agents.set(id, agent);
      return agent;
    });
  }

  /** @throws RuntimeFault `not_found` */
  update(id: string, { disabled, ...rest }: AgentChange): Promise<AgentRecord> {
    return this.#changes.run(async () => {
      const { store, clock, mask = asItIs } = this.#options;
      const before = this.#require(id);
      const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
      const disabledAt =
        disabled === undefined ? before.disabledAt : disabled ? (before.disabledAt ?? clock.now()) : null;
      const name = mask(rest.name ?? before.name);
      const after: AgentRecord = { ...before, ...given, name, disabledAt };
      const { roles, namesUsers } = after;
      if (!(await store.update(id, { name, roles, namesUsers, disabledAt }))) throw noSuchAgent(id);
      this.#agents.set(id, after);
      await Promise.all([...this.#listeners].map((listener) => listener(after)));
      return after;
    });
  }

  /** `secret` is nowhere kept: this answer is the only one that carries it. */
  createKey(agentId: string, key: NewKey): Promise<{ record: AgentKeyRecord; secret: string }> {
    return this.#changes.run(async () => {
      const { store, clock, newId } = this.#options;
      this.#require(agentId);
      const secret = newSecret('agent');
      const now = clock.now();
      const record: AgentKeyRecord = {
        id: key.id ?? newId(),
        agentId,
        name: (this.#options.mask ?? asItIs)(key.name),
        hash: sha256(secret),
        hint: secret.slice(0, hintLength),
        createdAt: now,
        expiresAt: key.expiresInDays === null ? null : now + key.expiresInDays * dayMs,
        revokedAt: null,
        lastUsedAt: null,
      };
      await store.insertKey(record);
      this.#keep(record);
      return { record, secret };
    });
  }

  /** @throws RuntimeFault `not_found`, also for the key of another agent */
  revokeKey(agentId: string, keyId: string): Promise<void> {
    return this.#changes.run(async () => {
      const key = this.#keys.get(keyId);
      if (key?.agentId !== agentId) throw noSuchKey();
      if (key.revokedAt !== null) return;
      const revokedAt = this.#options.clock.now();
      if (!(await this.#options.store.updateKey(keyId, { revokedAt }))) throw noSuchKey();
      this.#keep({ ...(this.#keys.get(keyId) ?? key), revokedAt });
    });
  }

  /** Whose key this is, if it may be used now. Synchronous: one hash and two look-ups. */
  authenticateKey(secret: string): AuthenticatedAgent | undefined {
    if (!looksLikeSecret('agent', secret)) return undefined;
    const keyId = this.#keyIdByHash.get(sha256(secret));
    const key = keyId === undefined ? undefined : this.#liveKey(keyId);
    const agent = key && this.live(key.agentId);
    if (!key || !agent) return undefined;
    this.#used(key);
    return { agent, key };
  }

  /** The agent, if it is enabled, and its key, if one is named, may still be used. */
  live(agentId: string, keyId?: string): AgentRecord | undefined {
    const agent = this.#agents.get(agentId);
    if (!agent || agent.disabledAt !== null) return undefined;
    return keyId === undefined || this.#liveKey(keyId)?.agentId === agentId ? agent : undefined;
  }

  #liveKey(keyId: string): AgentKeyRecord | undefined {
    const key = this.#keys.get(keyId);
    if (!key || key.revokedAt !== null) return undefined;
    return key.expiresAt === null || this.#options.clock.now() < key.expiresAt ? key : undefined;
  }

  #used(key: AgentKeyRecord): void {
    const now = this.#options.clock.now();
    if (key.lastUsedAt !== null && now - key.lastUsedAt < lastUsedEveryMs) return;
    this.#keep({ ...key, lastUsedAt: now });
    // For people to find unused keys: no request may wait for it, or fail with it.
    void this.#options.store.updateKey(key.id, { lastUsedAt: now }).catch(() => undefined);
  }

  #keep(key: AgentKeyRecord): void {
    this.#keys.set(key.id, key);
    this.#keyIdByHash.set(key.hash, key.id);
  }

  #require(id: string): AgentRecord {
    const agent = this.#agents.get(id);
    if (!agent) throw noSuchAgent(id);
    return agent;
  }
}

export const agentRef = ({ id, name, roles }: AgentRecord): AgentRef => ({ id, name, roles });

const noSuchAgent = (id: string): RuntimeFault =>
  new RuntimeFault('not_found', { detail: `There is no agent ${id.slice(0, 40)}.` });

const noSuchKey = (): RuntimeFault => new RuntimeFault('not_found', { detail: 'This agent has no such key.' });
