import type { OwnedDigest } from '@sallyport/core';

export const dayMs = 86_400_000;

/** Of a digest, one byte a character: half of what hex would take. */
export const nameOf = (digest: Uint8Array): string =>
  Buffer.from(digest.buffer, digest.byteOffset, digest.byteLength).toString('latin1');

/** One owner of an identifier, and the next one: almost all have one. */
interface Owned {
  readonly owner: string;
  readonly type: string;
  readonly shape: string;
  day: number;
  next: Owned | undefined;
}

/** What one tenant knows, in memory: about 200 bytes for each identifier. */
export class KnownOwners {
  readonly #owned = new Map<string, Owned>();
  readonly #shapes = new Map<string, number>();
  size = 0;

  /** Whether there is anything of the shape. */
  hasShape(shape: string): boolean {
    return this.#shapes.has(shape);
  }

  /** Whether it is known, and was seen within a day. */
  isFresh({ digest, owner, seenAt }: OwnedDigest): boolean {
    const one = this.#find(nameOf(digest), nameOf(owner));
    return one !== undefined && dayOf(seenAt) <= one.day;
  }

  /** @returns whether it was not known */
  add({ digest, owner, type, shape, seenAt }: OwnedDigest): boolean {
    const key = nameOf(digest);
    const name = nameOf(owner);
    const known = this.#find(key, name);
    if (known) {
      known.day = Math.max(known.day, dayOf(seenAt));
      return false;
    }
    this.#owned.set(key, { owner: name, type, shape, day: dayOf(seenAt), next: this.#owned.get(key) });
    this.#shapes.set(shape, (this.#shapes.get(shape) ?? 0) + 1);
    this.size++;
    return true;
  }

  /** The type, where none of `own` is an owner, and fewer than `sharedFrom` are. */
  typeUnless(key: string, own: readonly string[], sharedFrom: number): string | undefined {
    let count = 0;
    for (let one = this.#owned.get(key); one; one = one.next) {
      count++;
      if (count >= sharedFrom || own.includes(one.owner)) return undefined;
    }
    return this.#owned.get(key)?.type;
  }

  remove(key: string, owner: string): void {
    this.#keep(key, (one) => one.owner !== owner);
  }

  forget(owner: string): void {
    for (const key of this.#owned.keys()) this.remove(key, owner);
  }

  expire(before: number): void {
    const last = dayOf(before);
    for (const key of this.#owned.keys()) this.#keep(key, ({ day }) => day >= last);
  }

  #find(key: string, owner: string): Owned | undefined {
    let one = this.#owned.get(key);
    while (one && one.owner !== owner) one = one.next;
    return one;
  }

  #keep(key: string, stays: (one: Owned) => boolean): void {
    let kept: Owned | undefined;
    for (let one = this.#owned.get(key); one; one = one.next) {
      if (stays(one)) kept = { ...one, next: kept };
      else this.#gone(one);
    }
    if (kept) this.#owned.set(key, kept);
    else this.#owned.delete(key);
  }

  #gone({ shape }: Owned): void {
    this.size--;
    const left = (this.#shapes.get(shape) ?? 0) - 1;
    if (left > 0) this.#shapes.set(shape, left);
    else this.#shapes.delete(shape);
  }
}

const dayOf = (at: number): number => Math.floor(at / dayMs);
