export * from './master-key.ts';
export * from './sealed-box.ts';
