import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { PackagePin } from '@sallyport/core';
import { RuntimeFault, showText } from '@sallyport/core';
import type { Attestation, Registry, StartedProgram } from './registry.ts';
import { answered, fetchBytes, fetchJson } from './fetch.ts';
import { digestOfFiles, filesOfTarball } from './tarball.ts';
import { digestOfFolder } from './folder.ts';
import { filesOf, parentsOf } from './program.ts';
import { refused } from './refused.ts';

export interface NpmOptions {
  /** Base address of the registry; by default what npm itself is configured to use. */
  readonly url?: string;
  /** npm's cache folder, from which `npx` starts what it downloaded. */
  readonly cache?: string;
  /** `PATH`, where a program's own environment has none. */
  readonly path?: string;
  /** `HOME`, where npm's own configuration is. */
  readonly home?: string;
}

const packumentSchema = z.object({
  name: z.string(),
  version: z.string(),
  dist: z.object({ integrity: z.string().optional(), tarball: z.url({ protocol: /^https?$/ }) }),
});
const attestationsSchema = z.object({
  attestations: z.array(z.object({ predicateType: z.string(), bundle: z.json() })).max(50),
});
const installedSchema = z.object({ name: z.string(), version: z.string() });

const largestTarball = 256 * 1024 * 1024;
const packageName = /^(?:@[a-z0-9~-][a-z0-9._~-]{0,100}\/)?[a-zA-Z0-9~-][a-zA-Z0-9._~-]{0,212}$/;
/** They start what stands first; of the others a word before it says that they shall. */
const direct: ReadonlySet<string> = new Set(['npx', 'bunx', 'pnpx']);
const launchers: ReadonlySet<string> = new Set([...direct, 'npm', 'pnpm', 'yarn', 'bun']);

/** Packages of npm, by the registry's API (`GET /<name>/<version>`). */
export class NpmRegistry implements Registry {
  readonly #url: string | undefined;
  /** By scope, what npm is configured to ask for it. */
  readonly #configured = new Map<string, Promise<string | undefined>>();
  readonly #cache: string | undefined;
  readonly #path: string;
  readonly #home: string;

  constructor({ url, cache, path = '', home = '' }: NpmOptions) {
    this.#home = home;
    this.#url = url;
    this.#cache = cache;
    this.#path = path;
  }

  async resolve(name: string, version = 'latest'): Promise<PackagePin> {
    const { tarball, ...pin } = await this.#dist(name, version);
    return { ...pin, contents: await this.#contents(pin, tarball) };
  }

  /** npm asks another registry for a scope that has one of its own; else the one that all are asked. */
  async #address(name: string, place: string): Promise<URL> {
    const scope = /^@[^/]+(?=\/)/.exec(name)?.[0];
    const own = scope === undefined ? undefined : await this.#ask(`${scope}:registry`);
    const url = own ?? this.#url ?? (await this.#ask('registry'));
    if (url !== undefined) return new URL(`${url.replace(/\/+$/, '')}/${place}`);
    const detail = 'npm does not say which registry it uses. Set npm_config_registry, or put npm on the PATH.';
    throw new RuntimeFault('upstream_failed', { detail });
  }

