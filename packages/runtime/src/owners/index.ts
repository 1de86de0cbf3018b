export { Owners, type OwnersOptions } from './owners.ts';
