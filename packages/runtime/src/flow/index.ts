export * from './live-state.ts';
export * from './local-keys.ts';
export * from './master-key.ts';
export * from './sealed-box.ts';
export * from './sealed-states.ts';
export { SessionFlows, type SessionFlowsOptions } from './session-flows.ts';
