export { CredentialBroker, type CredentialBrokerOptions } from './broker.ts';
