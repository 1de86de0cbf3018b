export { SessionVaults, type SessionVaultsOptions } from './session-vaults.ts';
