import { RuntimeFault, showText } from '@sallyport/core';
import type {
  AttachedCredential,
  Clock,
  CredentialConfig,
  CredentialKeeper,
  CredentialRefusal,
  CredentialStatus,
  CredentialStore,
  CredentialUse,
  Credentials,
  KeyManagement,
  SubjectTokens,
  UpstreamConfig,
} from '@sallyport/core';
import { Mask } from './mask.ts';
import { SealedSecrets } from './sealed.ts';
import { openCredential } from './open.ts';
import { unavailable } from './unavailable.ts';
import { unfit } from './fit.ts';
import { nothing } from './shown.ts';
import { valueSlot } from './sources/index.ts';
import type { HeldCredential } from './held.ts';

export interface CredentialBrokerOptions {
  /** `credentials` and `upstreams` of the configuration. */
  readonly credentials: Readonly<Record<string, CredentialConfig>>;
  readonly upstreams: Readonly<Record<string, UpstreamConfig>>;
  /** The environment that `env` sources read. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute: relative files are read from here. */
  readonly folder: string;
  readonly store: CredentialStore;
  readonly keys: KeyManagement;
  readonly clock: Clock;
  /** For `token_exchange`. */
  readonly subjectTokens?: SubjectTokens;
  /** For one answer of a secret store or of a token endpoint, in milliseconds. Default: 10,000. */
  readonly timeoutMs?: number;
}

/** The tools' credentials: read where they are kept, attached where they belong, known to nobody else. */
export class CredentialBroker implements Credentials, CredentialKeeper {
  readonly #held: ReadonlyMap<string, HeldCredential>;
  readonly #upstreams: ReadonlyMap<string, UpstreamConfig>;
  readonly #sealed: SealedSecrets;
  readonly #store: CredentialStore;
  readonly #clock: Clock;
  readonly #mask: Mask;
  #lastChange: Promise<unknown> = Promise.resolve();

  /** Reads no secret yet: each is read when it is first needed. @throws RuntimeFault `store_unavailable` */
  static async open(options: CredentialBrokerOptions): Promise<CredentialBroker> {
    const revoked = new Set(await options.store.revoked());
    return new CredentialBroker(options, revoked);
  }

  private constructor(options: CredentialBrokerOptions, revoked: ReadonlySet<string>) {
    const { credentials, upstreams, env, folder, store, keys, clock, subjectTokens, timeoutMs = 10_000 } = options;
    this.#store = store;
    this.#clock = clock;
    this.#upstreams = new Map(Object.entries(upstreams));
    this.#sealed = new SealedSecrets(store, keys);
    this.#mask = new Mask(() => clock.now());
    const shared = { upstreams, env, folder, sealed: this.#sealed, clock, mask: this.#mask, subjectTokens, timeoutMs };
    this.#held = new Map(
      Object.entries(credentials).map(([name, config]) => [
        name,
        openCredential(name, config, shared, revoked.has(name)),
      ]),
    );
  }

  async attach(use: CredentialUse): Promise<AttachedCredential> {
    const held = this.#of(use.upstream);
    return held ? await held.attach(use) : nothing;
  }

  async rejected(use: CredentialUse, refusal: CredentialRefusal = {}): Promise<boolean> {
    return (await this.#of(use.upstream)?.rejected(use, refusal)) ?? false;
  }

  async environment(upstream: string): Promise<Readonly<Record<string, string>>> {
    const config = this.#upstreams.get(upstream);
    if (!config) throw unknownUpstream(upstream);
    if (config.kind !== 'stdio') return {};
    const named = Object.entries(config.env).flatMap(([variable, value]) =>
      typeof value === 'string' ? [] : [{ variable, credential: value.credential }],
    );
    const read = named.map(
      async ({ variable, credential }) => [variable, await this.#named(credential).read(upstream)] as const,
    );
    return Object.fromEntries(await Promise.all(read));
  }

  mask(text: string): string {
    return this.#mask.mask(text);
  }

  list(): readonly CredentialStatus[] {
    return [...this.#held.values()].map((held) => held.status());
  }

  async set(name: string, value: string): Promise<void> {
    const held = this.#known(name);
    const { source, attach } = held.config;
    if (!('stored' in source)) {
      const detail = `The credential ${name} is kept elsewhere: change it there, or configure \`source: {stored: true}\`.`;
      throw new RuntimeFault('invalid_request', { path: 'name', detail });
    }
    const secret = value.replace(/[\r\n]+$/, '');
    const problem = unfit(attach.kind, secret);
    if (problem !== undefined)
      throw new RuntimeFault('invalid_request', { path: 'value', detail: `The value ${problem}` });
    this.#mask.add(secret);
    await this.#putInForce(name, held, () => this.#sealed.replace(name, valueSlot, secret));
  }

  async revoke(name: string): Promise<void> {
    // At once, and then for good: where the store cannot answer, it is revoked until the next start at least.
    this.#known(name).revoke();
    await this.#inTurn(() => this.#store.setRevoked(name, Math.floor(this.#clock.now())));
  }

  async restore(name: string): Promise<void> {
    await this.#putInForce(name, this.#known(name));
  }

  async check(): Promise<readonly { readonly name: string; readonly problem: string }[]> {
    const found = await Promise.all(
      [...this.#held].map(async ([name, held]) => {
        try {
          await held.probe();
          return [];
        } catch (error) {
          const problem = error instanceof RuntimeFault ? (error.detail ?? error.message) : 'It could not be read.';
          return [{ name, problem: this.mask(problem) }];
        }
      }),
    );
    return found.flat();
  }

  /** What is revoked while this is under way stays revoked. */
  async #putInForce(name: string, held: HeldCredential, write?: () => Promise<void>): Promise<void> {
    const { revocations } = held;
    await this.#inTurn(async () => {
      await write?.();
      await this.#store.setRevoked(name, null);
      if (held.revocations === revocations) held.restore();
    });
  }

  /** One after another, so that the store says in the end what was asked for last. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    const changed = this.#lastChange.then(change);
    this.#lastChange = changed.catch(() => undefined);
    return changed;
  }

  /** What is attached to requests of the upstream. */
  #of(upstream: string): HeldCredential | undefined {
    const config = this.#upstreams.get(upstream);
    if (!config) throw unknownUpstream(upstream);
    if (config.kind === 'stdio' || config.credential === undefined) return undefined;
    return this.#named(config.credential);
  }

  #named(name: string): HeldCredential {
    const held = this.#held.get(name);
    if (held) return held;
    throw unavailable(name, 'is not configured.');
  }

  #known(name: string): HeldCredential {
    const held = this.#held.get(name);
    if (held) return held;
    throw new RuntimeFault('not_found', { detail: `There is no ${showText(name)} in credentials.` });
  }
}

const unknownUpstream = (name: string): RuntimeFault =>
  new RuntimeFault('credential_unavailable', { detail: `There is no upstream ${showText(name)}. Nothing was sent.` });
