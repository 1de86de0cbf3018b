import { SessionLabels } from '../agreements/labels.ts';
import { agreementsGuard } from './agreements.ts';
import { argumentsGuard } from './arguments.ts';
import { canaryGuard, plantCanaryGuard, type CanaryOf } from './canary.ts';
import { exfiltrationGuard } from './exfiltration.ts';
import { fenceGuards, type FenceServices } from './fence.ts';
import { flowGuard } from './flow.ts';
import { InjectionJudge, afterInjectionGuard, injectionGuard } from './injection.ts';
import { minimiseGuard } from './minimise.ts';
import { permissionsGuard } from './permissions.ts';
import { pinnedModelsGuard } from './pinned-models.ts';
import { redactGuard, type RedactServices } from './redact.ts';
import { scopeGuard, type ScopeSource } from './scope.ts';
import { secondModelGuard } from './second-model.ts';
import { secondOpinionGuard, type GiveOpinion } from './second-opinion.ts';
import { settingsGuard } from './settings.ts';
import { spotlightGuard, type SpotlightOptions } from './spotlight.ts';
import type { ArmedGuard } from '../guard.ts';
import type { Config } from '../config/config.ts';
import type { PolicySet } from '../policy/policy.ts';
import { RuntimeFault } from '../errors.ts';
import { unknownManifest } from '../flow/manifest.ts';

export { argumentsSchema } from './schema.ts';
export { structuredPath } from './parts.ts';
export { inScope, isNarrower, isScopePattern } from './scope.ts';
export { SessionLabels };
export { Detectors } from './detectors.ts';
export type { DetectorAnswer, InjectionDetector } from './detectors.ts';
export { InjectionJudge };
export type { CanaryOf, GiveOpinion, RedactServices, ScopeSource };

/** What guards need beside the configuration. */
export interface GuardServices {
  /** Whether the monitor traces calls. */
  readonly flow?: boolean;
  readonly manifestOf?: SpotlightOptions['manifestOf'];
  /** Keyed hashes, whose key no text and no model ever sees. */
  readonly marks?: { readonly code: SpotlightOptions['code']; readonly canary: CanaryOf };
  /** Shared with the second model's guards. */
  readonly labels?: SessionLabels;
  /** To whom identifiers belong. */
  readonly owners?: FenceServices['index'];
  readonly opinion?: GiveOpinion;
  /** Shared with information flow, so that each text is looked at once. */
  readonly injection?: InjectionJudge;
  readonly scopes?: ScopeSource;
  /** What puts tokens in the place of values, and where their values are kept. */
  readonly redaction?: RedactServices;
}

/**
 * The list of guards, in the order in which rewriting ones run. Adding a guard is a file and a line here.
 *
 * @param services without them, the guards that need none
 * @throws RuntimeFault `invalid_config` when a guard that is configured lacks what it needs: none is skipped silently
 */
export function armGuards(config: Config, policies: () => PolicySet, services?: GuardServices): ArmedGuard[] {
  const { guards, providers } = config;
  return [
    ...(services ? rewriting(config, services) : []),
    { guard: permissionsGuard(policies), mode: guards.permissions.mode, timeoutMs: guards.permissions.timeoutMs },
    { guard: argumentsGuard(guards.arguments), ...guards.arguments },
    { guard: settingsGuard(guards.settings), ...guards.settings },
    { guard: pinnedModelsGuard(providers), ...always },
    ...(services ? judging(config, services) : [{ guard: scopeGuard(), ...guards.scope }]),
  ];
}

const always = { mode: 'enforce', timeoutMs: 1_000 } as const;

/**
 * Of what the runtime itself asks a second model. It is the operator's choice, so agents' permissions do not apply.
 *
 * @param labels of what the sessions sent: a second model, which quotes them, must be allowed to have it too
 * @param redaction it reads tokens, the same ones as the agent's model; its answers come back with values
 */
export function armSecondModelGuards(
  config: Config,
  labels = new SessionLabels(),
  redaction?: RedactServices,
): ArmedGuard[] {
  const { guards, providers, secondModel } = config;
  if (!secondModel) return [];
  const { mode, timeoutMs } = guards.redact;
  return [
    ...(redaction && mode !== 'off' ? [{ guard: redactGuard(redaction), mode, timeoutMs }] : []),
    { guard: secondModelGuard(secondModel.model), ...always },
    { guard: settingsGuard(guards.settings), ...guards.settings },
    { guard: pinnedModelsGuard(providers), ...always },
    { guard: agreementsGuard(config, { labels: { memory: labels, quotes: true } }), ...guards.agreements },
  ];
}

