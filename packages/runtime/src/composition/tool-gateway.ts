import type {
  AuditLog,
  Clock,
  Config,
  Credentials,
  Monitor,
  NewId,
  PackagePin,
  Upstream,
  UpstreamConfig,
  UpstreamStatus,
  UserContexts,
} from '@sallyport/core';
import type { UpstreamView } from '@sallyport/core/admin';
import type { ApprovalService } from '../approvals/index.ts';
import type { PolicyFolder } from '../policies/index.ts';
import type { SessionService } from '../sessions/sessions.ts';
import type { ToolRegistry } from '../tools/index.ts';
import { LockFile, PinService } from '../pins/index.ts';
import { ToolGateway } from '../gateway/gateway.ts';
import { launched, vetted } from './vetted.ts';
import { createUpstream, localProcessRunner } from '../upstreams/index.ts';

export interface ToolGatewayOptions {
  readonly config: Config;
  readonly tenant: string;
  readonly audit: AuditLog;
  readonly monitor: Monitor;
  readonly tools: ToolRegistry;
  readonly approvals: ApprovalService;
  readonly policies: PolicyFolder;
  readonly sessions: SessionService;
  readonly credentials: Credentials;
  readonly userContexts: UserContexts;
  readonly clock: Clock;
  readonly newId: NewId;
  /** What programs inherit: where their parts are found, and nothing else. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of sallyport.yaml; absolute. */
  readonly folder: string;
  /** Of sallyport.lock; absolute. */
  readonly lockPath: string;
  /** Absolute. */
  readonly dataDir: string;
  readonly version: string;
  readonly baseUrl: () => string;
  readonly onFault: (fault: string, error: unknown) => void;
}

/** The tool gateway with the upstreams that the configuration names. */
export async function openToolGateway(options: ToolGatewayOptions) {
  const { config, lockPath, clock, sessions, policies, baseUrl } = options;
  const pins = await PinService.open({
    path: lockPath,
    upstreams: config.upstreams,
    clock,
    // Nobody saw it, and it is on record all the same.
    onFirstUse: (upstream, tool, hash) =>
      options.audit.append({
        phase: 'operator',
        id: options.newId(),
        at: clock.now(),
        tenant: options.tenant,
        actor: 'runtime',
        action: 'pins.approve',
        subject: `${upstream}/${tool}`,
        detail: `firstUse: sha256 ${hash}`,
      }),
  });
  const lock = new LockFile(lockPath);
  const upstreams = openUpstreams(options, lock);
  const gateway = new ToolGateway({
    ...options,
    upstreams,
    configured: config.upstreams,
    mcp: config.mcp,
    pins,
    policies: () => policies.current(),
    approvalUrl: (id) => `${baseUrl()}/approvals/${encodeURIComponent(id)}`,
    onOffered: (definition) => options.tools.offered(definition),
  });
  const forget = sessions.onEnd((id) => {
    gateway.end(id).catch((error: unknown) => options.onFault(`upstreams of session ${id} are not closed`, error));
  });
  return {
    gateway,
    pins,
    upstreams: {
      list: async () => {
        const { upstreams: locked } = await lock.read();
        return Object.entries(config.upstreams).map((each) => viewOf(each, upstreams, locked.get(each[0])?.package));
      },
    },
    close: async () => {
      forget();
      await gateway.close();
      pins.close();
    },
  };
}

function openUpstreams({ config, env, ...rest }: ToolGatewayOptions, lock: LockFile) {
  const { PATH, HOME } = env;
  const runner = localProcessRunner({
    ...(PATH === undefined ? {} : { PATH }),
    ...(HOME === undefined ? {} : { HOME }),
  });
  const services = { ...rest, runner };
  return new Map<string, Upstream>(
    Object.entries(config.upstreams).map(([name, each]) => {
      const started = launched(each, env);
      return [name, vetted(createUpstream(name, started, services), started, { lock, env, ...rest })];
    }),
  );
}

const states: Readonly<Record<UpstreamStatus['state'], UpstreamView['state']>> = {
  idle: 'idle',
  connected: 'ready',
  restarting: 'restarting',
  failing: 'failed',
  refused: 'refused',
};

function viewOf(
  [name, config]: [string, UpstreamConfig],
  upstreams: ReadonlyMap<string, Upstream>,
  locked: PackagePin | undefined,
): Omit<UpstreamView, 'pins'> {
  const status = upstreams.get(name)?.status();
  const pinned = config.kind === 'stdio' ? config.package : undefined;
  return {
    name,
    kind: config.kind,
    address: addressOf(config),
    state: states[status?.state ?? 'idle'],
    ...(status?.detail === undefined ? {} : { problem: status.detail }),
    protocol: status?.protocol ?? null,
    ...(status?.skipped === undefined ? {} : { skipped: [...status.skipped] }),
    isolation: config.kind === 'stdio' ? (status?.isolation ?? 'none') : null,
    ...(pinned
      ? {
          package: {
            registry: pinned.registry,
            name: pinned.name,
            version: pinned.version,
            integrity: locked?.integrity ?? pinned.integrity ?? null,
            source: locked?.source ?? pinned.source ?? null,
          },
        }
      : {}),
  };
}

/** For people. Of a program without its environment. */
function addressOf(config: UpstreamConfig): string {
  if (config.kind === 'stdio') return [config.command, ...config.args].join(' ');
  return config.kind === 'openapi' ? (config.url ?? config.document) : config.url;
}
