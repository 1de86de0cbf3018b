import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { agreementsOf, effectiveConfig, isLoopback } from '@sallyport/core';
import type { AuditLog, Config } from '@sallyport/core';
import { AgentService } from './agents/agents.ts';
import { ApprovalWebhook, type ApprovalService } from './approvals/index.ts';
import { OperatorProvider } from './operators/provider.ts';
import { OperatorService } from './operators/operators.ts';
import { PolicyFolder } from './policies/index.ts';
import { SessionService } from './sessions/sessions.ts';
import { SessionTokens } from './identity/tokens.ts';
import type { AdminServices } from './surfaces/admin/services.ts';
import { createProviders } from './providers/index.ts';
import { dashboardDir } from './cli/places.ts';
import { ensurePolicyFolder } from './policies/starter.ts';
import { newId } from './identity/ids.ts';
import { CredentialBroker } from './credentials/index.ts';
import { LocalKeys, type GivenMasterKey } from './flow/index.ts';
import { OidcIssuers } from './identity/oidc/index.ts';
import { UserContextSigner } from './identity/user-context.ts';
import { UserTokens } from './identity/user-tokens.ts';
import { closeAll } from './closing.ts';
import { listen } from './composition/surfaces.ts';
import { lockPathOf } from './pins/index.ts';
import { openCheckpoint } from './composition/checkpoint.ts';
import { openToolGateway } from './composition/tool-gateway.ts';
import { maskingAudit, openRedaction, type Redaction } from './composition/redaction.ts';
import { openSqliteStore, type SqliteStore } from './store/sqlite.ts';
import { recoverOpenIntents } from './audit/recover.ts';
import { runChecks } from './cli/checks/index.ts';
import { signInUrl } from './surfaces/admin/operators.ts';
import { systemClock as clock } from './clock.ts';
import { writeAlerts } from './composition/alerts.ts';

const tenant = 'default';
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

export interface RuntimeOptions {
  readonly config: Config;
  /** Absolute; relative places in the configuration are read from its folder. */
  readonly configPath?: string;
  /** Absolute. */
  readonly dataDir: string;
  /** Overrides `server.port`; 0 takes a free one. */
  readonly port?: number;
  /** Where credentials of the kind `env` are, and where programs find their parts. Default: this process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where a line for each fault inside Sallyport goes. Default: standard error. */
  readonly logFault?: (line: string) => void;
}

/** A running checkpoint. */
export interface Runtime {
  /** Where it is reached, without a slash at the end. */
  readonly url: string;
  readonly dataDir: string;
  /** Whether there is no agent yet. */
  readonly isFirstStart: boolean;
  /** A one-time link that signs the owner in. */
  createSignInUrl(): Promise<string>;
  /** Makes the agent where there is none of this name, and a key of it that is shown this once. */
  createAgentKey(input: {
    readonly agent: string;
    readonly roles: readonly string[];
    /** Whether who holds the key may say which user the agent acts for. */
    readonly namesUsers?: boolean;
  }): Promise<string>;
  /** Refuses new requests, waits for those under way, and closes what it opened. */
  stop(): Promise<void>;
}

