import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { PackagePin } from '@sallyport/core';
import { parseJson, showText } from '@sallyport/core';
import type { Bundle } from '@sigstore/bundle';
import type { Signer, TrustMaterial } from '@sigstore/verify';
import type { Attestation, Registry } from './registry.ts';
import { refused } from './refused.ts';

/** Whose keys and logs are believed: a `trusted_root.json` that is given, or Sigstore's own, kept up to date by TUF. */
export type TrustedRootSource = { readonly file: string } | { readonly tufCache: string };

const statementSchema = z.object({
  _type: z.string().startsWith('https://in-toto.io/Statement/'),
  subject: z
    .array(z.object({ name: z.string().optional(), digest: z.record(z.string(), z.string()) }))
    .min(1)
    .max(1_000),
});

/** In certificates of Fulcio: https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md */
const oids = { githubRepository: '1.3.6.1.4.1.57264.1.5', sourceRepository: '1.3.6.1.4.1.57264.1.12' } as const;
/** Who vouches for the repository in a certificate; anybody can get one with an e-mail address. */
const issuers: Readonly<Record<string, string>> = {
  'https://token.actions.githubusercontent.com': 'github.com',
  'https://gitlab.com': 'gitlab.com',
};

/** Verifies what a registry has on where a package was built, with Sigstore. */
export class Provenance {
  readonly #root: TrustedRootSource;
  #material: Promise<TrustMaterial> | undefined;

  constructor(root: TrustedRootSource) {
    this.#root = root;
  }

  /**
   * @returns the repository that every attestation names, such as `github.com/owner/name`; nothing where there is none, or a
   *   file of the version has none: it may be the one that is installed
   * @throws RuntimeFault `upstream_refused` where one is not good, or they differ
   */
  async verify(pin: PackagePin, registry: Registry): Promise<string | undefined> {
    const attestations = await registry.attestations(pin);
    const sources = new Set<string>();
    for (const { bundle, about = registry.subject(pin).hex } of attestations) {
      if (bundle !== undefined) sources.add(await this.#verifyOne(pin, registry, { bundle, about }));
    }
    if (sources.size > 1) throw refused(pin, 'its attestations name different repositories.');
    return attestations.some(({ bundle }) => bundle === undefined) ? undefined : [...sources][0];
  }

  async #verifyOne(
    pin: PackagePin,
    registry: Registry,
    { bundle: read, about }: Required<Attestation>,
  ): Promise<string> {
    const { bundleFromJSON, isBundleWithDsseEnvelope } = await import('@sigstore/bundle');
    const { Verifier, toSignedEntity } = await import('@sigstore/verify');
    const material = await this.#trust(pin);
    let bundle: Bundle;
    let signer: Signer;
    try {
      bundle = bundleFromJSON(read);
      signer = new Verifier(material).verify(toSignedEntity(bundle));
    } catch (error) {
      const why = error instanceof Error ? showText(error.message, 160) : 'unknown';
      throw refused(pin, `an attestation of it is not good (${why}).`);
    }
    if (!isBundleWithDsseEnvelope(bundle)) throw refused(pin, 'an attestation of it holds no statement.');
    const { payload, payloadType } = bundle.content.dsseEnvelope;
    if (payloadType !== 'application/vnd.in-toto+json')
      throw refused(pin, 'an attestation of it is no in-toto statement.');
    checkSubject(pin, { ...registry.subject(pin), hex: about }, payload);
    return sourceOf(pin, signer);
  }

  /** Once; where it cannot be had, it is asked for again the next time. */
  async #trust(pin: PackagePin): Promise<TrustMaterial> {
    this.#material ??= this.#load();
    try {
      return await this.#material;
    } catch (error) {
      this.#material = undefined;
      const why = error instanceof Error ? showText(error.message, 160) : 'unknown';
      const fix = 'name a trusted_root.json, or set provenance: ignored for this package';
      throw refused(pin, `it has an attestation, and Sigstore's trusted root is not to be had (${why}); ${fix}.`);
    }
  }

  async #load(): Promise<TrustMaterial> {
    const { toTrustMaterial } = await import('@sigstore/verify');
    if ('tufCache' in this.#root) {
      const { getTrustedRoot } = await import('@sigstore/tuf');
      return toTrustMaterial(await getTrustedRoot({ cachePath: this.#root.tufCache }));
    }
    const { TrustedRoot } = await import('@sigstore/protobuf-specs');
    const text = await readFile(this.#root.file, 'utf8');
    return toTrustMaterial(TrustedRoot.fromJSON(parseJson(text, { maxDepth: 32 })));
  }
}

/** A good attestation of another package is none of this one. */
function checkSubject(pin: PackagePin, { algorithm, hex }: ReturnType<Registry['subject']>, payload: Buffer): void {
  let read: unknown;
  try {
    read = parseJson(payload.toString('utf8'), { maxDepth: 64 });
  } catch {
    throw refused(pin, 'the statement of an attestation is no JSON.');
  }
  const parsed = statementSchema.safeParse(read);
  const purl = `pkg:npm/${pin.name.replace('@', '%40')}@${pin.version}`;
  const isOurs = parsed.data?.subject.some(
    ({ name, digest }) => digest[algorithm]?.toLowerCase() === hex && (pin.registry !== 'npm' || name === purl),
  );
  if (isOurs !== true) throw refused(pin, 'an attestation of it is about another file.');
}

/** From the certificate, which the authority filled in; what the statement says of itself counts for nothing. */
function sourceOf(pin: PackagePin, { identity }: Signer): string {
  const issuer = identity?.extensions?.issuer ?? '';
  const host = Object.hasOwn(issuers, issuer) ? issuers[issuer] : undefined;
  if (host === undefined)
    throw refused(pin, `an attestation of it was signed by nobody we know (${showText(issuer, 80)}).`);
  const value = (oid: string): Buffer | undefined =>
    identity?.oids?.find((each) => each.oid?.id.join('.') === oid)?.value;
  const repository = derText(value(oids.sourceRepository)) ?? rawText(value(oids.githubRepository), host);
  const source = repository === undefined ? undefined : normalSource(repository);
  if (source === undefined || !source.startsWith(`${host}/`)) {
    throw refused(pin, 'an attestation of it names no repository.');
  }
  return source;
}

/** DER UTF8String (X.690 8.23), short and one-byte long form. */
function derText(value: Buffer | undefined): string | undefined {
  if (!value || value[0] !== 0x0c) return undefined;
  return value.subarray(value[1] === 0x81 ? 3 : 2).toString('utf8');
}

const rawText = (value: Buffer | undefined, host: string): string | undefined =>
  value && `${host}/${value.toString('utf8')}`;

/** `git+https://GitHub.com/Owner/Name.git` is `github.com/owner/name`. */
export const normalSource = (source: string): string =>
  source
    .trim()
    .toLowerCase()
    .replace(/^git\+/, '')
    .replace(/^(?:https?|ssh|git):\/\/(?:git@)?/, '')
    .replace(/^git@([^:/]+):/, '$1/')
    .replace(/(?:\.git)?(?:[@#].*)?\/?$/, '');
