import { createHmac, createSecretKey, hkdfSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { RuntimeFault } from '@sallyport/core';
import type { Clock, OwnedDigest, OwnedIdentifier, OwnerIndex, OwnerStore } from '@sallyport/core';
import { KnownOwners, dayMs, nameOf } from './known.ts';

export interface OwnersOptions {
  readonly store: OwnerStore;
  /** The runtime's master key: each tenant's own is derived from it (HKDF, RFC 5869), so one says nothing of another. */
  readonly master: KeyObject;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly sharedFrom: number;
  readonly keepDays: number;
  readonly maxIdentifiers: number;
  readonly onFault: (fault: string, error: unknown) => void;
}

/** 128 bits: among a thousand million identifiers two alike are as good as impossible. */
const digestBytes = 16;

/**
 * To whom identifiers belong, as HMAC-SHA-256 (RFC 2104) under a key of the tenant. All of it is in memory, because
 * answers are looked at while they stream; and in the store, so that a restart forgets nothing.
 */
export class Owners implements OwnerIndex {
  readonly #options: OwnersOptions;
  readonly #keys = new Map<string, KeyObject>();
  readonly #tenants = new Map<string, KnownOwners>();
  /** What is being written: known already, and not durable. */
  #writing: Promise<void> | undefined;
  #cancel: () => void = () => undefined;

  private constructor(options: OwnersOptions) {
    this.#options = options;
  }

  static async open(options: OwnersOptions): Promise<Owners> {
    const owners = new Owners(options);
    await options.store.expire(owners.#expired());
    await options.store.load((rows) => {
      for (const row of rows) owners.#of(row.tenant).add(row);
    });
    owners.#sweepDaily();
    return owners;
  }

  learn(tenant: string, owner: string, identifiers: readonly OwnedIdentifier[]): void | Promise<void> {
    const seenAt = this.#options.clock.now();
    const known = this.#of(tenant);
    const digest = this.#ownerDigest(tenant, owner);
    const fresh = identifiers
      .map(({ type, key }): OwnedDigest => {
        return { tenant, type, digest: this.#digest(tenant, key), owner: digest, shape: shapeOf(key), seenAt };
      })
      .filter((row) => !known.isFresh(row));
    // Some of it may be what another one has learned just now.
    if (fresh.length === 0) return this.#writing;
    const { maxIdentifiers, store } = this.#options;
    const held = [...this.#tenants.values()].reduce((sum, { size }) => sum + size, 0);
    if (held + fresh.length > maxIdentifiers) {
      const detail = `${held} identifiers are known, and no more than ${maxIdentifiers} may be. Raise guards.fence.maxIdentifiers, or lower keepDays.`;
      throw new RuntimeFault('store_unavailable', { path: 'guards.fence.maxIdentifiers', detail });
    }
    // At once: an answer that comes before the store has it is held to it as well.
    const added = fresh.filter((row) => known.add(row));
    const stored = store.add(fresh).catch((error: unknown) => {
      // To be learned again with the next try, or else what the store never got would pass for durable.
      for (const row of added) known.remove(nameOf(row.digest), nameOf(row.owner));
      throw error;
    });
    const writing = Promise.all([this.#writing, stored]).then(() => undefined);
    this.#writing = writing;
    const over = () => {
      if (this.#writing === writing) this.#writing = undefined;
    };
    writing.then(over, over);
    return writing;
  }

  others(tenant: string, owners: readonly string[], keys: readonly string[]): (string | undefined)[] {
    const known = this.#of(tenant);
    // Most words have a shape that nothing known has: answers are judged word by word.
    if (!keys.some((key) => known.hasShape(shapeOf(key)))) return keys.map(() => undefined);
    const own = owners.map((owner) => nameOf(this.#ownerDigest(tenant, owner)));
    const { sharedFrom } = this.#options;
    // The same few words come again and again.
    const told = new Map<string, string | undefined>();
    return keys.map((key) => {
      if (!known.hasShape(shapeOf(key))) return undefined;
      if (!told.has(key)) told.set(key, known.typeUnless(nameOf(this.#digest(tenant, key)), own, sharedFrom));
      return told.get(key);
    });
  }

  isEmpty(tenant: string): boolean {
    return this.#of(tenant).size === 0;
  }

  /** Erases what belongs to an owner; resolves to how many identifiers there were. */
  async forget(tenant: string, owner: string): Promise<number> {
    const digest = this.#ownerDigest(tenant, owner);
    const erased = await this.#options.store.forget(tenant, digest);
    this.#of(tenant).forget(nameOf(digest));
    return erased;
  }

  close(): void {
    this.#cancel();
  }

  #of(tenant: string): KnownOwners {
    const known = this.#tenants.get(tenant) ?? new KnownOwners();
    this.#tenants.set(tenant, known);
    return known;
  }

  #expired(): number {
    return this.#options.clock.now() - this.#options.keepDays * dayMs;
  }

  #sweepDaily(): void {
    this.#cancel = this.#options.clock.after(dayMs, () => {
      const before = this.#expired();
      this.#options.store.expire(before).catch((error: unknown) => {
        this.#options.onFault('identifiers that were not seen for long are not erased', error);
      });
      for (const known of this.#tenants.values()) known.expire(before);
      this.#sweepDaily();
    });
  }

  #ownerDigest(tenant: string, owner: string): Buffer {
    return this.#digest(tenant, `owner\0${owner}`);
  }

  #digest(tenant: string, text: string): Buffer {
    return createHmac('sha256', this.#keyOf(tenant)).update(text).digest().subarray(0, digestBytes);
  }

  #keyOf(tenant: string): KeyObject {
    const known = this.#keys.get(tenant);
    if (known) return known;
    const { master } = this.#options;
    const key = createSecretKey(Buffer.from(hkdfSync('sha256', master, '', `sallyport owners 1 ${tenant}`, 32)));
    this.#keys.set(tenant, key);
    return key;
  }
}

/** `@21`, `digits 10`, `mixed 7`, `letters 8`. */
function shapeOf(key: string): string {
  if (key.startsWith('@')) return `@${key.length}`;
  if (!/\p{N}/u.test(key)) return `letters ${key.length}`;
  return `${/\p{L}/u.test(key) ? 'mixed' : 'digits'} ${key.length}`;
}