/** The composition root: the only place that knows which driver is used. Rejects when anything is missing or not valid. */
export async function startRuntime(given: RuntimeOptions): Promise<Runtime> {
  const { config, dataDir } = given;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'sallyport.db');
  const database = await openSqliteStore({ file, clock });
  const opened: (() => unknown)[] = [() => database.store.close()];
  const close = () => closeAll(opened);
  try {
    const masterKey = givenMasterKey(given);
    const redaction = await openRedaction({ config, dataDir, store: database.store, clock, masterKey });
    const { logFault = toStandardError } = given;
    const hidden = { credentials: (line: string) => line };
    const options = { ...given, logFault: (line: string) => logFault(hidden.credentials(redaction.maskText(line))) };
    const audit = maskingAudit(database.audit, redaction.log);
    const parts = await openParts(options, { store: database.store, audit, redaction }, opened);
    hidden.credentials = (line) => parts.credentials.mask(line);
    const { port = config.server.port } = given;
    const app = await listen(
      { config, port, folder: folderOf(given), version, tenant, clock, newId, logFault: options.logFault },
      parts,
    );
    opened.push(() => app.close());
    const url = urlOf(config, app);
    parts.settings.reachedAt(url);
    const runtimeFile = join(dataDir, 'runtime.json');
    // An older file would keep its mode.
    rmSync(runtimeFile, { force: true });
    const token = parts.operators.issueToken();
    writeFileSync(runtimeFile, JSON.stringify({ url: localUrl(config, app), pid: process.pid, token }), {
      mode: 0o600,
    });
    opened.push(() => rmSync(runtimeFile, { force: true }));
    const isFirstStart = parts.agents.list().length === 0;
    return { url, dataDir, isFirstStart, stop: close, ...conveniences(parts, url) };
  } catch (error) {
    // Why it did not start says more than what then failed to close.
    await close().catch(() => undefined);
    throw error;
  }
}

interface Kept extends Pick<SqliteStore, 'store' | 'audit'> {
  readonly redaction: Redaction;
}

export type Parts = Awaited<ReturnType<typeof openParts>>;

async function openParts(options: RuntimeOptions, { store, audit, redaction }: Kept, opened: (() => unknown)[]) {
  const { config } = options;
  await recoverOpenIntents(store, audit, newId, clock);
  const policyDir = policyDirOf(options);
  const policies = await openPolicies(options, policyDir, audit);
  opened.push(() => policies.close());
  const providers = createProviders(config.providers);
  opened.push(() => providers.close());
  const { agents, operators, tokens, sessions } = await openPeople(config, { store, audit, redaction });
  opened.push(() => sessions.close());
  const onFault = faultLogger(options);
  const judging = { config, store, redaction, audit, policies, providers, sessions };
  const folder = folderOf(options);
  const checkpoint = await openCheckpoint({ ...judging, clock, newId, tenant, folder, onFault });
  opened.push(() => checkpoint.close());
  opened.push(writeAlerts(audit, options.logFault ?? toStandardError));
  const settings = settingsOf(options, policyDir);
  const tooling = await openTooling(options, {
    store,
    audit,
    redaction,
    policies,
    sessions,
    settings,
    ...checkpoint,
  });
  opened.push(() => tooling.close());
  const webhook = openWebhook(options, { audit, approvals: checkpoint.approvals, settings, mask: redaction.maskText });
  opened.push(() => webhook?.close());
  const services = { store, audit, policies, providers, agents, operators, tokens, sessions, settings };
  return { ...services, ...checkpoint, ...tooling };
}

/** Who comes in: agents, operators, and the sessions of agents. */
async function openPeople(config: Config, { store, audit, redaction }: Kept) {
  const agents = await AgentService.open({ store: store.agents, clock, newId, tenant, mask: redaction.maskName });
  const operators = await OperatorService.open({ store: store.operators, audit, clock, newId, tenant });
  const { tokenMinutes, idleMinutes, maxHours } = config.sessions;
  const tokens = await SessionTokens.open({
    settings: store.settings,
    clock,
    newId,
    issuer: 'sallyport',
    tokenMinutes,
    keys: new LocalKeys(redaction.masterKey),
  });
  const sessions = new SessionService({
    store: store.sessions,
    audit,
    agents,
    tokens,
    clock,
    newId,
    idleMinutes,
    maxHours,
    mask: redaction.maskText,
  });
  return { agents, operators, tokens, sessions };
}