function rewriting({ guards }: Config, services: GuardServices): ArmedGuard[] {
  const { injection = new InjectionJudge(guards.injection), manifestOf, marks } = services;
  const armed: ArmedGuard[] = [];
  const fence = fenceOf(guards.fence, services);
  // First, to read results as they came.
  if (fence) armed.push({ guard: fence.learns, ...fence.armed });
  if (manifestOf) armed.push({ guard: minimiseGuard(manifestOf), ...always });
  if (guards.injection.mode !== 'off') {
    const { timeoutMs } = injection;
    armed.push({ guard: injectionGuard(injection), mode: guards.injection.mode, timeoutMs });
  }
  if (guards.redact.mode !== 'off') {
    const { mode: redacts, timeoutMs } = guards.redact;
    armed.push({ guard: redactGuard(needed(services.redaction, 'guards.redact')), mode: redacts, timeoutMs });
  }
  const { mode } = guards.spotlight;
  if (mode !== 'off') {
    const { code } = needed(marks, 'guards.spotlight');
    armed.push({ guard: spotlightGuard({ mode, code, ...(manifestOf ? { manifestOf } : {}) }), ...always });
  }
  // Planted also where only observed: a rewriting guard that observes would change nothing.
  if (guards.canary.mode !== 'off') {
    armed.push({ guard: plantCanaryGuard(needed(marks, 'guards.canary').canary), ...always });
  }
  if (fence) armed.push({ guard: fence.withholds, ...fence.armed });
  // Last, so that nothing which is put into an answer escapes it.
  const { mode: takesOut, timeoutMs, allowedHosts } = guards.exfiltration;
  if (takesOut !== 'off') armed.push({ guard: exfiltrationGuard({ allowedHosts }), mode: takesOut, timeoutMs });
  return armed;
}

function judging(config: Config, services: GuardServices): ArmedGuard[] {
  const { guards, secondModel } = config;
  const { flow, injection = new InjectionJudge(guards.injection), manifestOf = () => unknownManifest } = services;
  const { marks, opinion, scopes } = services;
  const armed: ArmedGuard[] = [];
  if (flow) armed.push({ guard: flowGuard(), ...guards.flow });
  const { labels = new SessionLabels() } = services;
  const sent = agreementsGuard(config, { manifestOf, labels: { memory: labels, quotes: false } });
  armed.push({ guard: sent, ...guards.agreements });
  if (injection.holds && guards.injection.mode !== 'off') {
    const guard = afterInjectionGuard(injection, manifestOf);
    armed.push({ guard, mode: guards.injection.mode, timeoutMs: injection.timeoutMs });
  }
  if (guards.canary.mode !== 'off') {
    const { canary } = needed(marks, 'guards.canary');
    armed.push({ guard: canaryGuard(canary), mode: guards.canary.mode, timeoutMs: guards.canary.timeoutMs });
  }
  // These wait for a model, which has its own, shorter time-out and says what went wrong.
  const patient = (ms: number) => (secondModel ? Math.max(ms, secondModel.timeoutMs + 2_000) : ms);
  if (secondModel && secondModel.scope !== 'off') needed(scopes, 'secondModel.scope');
  armed.push({ guard: scopeGuard(scopes), mode: guards.scope.mode, timeoutMs: patient(guards.scope.timeoutMs) });
  if (secondModel?.checkAllowed === 'sinks') {
    const asked = needed(opinion, 'secondModel.checkAllowed');
    armed.push({ guard: secondOpinionGuard(asked, secondModel), mode: 'enforce', timeoutMs: patient(0) });
  }
  return armed;
}

function fenceOf({ mode, ...fence }: Config['guards']['fence'], { owners, manifestOf }: GuardServices) {
  // Without manifests nothing has an owner.
  if (mode === 'off' || !manifestOf) return undefined;
  const index = needed(owners, 'guards.fence');
  const armed = { mode, timeoutMs: fence.timeoutMs } as const;
  return { ...fenceGuards({ mode, ...fence }, { index, manifestOf }), armed };
}

function needed<Service>(service: Service | undefined, path: string): Service {
  if (service !== undefined) return service;
  throw new RuntimeFault('invalid_config', { path, detail: `${path} is on, and the runtime cannot provide it.` });
}
