import { z } from 'zod';
import { Secret } from './secret.ts';
import { RuntimeFault } from '../errors.ts';
import { checkConfigured } from '../tools/check.ts';
import { readDocument, reportIssues, type Report } from './document.ts';
import { reportCredentials } from './credential-checks.ts';
import { configSchema, type ParsedConfig } from './schema.ts';
import type { InjectionConfig } from './content/injection.ts';
import type { IdentityConfig } from './identity.ts';
import type { Json } from '../events.ts';

type ParsedProvider = ParsedConfig['providers'][string];
export type ProviderConfig = Omit<ParsedProvider, 'apiKey'> & { readonly apiKey?: Secret };
type ParsedWebhook = NonNullable<ParsedConfig['approvals']['webhook']>;
/** Whoever knows a chat's webhook address may post there, so it is kept like a secret. */
export type WebhookConfig = Omit<ParsedWebhook, 'url' | 'secret'> & { readonly url: Secret; readonly secret?: Secret };
export type ApprovalsConfig = Omit<ParsedConfig['approvals'], 'webhook'> & { readonly webhook?: WebhookConfig };
export type GuardsConfig = Omit<ParsedConfig['guards'], 'injection'> & { readonly injection: InjectionConfig };
export type Config = Omit<ParsedConfig, 'providers' | 'approvals' | 'guards' | 'identity'> & {
  readonly providers: Readonly<Record<string, ProviderConfig>>;
  readonly approvals: ApprovalsConfig;
  readonly guards: GuardsConfig;
  readonly identity: IdentityConfig;
};

/** Where `${env:X}` and `${file:X}` are read: core itself reaches neither. */
export interface ReferenceSource {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Resolves relative to the configuration file; throws when it cannot be read. */
  readFile(path: string): string;
}

/**
 * Parses `sallyport.yaml`, once. Every problem found is in the fault's detail, one a line, as
 * `line:column  key: what is wrong`.
 *
 * @throws RuntimeFault `invalid_config`
 */
export function parseConfig(text: string, source: ReferenceSource): Config {
  const { raw, report, problems } = readDocument(text);
  const parsed = configSchema.safeParse(dereference(raw, [], source, report));
  if (!parsed.success) reportIssues(parsed.error.issues, configJsonSchema(), report);
  const providers = parsed.success ? resolveSecrets(parsed.data.providers, source, report) : {};
  if (parsed.success) reportTools(parsed.data.tools, report);
  if (parsed.success) reportCredentials(parsed.data, report);
  const approvals = parsed.success ? resolveWebhook(parsed.data.approvals, source, report) : undefined;
  const guards = parsed.success ? resolveGuards(parsed.data.guards, source, report) : undefined;
  const identity = parsed.success ? resolveOperators(parsed.data.identity, source, report) : undefined;
  if (!parsed.success || !approvals || !guards || !identity || problems.length > 0) {
    throw new RuntimeFault('invalid_config', { detail: problems.join('\n') });
  }
  return { ...parsed.data, providers, approvals, guards, identity };
}

/** The JSON Schema of `sallyport.yaml`, for editors. */
export const configJsonSchema = (): object => z.toJSONSchema(configSchema, { io: 'input' });

/** What is in force, as JSON: each secret is shown as the reference it came from. */
export const effectiveConfig = (config: Config): Json => JSON.parse(JSON.stringify(config)) as Json;

/** Keys whose value is a secret: their reference is resolved into a `Secret`, never into plain text. */
const secretKeys: ReadonlySet<PropertyKey> = new Set(['apiKey', 'secret']);
const reference = /\$\{(env|file):([^}]+)\}/g;

function dereference(value: unknown, path: PropertyKey[], source: ReferenceSource, report: Report): unknown {
  if (typeof value === 'string') {
    if (secretKeys.has(path.at(-1) ?? '')) return value;
    return value.replace(reference, (whole, kind: string, name: string) => {
      return lookUp(kind, name, path, source, report) ?? whole;
    });
  }
  if (Array.isArray(value)) return value.map((item, index) => dereference(item, [...path, index], source, report));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, dereference(item, [...path, key], source, report)]),
  );
}

function lookUp(kind: string, name: string, path: PropertyKey[], source: ReferenceSource, report: Report) {
  if (kind === 'env') {
    const value = source.env[name];
    if (!value) report(path, `the environment variable ${name} is not set; set it or remove the key`);
    return value;
  }
  try {
    return source.readFile(name).trim();
  } catch (cause) {
    report(path, `the file ${name} cannot be read (${cause instanceof Error ? cause.message : 'unknown'})`);
    return undefined;
  }
}

function resolveSecrets(providers: ParsedConfig['providers'], source: ReferenceSource, report: Report) {
  return Object.fromEntries(
    Object.entries(providers).map(([name, { apiKey, ...provider }]) => {
      if (apiKey === undefined) return [name, provider];
      return [name, { ...provider, apiKey: resolveKey(apiKey, ['providers', name, 'apiKey'], source, report) }];
    }),
  );
}

function resolveGuards(
  { injection, ...guards }: ParsedConfig['guards'],
  source: ReferenceSource,
  report: Report,
): GuardsConfig {
  const detectors = injection.detectors.map((detector, index) => {
    if (detector.kind !== 'http') return detector;
    const { apiKey, ...rest } = detector;
    if (apiKey === undefined) return rest;
    const path = ['guards', 'injection', 'detectors', index, 'apiKey'];
    return { ...rest, apiKey: resolveKey(apiKey, path, source, report) };
  });
  return { ...guards, injection: { ...injection, detectors } };
}

function resolveWebhook(
  { webhook, ...approvals }: ParsedConfig['approvals'],
  source: ReferenceSource,
  report: Report,
): ApprovalsConfig {
  if (!webhook) return approvals;
  const { url, secret, ...rest } = webhook;
  const address = new Secret(url, `${new URL(url).origin}/…`);
  if (secret === undefined) return { ...approvals, webhook: { ...rest, url: address } };
  const signing = resolveSecret(secret, ['approvals', 'webhook', 'secret'], source, report);
  return { ...approvals, webhook: { ...rest, url: address, secret: signing } };
}

function resolveOperators(
  { operators, ...identity }: ParsedConfig['identity'],
  source: ReferenceSource,
  report: Report,
): IdentityConfig {
  if (!operators) return identity;
  const { secret, ...rest } = operators;
  if (secret === undefined) return { ...identity, operators: rest };
  const resolved = resolveSecret(secret, ['identity', 'operators', 'secret'], source, report);
  return { ...identity, operators: { ...rest, secret: resolved } };
}

/** A key becomes a header: a line break in it would forge another one. */
function resolveKey(written: string, path: PropertyKey[], source: ReferenceSource, report: Report): Secret {
  const secret = resolveSecret(written, path, source, report);
  if (/[^\x21-\x7e]/.test(secret.reveal())) {
    report(path, 'the secret holds white space or characters no header may carry');
  }
  return secret;
}

function resolveSecret(written: string, path: PropertyKey[], source: ReferenceSource, report: Report): Secret {
  const [, kind = '', key = ''] = /^\$\{(env|file):([^}]+)\}$/.exec(written) ?? [];
  const value = lookUp(kind, key, path, source, report);
  if (value === '') report(path, 'the secret is empty');
  return new Secret(value ?? '', written);
}

function reportTools(tools: ParsedConfig['tools'], report: Report): void {
  for (const [name, manifest] of Object.entries(tools)) {
    for (const { path, message } of checkConfigured(name, manifest)) report(['tools', name, ...path], message);
  }
}