interface ToolingParts extends Omit<Parameters<typeof openToolGateway>[0], 'credentials' | 'userContexts' | OwnKeys> {
  readonly store: SqliteStore['store'];
  readonly redaction: Redaction;
  readonly settings: ReturnType<typeof settingsOf>;
}
type OwnKeys =
  | 'tenant'
  | 'config'
  | 'clock'
  | 'newId'
  | 'env'
  | 'folder'
  | 'lockPath'
  | 'dataDir'
  | 'version'
  | 'baseUrl'
  | 'onFault';

/** Upstreams, and with what they are called: the user's name and keys that no agent holds. */
async function openTooling(options: RuntimeOptions, { store, redaction, settings, ...parts }: ToolingParts) {
  const { config, env = process.env } = options;
  const folder = folderOf(options);
  const { credentials: configured, upstreams, identity } = config;
  const keys = new LocalKeys(redaction.masterKey);
  const userTokens = new UserTokens({ store: store.userTokens, box: redaction.box, clock });
  const sealing = { store: store.credentials, keys, clock, subjectTokens: userTokens };
  const credentials = await CredentialBroker.open({ credentials: configured, upstreams, env, folder, ...sealing });
  settings.checks(credentials);
  const onFault = faultLogger(options);
  const oidc = new OidcIssuers({
    issuers: identity.issuers,
    clock,
    onFault: (fault) => onFault('an identity provider', fault),
  });
  const issuer = () => settings.baseUrl();
  const signing = { settings: store.settings, clock, newId, issuer, keys, minutes: identity.userContextMinutes };
  const userContexts = await UserContextSigner.open(signing);
  const tooling = await openToolGateway({
    ...parts,
    config,
    tenant,
    credentials,
    userContexts,
    clock,
    newId,
    env,
    folder,
    lockPath: lockPathOf(options),
    dataDir: options.dataDir,
    version,
    baseUrl: () => settings.baseUrl(),
    onFault,
  });
  const { operators: theirs } = identity;
  const operatorProvider = theirs && new OperatorProvider({ config: theirs, baseUrl: issuer, clock });
  const close = async () => {
    await tooling.close();
    await Promise.all([oidc.close(), operatorProvider?.close()]);
  };
  const providers = { oidc, ...(operatorProvider ? { operatorProvider } : {}) };
  return { ...tooling, credentials, userContexts, userTokens, ...providers, close };
}

interface WebhookParts {
  readonly audit: AuditLog;
  readonly approvals: ApprovalService;
  readonly settings: AdminServices['settings'];
  readonly mask: Redaction['maskText'];
}

function openWebhook(
  options: RuntimeOptions,
  { audit, approvals, settings, mask }: WebhookParts,
): ApprovalWebhook | undefined {
  const { webhook } = options.config.approvals;
  return (
    webhook &&
    new ApprovalWebhook({
      config: webhook,
      approvals,
      audit,
      clock,
      newId,
      tenant,
      baseUrl: () => settings.baseUrl(),
      mask,
      onFault: faultLogger(options),
    })
  );
}

const faultLogger =
  ({ logFault = toStandardError }: RuntimeOptions) =>
  (fault: string, error: unknown): void =>
    logFault(JSON.stringify({ fault, error: String(error) }));

async function openPolicies(options: RuntimeOptions, folder: string, audit: AuditLog): Promise<PolicyFolder> {
  const { config, logFault = toStandardError } = options;
  if (config.policies === undefined) ensurePolicyFolder(folder);
  return await PolicyFolder.open({
    folder,
    clock,
    check: config.guards.permissions.check,
    onDisagreement: (disagreement) =>
      logFault(JSON.stringify({ fault: 'policy evaluators disagree', ...disagreement })),
    onReload: ({ hash, problems }) => {
      const entry = { phase: 'operator', id: newId(), at: clock.now(), tenant, actor: 'runtime' } as const;
      const detail = problems.length === 0 ? `in force: ${hash}` : `refused, the old ones stay: ${problems.join('; ')}`;
      // Whoever wrote the file did it past us; that it took effect is on record all the same.
      audit.append({ ...entry, action: 'policies.reload', subject: folder, detail }).catch((error: unknown) => {
        logFault(JSON.stringify({ fault: 'a reload of the policies is not on record', error: String(error) }));
      });
    },
  });
}

