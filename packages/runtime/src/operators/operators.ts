import type { AuditLog, Clock, NewId, OperatorRecord, OperatorStore } from '@sallyport/core';
import type { OperatorRole } from '@sallyport/core/admin';
import { RuntimeFault } from '@sallyport/core';
import { looksLikeSecret, newSecret, sameHash, sha256 } from '../identity/secrets.ts';
import { Serial } from '../identity/serial.ts';

const linkMs = 15 * 60_000;
const cookieMs = 12 * 3_600_000;

export interface OperatorServiceOptions {
  readonly store: OperatorStore;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly tenant: string;
}

export interface OperatorChange {
  readonly name?: string | undefined;
  readonly role?: OperatorRole | undefined;
  readonly disabled?: boolean | undefined;
}

/** An account at the identity provider that somebody has proven to have; see `OperatorAccount`. */
export interface ProvenAccount {
  readonly account: string;
  readonly name: string;
  readonly role: OperatorRole | undefined;
}

export interface Secret {
  readonly secret: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Is told when an operator changed, or signed out somewhere: what runs on their behalf must be checked again. */
export type OperatorListener = (operatorId: string) => void;

/**
 * The people who run Sallyport, and how they sign in. All are held in memory; changes run one after another, so that the
 * last owner cannot go by two requests at once, and no sign-in slips past a disabling.
 */
export class OperatorService {
  readonly #options: OperatorServiceOptions;
  readonly #changes = new Serial();
  readonly #operators = new Map<string, OperatorRecord>();
  readonly #listeners = new Set<OperatorListener>();
  #token: { readonly hash: string; readonly operatorId: string } | undefined;

  private constructor(options: OperatorServiceOptions) {
    this.#options = options;
  }

  /** The first start of a runtime makes the owner `owner`. */
  static async open(options: OperatorServiceOptions): Promise<OperatorService> {
    const service = new OperatorService(options);
    for (const operator of await options.store.list()) service.#operators.set(operator.id, operator);
    if (service.#operators.size === 0) {
      const id = options.newId();
      await service.#record('runtime', 'operators.create', id, 'owner');
      await service.create({ id, name: 'owner', role: 'owner' });
    }
    return service;
  }

  onChange(listener: OperatorListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  list(): readonly OperatorRecord[] {
    return [...this.#operators.values()];
  }

  get(id: string): OperatorRecord | undefined {
    return this.#operators.get(id);
  }

  /** The enabled owner who has been here longest. There always is one. */
  owner(): OperatorRecord {
    const [owner] = this.list()
      .filter(isOwner)
      .toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
    if (!owner) throw new RuntimeFault('internal', { detail: 'The store holds no enabled owner.' });
    return owner;
  }

  create({ id = this.#options.newId(), name, role }: { id?: string; name: string; role: OperatorRole }) {
    return this.#changes.run(async (): Promise<OperatorRecord> => {
      const operator: OperatorRecord = { id, name, role, createdAt: this.#options.clock.now(), disabledAt: null };
      await this.#options.store.insert(operator);
      this.#operators.set(id, operator);
      return operator;
    });
  }

  /**
   * Disabling signs the operator out everywhere, for good.
   *
   * @throws RuntimeFault `not_found`; `conflict` when no enabled owner would remain
   */
  update(id: string, { name, role, disabled }: OperatorChange): Promise<OperatorRecord> {
    return this.#changes.run(async () => {
      const { store, clock } = this.#options;
      const before = this.#require(id);
      const disabledAt =
        disabled === undefined ? before.disabledAt : disabled ? (before.disabledAt ?? clock.now()) : null;
      const after: OperatorRecord = { ...before, name: name ?? before.name, role: role ?? before.role, disabledAt };
      if (isOwner(before) && !isOwner(after)) this.#requireAnotherOwner(before);
      // Signed out first: should the store fail between the two, an operator has to sign in again, and that is all.
      if (after.disabledAt !== null) await store.deleteSignIns(id);
      if (!(await store.update(id, { name: after.name, role: after.role, disabledAt }))) throw noSuchOperator(id);
      this.#operators.set(id, after);
      if (this.#token?.operatorId === id && !isOwner(after)) this.#token = undefined;
      this.#tell(id);
      return after;
    });
  }

  /** A secret for one sign-in within 15 minutes. @throws RuntimeFault `not_found`; `conflict` when disabled */
  createSignInLink(operatorId: string): Promise<Secret> {
    return this.#changes.run(async () => {
      const { name, disabledAt } = this.#require(operatorId);
      if (disabledAt !== null)
        throw new RuntimeFault('conflict', { detail: `${name} is disabled. Enable them first.` });
      return await this.#issue('link', operatorId, linkMs);
    });
  }

