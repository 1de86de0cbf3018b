export { LockFile, lockPathOf } from './lock-file.ts';
export { withPackage } from './locked.ts';
export { PinService, type PinServiceOptions } from './service.ts';