/** What the admin surface shows of the runtime as a whole. */
function settingsOf({ config, configPath, dataDir }: RuntimeOptions, policyDir: string) {
  let url = '';
  let opened: Pick<CredentialBroker, 'check'> | undefined;
  const providers = Object.entries(config.providers);
  const models = providers.flatMap(([name, provider]) =>
    Object.keys(provider.models).map((model) => `${name}/${model}`),
  );
  return {
    version,
    effectiveConfig: () => effectiveConfig(config),
    baseUrl: () => url,
    reachedAt: (reached: string) => {
      url = reached;
    },
    checks: (credentials: Pick<CredentialBroker, 'check'>) => {
      opened = credentials;
    },
    models: () => models,
    providers: () => providers.map(([name, { baseUrl, scripted }]) => ({ name, baseUrl, scripted })),
    agreements: () => agreementsOf(config, clock.now()),
    doctor: async () => {
      const ownPort = Number(new URL(url).port);
      const nodeVersion = process.versions.node;
      const places = { dataDir, policyDir, configPath, dashboardDir };
      const credentials = opened;
      const held = credentials && { credentialProblems: () => credentials.check() };
      return (await runChecks({ nodeVersion, ...places, config, ownPort, ...held })).checks;
    },
  };
}

const conveniences = ({ operators, agents, audit }: Parts, url: string) => ({
  createSignInUrl: async () => signInUrl(url, (await operators.createSignInLink(operators.owner().id)).secret),
  createAgentKey: async ({ agent: name, roles, namesUsers = false }: Parameters<Runtime['createAgentKey']>[0]) => {
    const id = newId();
    const entry = { phase: 'operator', at: clock.now(), tenant, actor: 'runtime' } as const;
    const known = agents.list().find((agent) => agent.name === name);
    if (!known) await audit.append({ ...entry, id: newId(), action: 'agents.create', subject: id, detail: name });
    const agent = known ?? (await agents.create({ id, name, roles, namesUsers }));
    await audit.append({ ...entry, id: newId(), action: 'agents.createKey', subject: agent.id });
    const { secret } = await agents.createKey(agent.id, { name: 'first', expiresInDays: 90 });
    return secret;
  },
});

function givenMasterKey(options: RuntimeOptions): GivenMasterKey | undefined {
  const { config, env = process.env } = options;
  const { masterKey } = config.encryption;
  if (!masterKey) return undefined;
  if ('env' in masterKey) return { env: masterKey.env, value: env[masterKey.env] };
  return { file: resolve(folderOf(options), masterKey.file) };
}

/** Where relative places in the configuration are read from. */
const folderOf = ({ configPath }: RuntimeOptions): string => resolve(configPath ? dirname(configPath) : '.');

const policyDirOf = (options: RuntimeOptions): string =>
  options.config.policies === undefined
    ? join(options.dataDir, 'policies')
    : resolve(folderOf(options), options.config.policies);

const portOf = (app: FastifyInstance): number => (app.server.address() as AddressInfo).port;

/** How users reach it: as configured, else as it listens. */
function urlOf({ server }: Config, app: FastifyInstance): string {
  if (server.publicUrl !== undefined) return server.publicUrl.replace(/\/+$/, '');
  const host = isLoopback(server.host) ? '127.0.0.1' : server.host;
  return `${server.tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${portOf(app)}`;
}

/** How the command line on this machine reaches it: an address that means "all of them" is no name of it. */
function localUrl({ server }: Config, app: FastifyInstance): string {
  const host = isLoopback(server.host) || ['0.0.0.0', '::'].includes(server.host) ? '127.0.0.1' : server.host;
  return `${server.tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${portOf(app)}`;
}

const toStandardError = (line: string): void => {
  process.stderr.write(`${line}\n`);
};
