export { LockFile, lockPathOf } from './lock-file.ts';
export { withPackage } from './locked.ts';
export { PinService } from './service.ts';
