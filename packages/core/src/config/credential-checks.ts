import { isLoopback } from './loopback.ts';
import { nearest } from '../normalize/nearest.ts';
import { parseGlob } from '../policy/glob.ts';
import type { AttachConfig, CredentialConfig, SecretSource } from './credentials.ts';
import type { ParsedConfig } from './schema.ts';
import type { Report } from './document.ts';
import type { UpstreamConfig } from './upstreams.ts';

type Sections = Pick<ParsedConfig, 'credentials' | 'upstreams'>;

/** What the two sections say of each other. A credential that could go astray, or nowhere, is no configuration. */
export function reportCredentials({ credentials, upstreams }: Sections, report: Report): void {
  for (const [name, upstream] of Object.entries(upstreams)) {
    for (const use of usesOf(name, upstream)) reportUse(use, { credentials, upstreams }, report);
  }
  for (const [name, credential] of Object.entries(credentials)) {
    const path = ['credentials', name];
    reportUpstreams(credential, upstreams, path, report);
    reportPatterns(credential, path, report);
    reportSource(credential.source, [...path, 'source'], report);
    reportAttach(credential.attach, [...path, 'attach'], report);
  }
}

/** A place in `upstreams` where a credential is named. */
interface Use {
  readonly upstream: string;
  readonly credential: string;
  readonly path: readonly PropertyKey[];
  /** Handed to a program as a variable, not put on the wire. */
  readonly variable: boolean;
}

function usesOf(upstream: string, config: UpstreamConfig): Use[] {
  const path = ['upstreams', upstream];
  if (config.kind !== 'stdio') {
    const { credential } = config;
    if (credential === undefined) return [];
    return [{ upstream, credential, path: [...path, 'credential'], variable: false }];
  }
  return Object.entries(config.env).flatMap(([name, value]) =>
    typeof value === 'string'
      ? []
      : [{ upstream, credential: value.credential, path: [...path, 'env', name, 'credential'], variable: true }],
  );
}

function reportUse(
  { upstream, credential: name, path, variable }: Use,
  { credentials, upstreams }: Sections,
  report: Report,
): void {
  const credential = Object.hasOwn(credentials, name) ? credentials[name] : undefined;
  if (!credential) {
    report(path, `there is no ${name} in credentials; ${meant(name, Object.keys(credentials))}`);
    return;
  }
  if (!credential.upstreams.includes(upstream)) {
    report(path, `the credential ${name} does not go to ${upstream}; add it to credentials.${name}.upstreams`);
  }
  const { kind } = credential.attach;
  if (variable && kind !== 'environment') {
    report(path, `the credential ${name} is attached as ${kind}; a program is given those of attach.kind environment`);
  }
  if (variable) return;
  if (kind === 'environment') {
    report(path, `the credential ${name} is for programs; choose another credentials.${name}.attach.kind`);
  }
  const config = upstreams[upstream];
  if (config && config.kind !== 'stdio') reportReach(name, credential, config, path, report);
}

type WireUpstream = Exclude<UpstreamConfig, { kind: 'stdio' }>;

function reportReach(
  name: string,
  { attach, hosts }: CredentialConfig,
  { url: address, ...upstream }: WireUpstream,
  path: readonly PropertyKey[],
  report: Report,
): void {
  if (attach.kind === 'header') {
    const header = attach.name.toLowerCase();
    const others = [...Object.keys(upstream.headers), upstream.userContext.header];
    if (others.some((other) => other.toLowerCase() === header)) {
      report(path, `the credential ${name} and the upstream both set the header ${attach.name}; name another`);
    }
  }
  if (address === undefined) {
    if (hosts.length > 0) return;
    report(path, `a document would say where ${name} is sent; set url, or credentials.${name}.hosts`);
    return;
  }
  const url = new URL(address);
  if (attach.kind === 'mtls' && url.protocol !== 'https:') report(path, `a client certificate needs https`);
  if (hosts.length === 0 || hosts.some((host) => hostKey(host, url.protocol) === authorityOf(url))) return;
  report(path, `the credential ${name} may not be sent to ${url.host}; add it to credentials.${name}.hosts`);
}

function reportUpstreams(
  { upstreams: names }: CredentialConfig,
  upstreams: Sections['upstreams'],
  path: readonly PropertyKey[],
  report: Report,
): void {
  for (const [index, name] of names.entries()) {
    if (Object.hasOwn(upstreams, name)) continue;
    report([...path, 'upstreams', index], `there is no upstream ${name}; ${meant(name, Object.keys(upstreams))}`);
  }
}

