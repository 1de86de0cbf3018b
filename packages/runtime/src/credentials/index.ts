export { CredentialBroker } from './broker.ts';