  /** Uses up a link's secret and answers a cookie's, good for 12 hours. @throws RuntimeFault `unauthenticated` */
  async signIn(link: string): Promise<Secret & { readonly operator: OperatorRecord }> {
    const { store, clock } = this.#options;
    // Before the queue: whoever guesses must not hold up those who change something.
    if (!looksLikeSecret('link', link) || !(await store.signIn(sha256(link)))) throw linkRefused();
    return await this.#changes.run(async () => {
      const taken = await store.takeSignIn(sha256(link));
      const operator = taken && this.#enabled(taken.operatorId);
      if (!operator || taken.kind !== 'link' || clock.now() >= taken.expiresAt) throw linkRefused();
      await this.#record(operator.id, 'operators.signIn', operator.id);
      return { operator, ...(await this.#issue('cookie', operator.id, cookieMs)) };
    });
  }

  /**
   * Signs in whoever has proven an account at the identity provider, with the role that it has there now; the first time makes
   * the operator. Answers a cookie's secret, good for 12 hours.
   *
   * @throws RuntimeFault `forbidden` when the operator is disabled, or the account has no role any more: they are then signed out
   *   everywhere; `conflict` when no enabled owner would remain
   */
  signInByAccount({ account, name, role }: ProvenAccount): Promise<Secret & { readonly operator: OperatorRecord }> {
    return this.#changes.run(async () => {
      const known = this.list().find((operator) => operator.account === account);
      if (role === undefined) throw await this.#refuseAccount(account, known);
      if (known && known.disabledAt !== null) throw accountDisabled(known);
      const operator = known ? await this.#followAccount(known, name, role) : await this.#join(account, name, role);
      await this.#record(operator.id, 'operators.signIn', operator.id, account);
      return { operator, ...(await this.#issue('cookie', operator.id, cookieMs)) };
    });
  }

