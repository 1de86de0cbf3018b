import type { OwnedIdentifier, OwnerIndex } from '../../src/index.ts';

/** An index without hashes: what the rules of the real one come to. */
export class MemoryIndex implements OwnerIndex {
  readonly known = new Map<string, { type: string; owners: Set<string> }>();
  readonly sharedFrom: number;

  constructor(sharedFrom = 3) {
    this.sharedFrom = sharedFrom;
  }

  learn(_: string, owner: string, identifiers: readonly OwnedIdentifier[]): void {
    for (const { type, key } of identifiers) {
      const one = this.known.get(key) ?? { type, owners: new Set() };
      this.known.set(key, { ...one, owners: one.owners.add(owner) });
    }
  }

  others(_: string, owners: readonly string[], keys: readonly string[]) {
    return keys.map((key) => {
      const one = this.known.get(key);
      if (!one || one.owners.size >= this.sharedFrom) return undefined;
      return owners.some((owner) => one.owners.has(owner)) ? undefined : one.type;
    });
  }

  isEmpty(): boolean {
    return this.known.size === 0;
  }
}
