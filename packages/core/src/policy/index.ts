export type { CellDecision, CellValue, DemandedOrigin } from './cells.ts';
export type { GivenFlow } from './given-flow.ts';
export type { CellKind, Permissions } from './permissions.ts';
export type { CellEdit } from './edit.ts';
export type { PolicyCaseResult } from './cases.ts';
export type { RecordedStep, ReplaySession, Unreplayable } from './recorded.ts';
export type { ReplayOptions, ReplaySummary, ReplayedStep, SessionReplay } from './replay.ts';
export type { CheckMode, Disagreement } from './evaluate.ts';
export type { PolicyProblem, PolicySource } from './problems.ts';
export type { PolicySetOptions, PolicySources } from './load.ts';
export type {
  Authorization,
  AuthorizationRequest,
  Explanation,
  PolicyAction,
  PolicySet,
  PolicySetDescription,
  RequestFlow,
  RuleExplanation,
  RuleRef,
} from './policy.ts';
export { cellDecisions, cellSchema, demandedOrigins } from './cells.ts';
export { flowOfGiven, givenFlowSchema } from './given-flow.ts';
export { freshFlow } from './flow.ts';
export { cellKindNames, cellKinds, permissionsSchema, readPermissions } from './permissions.ts';
export { cedarSchema } from './schema.ts';
export { checkModes } from './evaluate.ts';
export { invalidPolicy, problemText } from './problems.ts';
export { editCell } from './edit.ts';
export { runPolicyCases } from './cases.ts';
export { loadPolicySet } from './load.ts';
export { recordedSteps, unreplayable } from './recorded.ts';
export { replaySession, replaySummary } from './replay.ts';
export { policyActions } from './policy.ts';
export { cedarString } from './text.ts';
export { claimName } from '../config/identity.ts';