  /** Whose cookie this is, if it is good now. */
  async authenticateCookie(cookie: string): Promise<OperatorRecord | undefined> {
    if (!looksLikeSecret('cookie', cookie)) return undefined;
    const signIn = await this.#options.store.signIn(sha256(cookie));
    if (signIn?.kind !== 'cookie' || this.#options.clock.now() >= signIn.expiresAt) return undefined;
    return this.#enabled(signIn.operatorId);
  }

  signOut(cookie: string): Promise<void> {
    return this.#changes.run(async () => {
      if (!looksLikeSecret('cookie', cookie)) return;
      const taken = await this.#options.store.takeSignIn(sha256(cookie));
      if (!taken) return;
      this.#tell(taken.operatorId);
      await this.#record(taken.operatorId, 'operators.signOut', taken.operatorId);
    });
  }

  /**
   * A new token for the command line on this machine, which acts as the owner. The one before it is void; none survives the
   * process. Whoever may read the file it is put in may read the store as well.
   */
  issueToken(): string {
    const secret = newSecret('token');
    this.#token = { hash: sha256(secret), operatorId: this.owner().id };
    return secret;
  }

  authenticateToken(secret: string): OperatorRecord | undefined {
    if (!this.#token || !looksLikeSecret('token', secret) || !sameHash(sha256(secret), this.#token.hash))
      return undefined;
    return this.#enabled(this.#token.operatorId);
  }

  async #join(account: string, name: string, role: OperatorRole): Promise<OperatorRecord> {
    const { store, clock, newId } = this.#options;
    const operator: OperatorRecord = { id: newId(), name, role, createdAt: clock.now(), disabledAt: null, account };
    await this.#record('runtime', 'operators.create', operator.id, JSON.stringify({ name, role, account }));
    await store.insert(operator);
    this.#operators.set(operator.id, operator);
    return operator;
  }

  async #followAccount(before: OperatorRecord, name: string, role: OperatorRole): Promise<OperatorRecord> {
    const after: OperatorRecord = { ...before, name, role };
    if (before.name === name && before.role === role) return before;
    if (isOwner(before) && !isOwner(after)) this.#requireAnotherOwner(before);
    await this.#record(
      'runtime',
      'operators.update',
      before.id,
      JSON.stringify({ name, role, account: before.account }),
    );
    if (!(await this.#options.store.update(before.id, { name, role }))) throw noSuchOperator(before.id);
    this.#operators.set(before.id, after);
    this.#tell(before.id);
    return after;
  }

  async #refuseAccount(account: string, known: OperatorRecord | undefined): Promise<RuntimeFault> {
    await this.#record('runtime', 'operators.refuse', known?.id ?? account, 'the account has no role here');
    if (known) {
      await this.#options.store.deleteSignIns(known.id);
      this.#tell(known.id);
    }
    return new RuntimeFault('forbidden', {
      detail: 'Your account has no role here. Ask an owner to map one of its groups under identity.operators.roles.',
    });
  }

  async #issue(kind: 'link' | 'cookie', operatorId: string, forMs: number): Promise<Secret> {
    const { store, clock } = this.#options;
    const secret = newSecret(kind);
    const createdAt = clock.now();
    const expiresAt = createdAt + forMs;
    await store.insertSignIn({ hash: sha256(secret), operatorId, kind, createdAt, expiresAt });
    return { secret, expiresAt };
  }

  async #record(actor: string, action: string, subject: string, detail?: string): Promise<void> {
    const { audit, clock, newId, tenant } = this.#options;
    const said = detail === undefined ? {} : { detail };
    await audit.append({ phase: 'operator', id: newId(), at: clock.now(), tenant, actor, action, subject, ...said });
  }

  #enabled(id: string): OperatorRecord | undefined {
    const operator = this.#operators.get(id);
    return operator?.disabledAt === null ? operator : undefined;
  }

  #require(id: string): OperatorRecord {
    const operator = this.#operators.get(id);
    if (!operator) throw noSuchOperator(id);
    return operator;
  }

  #requireAnotherOwner(owner: OperatorRecord): void {
    if (this.list().some((other) => other.id !== owner.id && isOwner(other))) return;
    const detail = `${owner.name} is the last enabled owner. Make another operator an owner first.`;
    throw new RuntimeFault('conflict', { detail });
  }

  #tell(operatorId: string): void {
    for (const listener of this.#listeners) listener(operatorId);
  }
}

const isOwner = ({ role, disabledAt }: OperatorRecord): boolean => role === 'owner' && disabledAt === null;

const noSuchOperator = (id: string): RuntimeFault =>
  new RuntimeFault('not_found', { detail: `There is no operator ${id.slice(0, 40)}.` });

const accountDisabled = ({ name }: OperatorRecord): RuntimeFault =>
  new RuntimeFault('forbidden', { detail: `${name} is disabled here. Ask an owner.` });

const linkRefused = (): RuntimeFault =>
  new RuntimeFault('unauthenticated', {
    detail: 'The sign-in link is unknown, used or older than 15 minutes. Ask an owner for a new one.',
  });
