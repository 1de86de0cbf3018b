export * from './check.ts';
export * from './definition.ts';
export * from './propose.ts';
export { resultShape, type ResultShape, type ResultsSeen } from './results.ts';
