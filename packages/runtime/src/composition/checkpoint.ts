import type { AgentEvent, AuditLog, Clock, Config, Decision, NewId, Providers, Session, Store } from '@sallyport/core';
import {
  InjectionJudge,
  Monitor,
  SessionFlow,
  SessionLabels,
  armGuards,
  armSecondModelGuards,
  rulesOf,
} from '@sallyport/core';
import { ApprovalService } from '../approvals/index.ts';
import { openDetectors } from '../detectors/index.ts';
import { SessionFlows } from '../flow/index.ts';
import { Owners } from '../owners/index.ts';
import { SecondModel, knownLabels } from '../second-model/index.ts';
import { ToolRegistry, observing } from '../tools/index.ts';
import type { PolicyFolder } from '../policies/index.ts';
import type { SessionService } from '../sessions/sessions.ts';
import type { Redaction } from './redaction.ts';
import { manifestOfOperation } from '../gateway/operations.ts';
import { keepContent } from '../audit/content.ts';

export interface CheckpointOptions {
  readonly config: Config;
  readonly store: Store;
  /** What may be kept, and sealed how. */
  readonly redaction: Redaction;
  readonly audit: AuditLog;
  readonly policies: PolicyFolder;
  readonly providers: Providers;
  readonly sessions: SessionService;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly tenant: string;
  /** Modules that the configuration names are read from here. */
  readonly folder: string;
  readonly onFault: (fault: string, error: unknown) => void;
}

/** The monitor, and what it judges by: what tools are, what each session read, whom it asks. */
export async function openCheckpoint(options: CheckpointOptions) {
  const { config, store, policies, sessions, clock, redaction } = options;
  const { masterKey, box, marks, vaults } = redaction;
  const builtIn = (tool: string) => manifestOfOperation(tool, (name) => Object.hasOwn(config.upstreams, name));
  const tools = await ToolRegistry.open({ store: store.manifests, configured: config.tools, clock, builtIn });
  const { profile, rules, maxBytes } = config.flow;
  const asked = await openDetectors(config.guards.injection, { folder: options.folder, clock });
  const injection = new InjectionJudge(config.guards.injection, asked.detectors);
  const { distrusts } = injection;
  const flowOptions = { manifestOf: tools.manifestOf, rules: rulesOf(profile, rules), maxBytes, distrusts };
  const flows = new SessionFlows({ create: () => new SessionFlow(flowOptions), store: store.flow, box, clock });
  const owners = await openOwners(options, masterKey);
  const labels = new SessionLabels();
  const secondModel = openSecondModel(options, labels);
  const approvals = openApprovals(options, box, secondModel);
  const monitor = new Monitor({
    ...recording(options),
    guards: armGuards(config, () => policies.current(), {
      flow: true,
      injection,
      manifestOf: tools.manifestOf,
      owners,
      labels,
      marks,
      redaction,
      ...(secondModel ? { opinion: (...about) => secondModel.opinion(...about) } : {}),
      ...(secondModel?.scopes ? { scopes: secondModel.scopes } : {}),
    }),
    flow: observing(flows, tools),
    holds: approvals,
  });
  const forget = sessions.onEnd((id) => {
    for (const step of [flows.end(id), vaults.end(id), approvals.withdraw(id)]) {
      step.catch((error: unknown) => options.onFault(`session ${id} has ended, but not all of it`, error));
    }
  });
  // Those that expired while the runtime was down. What fails now is swept up a minute later.
  void sessions.sweep().catch(() => undefined);
  const close = async () => {
    forget();
    approvals.close();
    owners.close();
    await Promise.all([flows.close(), vaults.close(), asked.close()]);
  };
  return { tools, flows, owners, secondModel, approvals, monitor, close };
}

const openOwners = (
  { config, store, clock, onFault }: CheckpointOptions,
  master: Redaction['masterKey'],
): Promise<Owners> => Owners.open({ store: store.owners, master, clock, ...config.guards.fence, onFault });

const recording = ({ config, audit, policies, clock, newId, redaction: { log } }: CheckpointOptions) => ({
  audit,
  clock,
  newId,
  policyHash: () => policies.current().hash,
  modelCalls: config.audit.modelCalls,
  keep: keepContent(config.audit.content, (text, event, { id: sessionId }) =>
    log.text(text, { sessionId, ...toolOf(event) }),
  ),
  mask: (decision: Decision, event: AgentEvent, { id }: Session) => log.decision(decision, id, toolOf(event).tool),
});

const toolOf = (event: AgentEvent): { readonly tool?: string } =>
  event.kind === 'tool_call' || event.kind === 'tool_result' ? { tool: event.tool } : {};

function openSecondModel(options: CheckpointOptions, sent: SessionLabels): SecondModel | undefined {
  const { config, providers, sessions, audit, clock, newId } = options;
  if (!config.secondModel) return undefined;
  return new SecondModel({
    config: config.secondModel,
    providers,
    // Without flow: what is quoted to it is nothing that the session's user said.
    monitor: new Monitor({ ...recording(options), guards: armSecondModelGuards(config, sent, options.redaction) }),
    audit,
    clock,
    newId,
    narrow: (id, scope) => sessions.narrow(id, scope),
    labels: knownLabels(config),
  });
}

function openApprovals(
  options: CheckpointOptions,
  box: Redaction['box'],
  secondModel: SecondModel | undefined,
): ApprovalService {
  const { config, store, audit, sessions, clock, newId, tenant, onFault } = options;
  const { expiresMinutes, approvers, maxPending } = config.approvals;
  const explains = config.secondModel?.checkHeld ? secondModel : undefined;
  return new ApprovalService({
    store: store.approvals,
    box,
    audit,
    clock,
    newId,
    tenant,
    expiresMinutes,
    approvers,
    maxPending,
    isOpen: async (id) => {
      const session = await sessions.get(id);
      return session !== undefined && sessions.isOpen(session);
    },
    ...(explains ? { secondOpinion: (...about) => explains.opinion(...about) } : {}),
    // A little longer than it may think, so that its own words are heard when it does not answer.
    ...(config.secondModel ? { opinionMs: config.secondModel.timeoutMs + 2_000 } : {}),
    onFault,
  });
}
