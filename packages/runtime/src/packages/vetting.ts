import type { Clock, PackageConfig, PackagePin } from '@sallyport/core';
import { RuntimeFault } from '@sallyport/core';
import type { Registry, RegistryKind, StartedProgram } from './registry.ts';
import type { Provenance } from './provenance.ts';
import { normalSource } from './provenance.ts';
import { refused } from './refused.ts';

export interface PackageVettingOptions {
  readonly registries: Readonly<Record<RegistryKind, Registry>>;
  readonly provenance: Provenance;
  /** What `sallyport.lock` holds for an upstream. */
  readonly pinOf: (upstream: string) => Promise<PackagePin | undefined>;
  readonly clock: Clock;
}

/** For so long a registry is not asked again about the same pin: a program that breaks down is started often. */
const freshMs = 10 * 60_000;

/** Whether what is about to be started is what was pinned. */
export class PackageVetting {
  readonly #options: PackageVettingOptions;
  readonly #asked = new Map<string, number>();

  constructor(options: PackageVettingOptions) {
    this.#options = options;
  }

  /**
   * To be called before each start of a program. Compares installed copies with the pin, and asks the registry whether it
   * still has the same under this version. Where it cannot be asked, an installed copy that is as pinned is enough; nothing
   * else is.
   *
   * @throws RuntimeFault `upstream_refused`; `upstream_failed` where nothing can be known
   */
  async verify(upstream: string, config: PackageConfig, program: StartedProgram): Promise<void> {
    const registry = this.#options.registries[config.registry];
    const pin = await this.#pin(upstream, config);
    const compared = await registry.compare(pin, program);
    // An image is started by its digest: a tag that moved changes nothing of what runs.
    if (config.registry !== 'oci') await this.#ask(registry, pin, compared > 0);
    await this.#vouched(registry, pin, config);
  }

  /** The lock and the configuration must say the same; the lock alone knows the contents. */
  async #pin(upstream: string, { registry, name, version, integrity }: PackageConfig): Promise<PackagePin> {
    const locked = await this.#options.pinOf(upstream);
    const asked = { registry, name, version };
    const fix = 'Run `sallyport tools pin` and look at what it shows.';
    if (!locked) {
      if (integrity !== undefined) return { ...asked, integrity };
      throw refused(asked, `nothing is pinned for upstream ${upstream}. ${fix}`);
    }
    const isSame = locked.registry === registry && locked.name === name && locked.version === version;
    if (!isSame) throw refused(asked, `${locked.name} ${locked.version} is pinned for upstream ${upstream}. ${fix}`);
    if (integrity !== undefined && integrity !== locked.integrity) {
      throw refused(
        asked,
        `sallyport.yaml and sallyport.lock name different integrities for upstream ${upstream}. ${fix}`,
      );
    }
    return locked;
  }

  async #ask(registry: Registry, pin: PackagePin, isInstalled: boolean): Promise<void> {
    const key = JSON.stringify([pin.registry, pin.name, pin.version, pin.integrity]);
    const { clock } = this.#options;
    const askedAt = this.#asked.get(key);
    if (askedAt !== undefined && clock.now() - askedAt < freshMs) return;
    try {
      checkSame(pin, await registry.resolve(pin.name, pin.version));
      this.#asked.set(key, clock.now());
    } catch (error) {
      const unreachable = error instanceof RuntimeFault && error.code === 'upstream_failed';
      if (!unreachable || !isInstalled) throw error;
    }
  }

  async #vouched(registry: Registry, pin: PackagePin, { provenance, source }: PackageConfig): Promise<void> {
    if (provenance === 'ignored') return;
    const wanted = source ?? pin.source;
    const key = `provenance ${JSON.stringify([pin.registry, pin.name, pin.version, pin.integrity])}`;
    const known = this.#asked.get(key);
    const { clock } = this.#options;
    // What was verified when it was pinned is verified: the pin is of the same bytes.
    if (pin.source !== undefined && (source === undefined || normalSource(source) === pin.source)) return;
    if (known !== undefined && clock.now() - known < freshMs) return;
    const found = await this.#found(registry, pin, provenance);
    if (found === undefined && provenance === 'required') {
      throw refused(pin, 'provenance is required, and the registry has no attestation of it.');
    }
    if (found !== undefined && wanted !== undefined && normalSource(wanted) !== found) {
      throw refused(pin, `it was built from ${found}, and ${normalSource(wanted)} is named as its source.`);
    }
    if (found === undefined && source !== undefined) {
      throw refused(pin, `no attestation shows that it was built from ${normalSource(source)}.`);
    }
    this.#asked.set(key, clock.now());
  }

  async #found(registry: Registry, pin: PackagePin, wanted: PackageConfig['provenance']): Promise<string | undefined> {
    try {
      return await this.#options.provenance.verify(pin, registry);
    } catch (error) {
      // Offline: the bytes are those that were pinned, and nothing was required of who built them.
      const unreachable = error instanceof RuntimeFault && error.code === 'upstream_failed';
      if (unreachable && wanted === 'checked') return undefined;
      throw error;
    }
  }
}

/** @throws RuntimeFault `upstream_refused` where the registry has something else under the version now */
export function checkSame(pin: PackagePin, now: PackagePin): void {
  if (now.version !== pin.version || now.integrity !== pin.integrity) {
    throw refused(pin, 'the registry has other contents under this version now.');
  }
  const files = Object.entries(pin.files ?? {});
  const differs = files.some(([name, digest]) => now.files?.[name] !== digest);
  // A file that was added later may be the one that an installer prefers.
  if (pin.files && (differs || Object.keys(now.files ?? {}).length !== files.length)) {
    throw refused(pin, 'the index has other files under this version now.');
  }
}
