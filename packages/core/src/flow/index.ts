export * from './labels.ts';
export * from './locate.ts';
export * from './manifest.ts';
export * from './profiles.ts';
export * from './provenance.ts';
export * from './session-flow.ts';
