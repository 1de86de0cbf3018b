export * from './observing.ts';
export * from './registry.ts';