  #ask(key: string): Promise<string | undefined> {
    const asked = this.#configured.get(key) ?? configured(key, { PATH: this.#path, HOME: this.#home });
    this.#configured.set(key, asked);
    return asked.catch(() => {
      this.#configured.delete(key);
      return undefined;
    });
  }

  /** Without the tarball. */
  async #dist(name: string, version: string): Promise<PackagePin & { tarball: string }> {
    const asked = { registry: 'npm', name, version } as const;
    if (!packageName.test(name)) throw refused(asked, 'this is no name of an npm package.');
    const url = await this.#address(name, `${name.replace('/', '%2f')}/${encodeURIComponent(version)}`);
    const read = await fetchJson(url, 'application/json');
    if (read === undefined) throw refused(asked, 'the registry does not have it (any more).');
    const parsed = packumentSchema.safeParse(read);
    const integrity = parsed.data?.dist.integrity?.split(/\s+/).find((each) => each.startsWith('sha512-'));
    if (!parsed.success || integrity === undefined || parsed.data.name !== name) {
      const detail = `The registry's answer on ${showText(name)} names no SHA-512 for this version.`;
      throw new RuntimeFault('upstream_malformed', { detail });
    }
    const { version: exact, dist } = parsed.data;
    if (exact !== version && /^\d+\.\d+\.\d+/.test(version)) {
      throw refused(asked, `the registry answers with version ${showText(exact, 40)} of it.`);
    }
    return { registry: 'npm', name, version: exact, integrity, tarball: dist.tarball };
  }

  async #contents(pin: PackagePin, tarball: string): Promise<string> {
    const url = new URL(tarball);
    const by = await this.#address(pin.name, '');
    const { status, body } = await fetchBytes(url, { maxBytes: largestTarball, redirects: 2, by });
    if (status !== 200) throw answered(url, status);
    if (`sha512-${hash('sha512', body, 'base64')}` !== pin.integrity) {
      throw refused(pin, 'the tarball is not the one whose integrity the registry names.');
    }
    return digestOfFiles(await filesOfTarball(body));
  }

  async attestations({ name, version }: PackagePin): Promise<readonly Attestation[]> {
    const place = `-/npm/v1/attestations/${name.replace('/', '%2f')}@${encodeURIComponent(version)}`;
    const url = await this.#address(name, place);
    const read = await fetchJson(url, 'application/json');
    if (read === undefined) return [];
    const parsed = attestationsSchema.safeParse(read);
    if (!parsed.success) {
      throw new RuntimeFault('upstream_malformed', { detail: `The attestations of ${showText(name)} cannot be read.` });
    }
    // The registry's own statement that it published the package says nothing of where it was built.
    return parsed.data.attestations.filter(({ predicateType }) =>
      predicateType.startsWith('https://slsa.dev/provenance/'),
    );
  }

  subject({ integrity }: PackagePin): { readonly algorithm: 'sha512'; readonly hex: string } {
    const digest = Buffer.from(integrity.replace(/^sha512-/, ''), 'base64');
    return { algorithm: 'sha512', hex: digest.toString('hex') };
  }

  /** Every copy that the program may be started from: beside its script, in the project, in npm's cache. */
  async compare(pin: PackagePin, program: StartedProgram): Promise<number> {
    checkCommand(pin, program);
    const folders = await this.#copies(pin, program);
    if (folders.length === 0) {
      if (launchers.has(basename(program.command))) return 0;
      throw refused(pin, `${showText(program.command, 120)} is started from no installed copy of it.`);
    }
    const contents = pin.contents ?? (await this.#freshContents(pin));
    for (const { folder, version } of folders) {
      if (version !== pin.version) throw refused(pin, `version ${showText(version, 40)} is installed in ${folder}.`);
      const found = await digestOfFolder(folder).catch(() => undefined);
      if (found !== contents)
        throw refused(pin, `the files in ${folder} are not those of the package; install it anew.`);
    }
    return folders.length;
  }

  async #freshContents(pin: PackagePin): Promise<string> {
    const { tarball, integrity } = await this.#dist(pin.name, pin.version);
    if (integrity !== pin.integrity) throw refused(pin, 'the registry has other contents under this version now.');
    return await this.#contents(pin, tarball);
  }

  async #copies({ name, version }: PackagePin, program: StartedProgram) {
    const folders = new Set<string>();
    const launched = launchers.has(basename(program.command));
    if (launched) {
      for (const each of [...parentsOf(resolve(program.cwd ?? '.')), ...(await this.#cached())]) {
        folders.add(join(each, 'node_modules', name));
      }
      // npx takes one that is installed for all, where it is of this version.
      for (const each of (program.env['PATH'] ?? this.#path).split(delimiter)) {
        folders.add(join(each, '..', 'lib', 'node_modules', name));
      }
    } else {
      for (const file of await filesOf(program, this.#path)) {
        const folder = await packageFolder(file, name);
        if (folder !== undefined) folders.add(folder);
      }
    }
    const found: { folder: string; version: string }[] = [];
    for (const folder of folders) {
      const installed = await installedIn(folder);
      // npx takes another copy where the version is not the one that was asked for.
      if (installed?.name === name && !(launched && installed.version !== version)) {
        found.push({ folder, version: installed.version });
      }
    }
    return found;
  }

  async #cached(): Promise<readonly string[]> {
    if (this.#cache === undefined) return [];
    const folder = join(this.#cache, '_npx');
    return (await readdir(folder).catch(() => [])).map((each) => join(folder, each));
  }
}

/** A launcher starts the first package that it is told: it must be exactly this version of this one. */
function checkCommand(pin: PackagePin, { command, args }: StartedProgram): void {
  const launcher = basename(command);
  if (!launchers.has(launcher)) return;
  const exact = `${pin.name}@${pin.version}`;
  const words = args.filter((arg) => !arg.startsWith('-'));
  if (!direct.has(launcher) && ['exec', 'x', 'dlx'].includes(words[0] ?? '')) words.shift();
  const named = args.flatMap((arg) => (arg.startsWith('--package=') ? [arg.slice('--package='.length)] : []));
  if (named.length > 0 ? named.some((each) => each !== exact) : words[0] !== exact) {
    const why = `${launcher} must be given ${exact} in args before all but flags, so that it starts no other package or version.`;
    throw refused(pin, why);
  }
}

/** The folder of the package in which a file lies. */
async function packageFolder(file: string, name: string): Promise<string | undefined> {
  for (const folder of parentsOf(dirname(file))) {
    if ((await installedIn(folder))?.name === name) return folder;
  }
  return undefined;
}

async function installedIn(folder: string): Promise<z.output<typeof installedSchema> | undefined> {
  try {
    return installedSchema.parse(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')));
  } catch {
    return undefined;
  }
}

/** As `.npmrc` and npm's own default have it. @throws Error where there is no npm to ask */
async function configured(key: string, env: Readonly<Record<'PATH' | 'HOME', string>>): Promise<string | undefined> {
  const { stdout } = await promisify(execFile)('npm', ['config', 'get', key], { env });
  return URL.canParse(stdout.trim()) ? stdout.trim() : undefined;
}
