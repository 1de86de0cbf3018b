export * from './master-key.ts';
export * from './sealed-box.ts';
export { SessionFlows, type SessionFlowsOptions } from './session-flows.ts';
