import type { Json, PackageConfig, PackagePin } from '@sallyport/core';

/** What a registry vouches for: one bundle of Sigstore, about one of the pinned digests. */
export interface Attestation {
  /** As it came; hostile until it is verified. Nothing: the registry has none of a file that an installer may take. */
  readonly bundle: Json | undefined;
  /** The digest (hex) that it must be about, where it is not the `subject` of the pin. */
  readonly about?: string;
}

/** A program as it would be started. */
export interface StartedProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * One kind of registry; npm, PyPI and OCI are the same to whoever asks. Faults: `upstream_failed` where the registry cannot
 * be reached, `upstream_malformed` where it cannot be understood, `upstream_refused` where something is not what it must be.
 */
export interface Registry {
  /** @param version exact, or nothing for the newest */
  resolve(name: string, version?: string): Promise<PackagePin>;
  /** Nothing where the registry has none. */
  attestations(pin: PackagePin): Promise<readonly Attestation[]>;
  /** The digest (hex, with its algorithm) that an attestation must be about. */
  subject(pin: PackagePin): { readonly algorithm: 'sha256' | 'sha512'; readonly hex: string };
  /**
   * Compares what would be started with the pin.
   *
   * @returns how many installed copies were found and compared
   * @throws RuntimeFault `upstream_refused`
   */
  compare(pin: PackagePin, program: StartedProgram): Promise<number>;
}

export type RegistryKind = PackageConfig['registry'];
