/** What the dashboard and other clients may import: data, types and schemas, and none of the machinery. */
export * from './contract.ts';
export * from './pins.ts';
export * from './shapes.ts';
export * from '../operators.ts';
export * from '../agreements/kinds.ts';
export { eventKinds, type EventKind } from '../events.ts';
export { outcomes, type Outcome, type Reason } from '../decision.ts';
export { pinFindings, pinStates, type PinFindingCode, type PinState } from '../pins.ts';
export { reasons, type ReasonCode } from '../reasons.ts';
export { sensitiveTypes } from '../sensitive/types.ts';
export { injectionFamilies } from '../injection/report.ts';
export { injectionFigures } from '../injection/figures.ts';
