import { hash } from 'node:crypto';
import { basename } from 'node:path';
import { z } from 'zod';
import type { PackagePin } from '@sallyport/core';
import { RuntimeFault, isLoopback, showText } from '@sallyport/core';
import type { Attestation, Registry, StartedProgram } from './registry.ts';
import { answered, fetchBytes, parseRegistryJson, type Fetched } from './fetch.ts';
import { refused } from './refused.ts';

const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');
const largestManifest = 4 * 1024 * 1024;
const tokenSchema = z.object({ token: z.string().optional(), access_token: z.string().optional() });
const engines: ReadonlySet<string> = new Set(['docker', 'podman', 'nerdctl', 'container']);

/** Images, by the OCI distribution specification 1.1. The digest of the manifest decides; the engine checks the rest by it. */
export class OciRegistry implements Registry {
  async resolve(name: string, version = 'latest'): Promise<PackagePin> {
    const asked = { registry: 'oci', name, version } as const;
    const { origin, repository } = addressOf(name);
    const url = new URL(`${origin}/v2/${repository}/manifests/${encodeURIComponent(version)}`);
    const { status, body } = await this.#get(url, repository);
    if (status === 404) throw refused(asked, 'the registry does not have it (any more).');
    if (status !== 200) throw answered(url, status);
    // What the registry says in a header is only what it says.
    return { ...asked, integrity: `sha256:${hash('sha256', body, 'hex')}` };
  }

  async #get(url: URL, repository: string): Promise<Fetched> {
    const accept = manifestTypes;
    const first = await fetchBytes(url, { headers: { accept }, maxBytes: largestManifest });
    if (first.status !== 401) return first;
    const token = await anonymousToken(first, url, repository);
    return await fetchBytes(url, { headers: { accept, authorization: `Bearer ${token}` }, maxBytes: largestManifest });
  }

  /** Attestations of images are images themselves, in as many ways as there are tools: not read yet. */
  attestations(): Promise<readonly Attestation[]> {
    return Promise.resolve([]);
  }

  subject({ integrity }: PackagePin): { readonly algorithm: 'sha256'; readonly hex: string } {
    return { algorithm: 'sha256', hex: integrity.replace(/^sha256:/, '') };
  }

  /** An engine that is given the digest starts that image and no other. */
  compare(pin: PackagePin, { command, args }: StartedProgram): Promise<number> {
    const image = imageIn(args);
    const isPinned = image !== undefined && nameOf(image) === pin.name && image.endsWith(`@${pin.integrity}`);
    if (!engines.has(basename(command)) || !isPinned) {
      const why = `the command must run ${pin.name}@${pin.integrity}, so that no other image is started.`;
      return Promise.reject(refused(pin, why));
    }
    return Promise.resolve(1);
  }
}

/** What `run` starts: the first word after it that is no value of a flag. A flag that is not known here takes a value. */
function imageIn(args: readonly string[]): string | undefined {
  const isValue = (before = '-') => before.startsWith('-') && !before.includes('=') && !switches.test(before);
  const words = args.filter((arg, i) => !arg.startsWith('-') && (i === 0 || !isValue(args[i - 1])));
  if (words[0] === 'container') words.shift();
  return words[0] === 'run' ? words[1] : undefined;
}
const switches =
  /^(?:-[ditqP]+|--(?:detach|interactive|tty|quiet|rm|init|read-only|privileged|publish-all|no-healthcheck|oom-kill-disable|replace|no-hosts))$/;

const nameOf = (image: string): string => image.replace(/@sha256:[0-9a-f]{64}$/, '').replace(/:[\w][\w.-]{0,127}$/, '');

/** `ghcr.io/owner/image`; without a host, Docker Hub. */
function addressOf(name: string): { readonly origin: string; readonly repository: string } {
  const [host = '', ...rest] = name.split('/');
  const hasHost = rest.length > 0 && (/[.:]/.test(host) || host === 'localhost');
  const repository = hasHost ? rest.join('/') : rest.length === 0 ? `library/${host}` : name;
  if (!/^[a-z0-9]+(?:[._/-]{1,2}[a-z0-9]+)*$/.test(repository) || !/^[a-z0-9[][\w.:[\]-]*$/i.test(host)) {
    throw new RuntimeFault('invalid_request', { detail: `${showText(name)} is no name of an image.` });
  }
  const registry = hasHost ? host : 'registry-1.docker.io';
  const { hostname } = new URL(`http://${registry}`);
  return { origin: `${isLoopback(hostname) ? 'http' : 'https'}://${registry}`, repository };
}

/** RFC 6750 challenge of the distribution specification: a token that anybody gets. */
async function anonymousToken({ headers }: Fetched, url: URL, repository: string): Promise<string> {
  const challenge = String(headers['www-authenticate'] ?? '');
  const realm = /\brealm="([^"]{1,500})"/.exec(challenge)?.[1];
  const service = /\bservice="([^"]{1,200})"/.exec(challenge)?.[1];
  const address = realm === undefined ? null : URL.parse(realm);
  if (!address || !/^bearer /i.test(challenge)) throw answered(url, 401);
  if (service !== undefined) address.searchParams.set('service', service);
  address.searchParams.set('scope', `repository:${repository}:pull`);
  const { status, body } = await fetchBytes(address, { maxBytes: 65_536, by: url });
  if (status !== 200) throw answered(address, status);
  const parsed = tokenSchema.safeParse(parseRegistryJson(body, address));
  const token = parsed.data?.token ?? parsed.data?.access_token;
  if (token === undefined || !/^[\x21-\x7e]{1,16384}$/.test(token)) throw answered(url, 401);
  return token;
}
