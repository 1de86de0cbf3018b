export * from './labels.ts';
export * from './locate.ts';
export * from './manifest.ts';
export * from './provenance.ts';
