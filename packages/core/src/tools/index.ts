export * from './check.ts';
export * from './definition.ts';
export * from './propose.ts';
export * from './read.ts';
export { isExact, matchesGlob, parseGlob, type Glob } from '../policy/glob.ts';
export { resultShape, type ResultShape, type ResultsSeen } from './results.ts';