const meant = (name: string, known: readonly string[]): string => {
  const near = nearest(name, known);
  if (near !== undefined) return `did you mean ${near}?`;
  return known.length === 0 ? 'there is none' : `there are ${known.join(', ')}`;
};

function reportPatterns({ hosts, tools }: CredentialConfig, path: readonly PropertyKey[], report: Report): void {
  for (const [index, host] of hosts.entries()) {
    if (hostKey(host, 'https:') === undefined) {
      report([...path, 'hosts', index], 'is no host: write `api.example.com` or `api.example.com:8443`');
    }
  }
  for (const [index, pattern] of tools.entries()) {
    const glob = parseGlob(pattern);
    if ('problem' in glob) report([...path, 'tools', index], glob.problem);
  }
}

function reportSource(source: SecretSource, path: readonly PropertyKey[], report: Report): void {
  if ('vault' in source) reportAddress(source.vault.address, [...path, 'vault', 'address'], report);
  if ('aws' in source && source.aws.endpoint !== undefined) {
    reportAddress(source.aws.endpoint, [...path, 'aws', 'endpoint'], report);
  }
  if ('gcp' in source && source.gcp.endpoint !== undefined) {
    const { endpoint } = source.gcp;
    const address = endpoint.includes('://') ? endpoint : `https://${endpoint}`;
    const at = [...path, 'gcp', 'endpoint'];
    if (URL.canParse(address)) reportAddress(address, at, report);
    else report(at, 'is no host: write `host` or `host:port`');
  }
  if ('azure' in source) reportAddress(source.azure.vaultUrl, [...path, 'azure', 'vaultUrl'], report);
}

/** Headers that frame a request, or that say what it is: a credential in their place would change what is sent. */
const ownHeaders =
  /^(host|connection|content-.*|transfer-encoding|te|trailer|upgrade|keep-alive|expect|accept|mcp-.*|proxy-.*|sec-.*|dpop)$/i;

function reportAttach(attach: AttachConfig, path: readonly PropertyKey[], report: Report): void {
  if (attach.kind === 'header') {
    if (ownHeaders.test(attach.name)) report([...path, 'name'], `the header ${attach.name} belongs to the protocol`);
    if (!/^[\x20-\x7e]*$/.test(attach.prefix)) report([...path, 'prefix'], 'holds characters no header may carry');
  }
  if (attach.kind === 'basic' && attach.username.includes(':')) {
    report([...path, 'username'], 'may not hold a colon (RFC 7617): what follows it would be read as password');
  }
  if (!('tokenUrl' in attach)) return;
  reportAddress(attach.tokenUrl, [...path, 'tokenUrl'], report);
  if (attach.kind === 'client_credentials' && attach.clientAuth === 'none') {
    report([...path, 'clientAuth'], 'only a client that proves itself is given a token (RFC 6749 section 4.4)');
  }
  if (attach.kind === 'refresh_token' && attach.clientAuth !== 'none' && attach.clientSecret === undefined) {
    report([...path, 'clientAuth'], 'needs clientSecret; of a public client set clientAuth: none');
  }
  if (attach.kind === 'refresh_token' && attach.clientSecret !== undefined) {
    const { clientSecret } = attach;
    const at = [...path, 'clientSecret'];
    if ('stored' in clientSecret) report(at, 'what is stored here is the refresh token; keep the secret elsewhere');
    else reportSource(clientSecret, at, report);
  }
  if (attach.kind === 'token_exchange' && attach.audience === undefined && attach.resource === undefined) {
    report(path, 'needs audience or resource: a token that is for everybody is for whoever steals it');
  }
}

function reportAddress(address: string, path: readonly PropertyKey[], report: Report): void {
  const url = new URL(address);
  if (url.username !== '' || url.password !== '') report(path, 'holds credentials');
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    report(path, 'secrets would cross the network in clear: use https');
  }
}

/**
 * A host of `hosts` as URLs are compared: lower case, IDN as punycode, one spelling of an address, and the port. Without
 * one it is the protocol's own. Undefined where it is no host.
 */
export function hostKey(host: string, protocol: string): string | undefined {
  if (!/^[^\s/\\?#@%*]+$/u.test(host)) return undefined;
  const url = URL.parse(`${protocol}//${host}`);
  return url && !url.hostname.endsWith('.') ? authorityOf(url) : undefined;
}

/** `host:port`, the port always written. */
export const authorityOf = ({ hostname, port, protocol }: URL): string =>
  `${hostname}:${port === '' ? (protocol === 'http:' ? '80' : '443') : port}`;
