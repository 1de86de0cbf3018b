import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import type { Json, PackagePin } from '@sallyport/core';
import { RuntimeFault, showText } from '@sallyport/core';
import type { Attestation, Registry, StartedProgram } from './registry.ts';
import { fetchJson } from './fetch.ts';
import { filesOf, parentsOf } from './program.ts';
import { refused } from './refused.ts';

export interface PypiOptions {
  /** Base address of the Simple API: `https://host/simple`. */
  readonly url: string;
  /** `PATH`, where a program's own environment has none. */
  readonly path?: string;
}

const projectSchema = z.object({
  files: z
    .array(
      z.object({
        filename: z.string().max(300),
        hashes: z.record(z.string(), z.string()),
        yanked: z.union([z.boolean(), z.string()]).optional(),
        provenance: z.url({ protocol: /^https?$/ }).nullish(),
      }),
    )
    .max(100_000),
});
/** PEP 740: the parts of a bundle under other names. */
const attestationSchema = z.object({
  version: z.literal(1),
  verification_material: z.object({ certificate: z.string(), transparency_entries: z.array(z.json()).max(10) }),
  envelope: z.object({ statement: z.string(), signature: z.string() }),
});
const provenanceSchema = z.object({
  attestation_bundles: z.array(z.object({ attestations: z.array(attestationSchema).max(20) })).max(20),
});
type ProjectFile = z.output<typeof projectSchema>['files'][number];

const launchers: ReadonlySet<string> = new Set(['uvx', 'uv', 'pipx']);

/** PEP 503. */
const normalised = (name: string): string => name.toLowerCase().replaceAll(/[-_.]+/g, '-');

/** Packages of PyPI and indexes like it, by the Simple API (PEP 691) and attestations (PEP 740). */
export class PypiRegistry implements Registry {
  readonly #url: string;
  readonly #path: string;

  constructor({ url, path = '' }: PypiOptions) {
    this.#url = url.replace(/\/+$/, '');
    this.#path = path;
  }

  async resolve(name: string, version?: string): Promise<PackagePin> {
    if (version === undefined) {
      throw new RuntimeFault('invalid_request', { detail: `Name the version of ${showText(name)}: name==1.2.3.` });
    }
    const asked = { registry: 'pypi', name, version } as const;
    const files = (await this.#files(name, version)).toSorted(byPreference);
    const [first] = files;
    if (!first) throw refused(asked, 'the index does not have it (any more).');
    const digests = files.map(({ filename, hashes }) => [filename, hashes['sha256'] ?? ''] as const);
    if (digests.some(([, digest]) => !/^[0-9a-f]{64}$/.test(digest))) {
      throw new RuntimeFault('upstream_malformed', {
        detail: `The index names no SHA-256 for a file of ${showText(name)}.`,
      });
    }
    return { ...asked, integrity: `sha256:${digests[0]?.[1] ?? ''}`, files: Object.fromEntries(digests) };
  }

  async #files(name: string, version: string): Promise<readonly ProjectFile[]> {
    const url = new URL(`${this.#url}/${encodeURIComponent(normalised(name))}/`);
    const read = await fetchJson(url, 'application/vnd.pypi.simple.v1+json');
    if (read === undefined) return [];
    const parsed = projectSchema.safeParse(read);
    if (!parsed.success) {
      throw new RuntimeFault('upstream_malformed', {
        detail: `The index's answer on ${showText(name)} cannot be read.`,
      });
    }
    return parsed.data.files.filter(({ filename }) => isOfVersion(filename, name, version));
  }

  /** Of every file of the version: which one is installed is up to the installer and the machine. */
  async attestations(pin: PackagePin): Promise<readonly Attestation[]> {
    const files = await this.#files(pin.name, pin.version);
    const found: Attestation[] = [];
    for (const [filename, about] of Object.entries(pin.files ?? {})) {
      const address = files.find((file) => file.filename === filename)?.provenance;
      const bundles = address ? await this.#bundles(pin, new URL(address)) : [];
      found.push(
        ...(bundles.length > 0 ? bundles.map((bundle) => ({ bundle, about })) : [{ bundle: undefined, about }]),
      );
    }
    return found.every(({ bundle }) => bundle === undefined) ? [] : found;
  }

