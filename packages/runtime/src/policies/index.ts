export type { PolicyStatus } from './folder.ts';
export type { PolicyFiles } from './read.ts';
export { PolicyFolder } from './folder.ts';
export { readPolicyFolder } from './read.ts';