  async #bundles({ name }: PackagePin, address: URL): Promise<readonly Json[]> {
    const read = await fetchJson(address, 'application/vnd.pypi.integrity.v1+json', new URL(this.#url));
    if (read === undefined) return [];
    const parsed = provenanceSchema.safeParse(read);
    if (parsed.success) {
      return parsed.data.attestation_bundles.flatMap(({ attestations }) => attestations.map(asBundle));
    }
    throw new RuntimeFault('upstream_malformed', { detail: `The attestations of ${showText(name)} cannot be read.` });
  }

  subject({ integrity }: PackagePin): { readonly algorithm: 'sha256'; readonly hex: string } {
    return { algorithm: 'sha256', hex: integrity.replace(/^sha256:/, '') };
  }

  /** What is installed beside the program: its version, and its files by the list that was installed with them. */
  async compare(pin: PackagePin, program: StartedProgram): Promise<number> {
    checkCommand(pin, program);
    const folders = new Set<string>();
    for (const file of await filesOf(program, this.#path)) {
      // `<environment>/bin/<program>`, or a file of the package itself.
      for (const each of [...(await sitePackages(dirname(dirname(file)))), ...parentsOf(dirname(file))])
        folders.add(each);
    }
    let compared = 0;
    for (const folder of folders) compared += await compareInstalled(pin, folder);
    if (compared === 0 && !launchers.has(basename(program.command))) {
      throw refused(pin, `${showText(program.command, 120)} is started from no installed copy of it.`);
    }
    return compared;
  }
}

const asBundle = ({ verification_material: material, envelope }: z.output<typeof attestationSchema>): Json => ({
  mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
  verificationMaterial: {
    certificate: { rawBytes: material.certificate },
    tlogEntries: material.transparency_entries,
  },
  dsseEnvelope: {
    payload: envelope.statement,
    payloadType: 'application/vnd.in-toto+json',
    signatures: [{ sig: envelope.signature, keyid: '' }],
  },
});

/** `name-1.2.3-py3-none-any.whl`, `name-1.2.3.tar.gz`: PEP 427, PEP 625; whatever an installer takes for this version. */
function isOfVersion(filename: string, name: string, version: string): boolean {
  const [project = '', rest = ''] = splitOnce(filename);
  if (normalised(project) !== normalised(name)) return false;
  const isWheel = rest.endsWith('.whl');
  const archive = /\.(?:tar(?:\.[a-z0-9]{1,5})?|tgz|zip)$/;
  if (!isWheel && !archive.test(rest)) return false;
  return release(isWheel ? rest.replace(/-.*$/, '') : rest.replace(archive, '')) === release(version);
}

/** Equal for versions that `==` does not tell apart (PEP 440): `1.0` and `1`, and `1.0+local`, which is even preferred. */
function release(version: string): string {
  const [, numbers = '', rest = ''] = /^v?(?:0+!)?([\d.!]*)([^+]*)/.exec(version.toLowerCase()) ?? [];
  const short = numbers.replaceAll(/(?<=^|[.!])0+(?=\d)/g, '').replace(/(?:\.0*)*$/, '');
  return `${short} ${rest.replaceAll(/[-_.]/g, '').replace('alpha', 'a').replace('beta', 'b')}`;
}

/** In names of files the project has no hyphen since PEP 625; older sdists have. */
function splitOnce(filename: string): readonly string[] {
  const at = filename.endsWith('.whl') ? filename.indexOf('-') : filename.lastIndexOf('-');
  return [filename.slice(0, at), filename.slice(at + 1)];
}

/** A wheel for every machine first, as installers take it; then by name, so that the order of the index never counts. */
function byPreference(a: ProjectFile, b: ProjectFile): number {
  const rank = ({ filename }: ProjectFile) =>
    filename.endsWith('-none-any.whl') ? 0 : filename.endsWith('.whl') ? 1 : 2;
  return rank(a) - rank(b) || (a.filename < b.filename ? -1 : 1);
}

function checkCommand(pin: PackagePin, { command, args }: StartedProgram): void {
  if (!launchers.has(basename(command))) return;
  const exact = [`${pin.name}==${pin.version}`, `${pin.name}@${pin.version}`];
  // Of `uvx --from name==1.2.3 name` as well, the first word is what is installed.
  const words = args.filter((arg, i) => !arg.startsWith('-') && !/^(?:-p|--python)$/.test(args[i - 1] ?? ''));
  const before = startsWith[basename(command)] ?? [];
  const first = before.every((word, i) => words[i] === word) ? words[before.length] : undefined;
  if (first === undefined || !exact.includes(first)) {
    const why = `${basename(command)} must be given ${exact[0]} in args before all but flags, so that it starts no other package or version.`;
    throw refused(pin, why);
  }
}
/** What a launcher is told before the package. */
const startsWith: Readonly<Record<string, readonly string[]>> = { uv: ['tool', 'run'], pipx: ['run'] };

async function sitePackages(environment: string): Promise<readonly string[]> {
  const lib = join(environment, 'lib');
  const versions = await readdir(lib).catch(() => []);
  return versions.filter((each) => each.startsWith('python')).map((each) => join(lib, each, 'site-packages'));
}

async function compareInstalled(pin: PackagePin, folder: string): Promise<number> {
  const entries = await readdir(folder).catch(() => []);
  const infos = entries.filter((each) => {
    const [project = ''] = splitOnce(each.replace(/\.dist-info$/, ''));
    return each.endsWith('.dist-info') && normalised(project) === normalised(pin.name);
  });
  for (const info of infos) {
    const version = info.replace(/\.dist-info$/, '').replace(/^.*-/, '');
    if (version !== pin.version) throw refused(pin, `version ${showText(version, 40)} is installed in ${folder}.`);
    await compareRecord(pin, folder, join(folder, info, 'RECORD'));
  }
  return infos.length;
}

/** PEP 376 and the "Recording installed projects" specification: `path,sha256=<base64url>,size`, as CSV. */
async function compareRecord(pin: PackagePin, folder: string, record: string): Promise<void> {
  const text = await readFile(record, 'utf8').catch(() => undefined);
  if (text === undefined) throw refused(pin, `${record} is missing, so its files cannot be compared.`);
  for (const line of text.split(/\r?\n/)) {
    if (line === '') continue;
    const [, quoted, plain, algorithm, digest] = recordLine.exec(line) ?? [];
    const path = quoted?.replaceAll('""', '"') ?? plain ?? line;
    // Neither can have one: the list itself, and what Python compiled since.
    if (algorithm === undefined && /\.pyc$|\.dist-info\/RECORD(?:\.\w+)?$/.test(path)) continue;
    const file = algorithm === undefined ? undefined : await readFile(join(folder, path)).catch(() => undefined);
    if (
      !file ||
      createHash(algorithm ?? 'sha256')
        .update(file)
        .digest('base64url') !== digest
    ) {
      throw refused(pin, `${showText(path, 120)} in ${folder} is not the file that was installed; install it anew.`);
    }
  }
}
const recordLine = /^(?:"((?:[^"]|"")*)"|([^",]*)),(?:(sha256|sha384|sha512)=([\w-]+)=*)?(?:,|$)/;
