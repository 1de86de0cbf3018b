import type { CredentialView } from '@sallyport/core/admin';
import type { Tone } from '../../components/Mark.tsx';

export const sourceNames: Readonly<Record<CredentialView['source'], string>> = {
  env: 'Environment',
  file: 'A file',
  stored: 'This runtime, sealed',
  vault: 'HashiCorp Vault',
  aws: 'AWS Secrets Manager',
  gcp: 'Google Secret Manager',
  azure: 'Azure Key Vault',
};

/** How it goes onto the wire. */
export const attachNames: Readonly<Record<string, string>> = {
  bearer: 'bearer token',
  header: 'a header',
  query: 'in the query',
  basic: 'user name and password',
  client_credentials: 'OAuth, as the client itself',
  refresh_token: 'OAuth, by refresh token',
  token_exchange: 'OAuth, exchanged for the user’s token',
  mtls: 'client certificate',
  environment: 'environment of a program',
};

export const credentialLooks: Readonly<
  Record<CredentialView['state'], { readonly tone: Tone; readonly word: string }>
> = {
  unused: { tone: 'quiet', word: 'Not used yet' },
  ok: { tone: 'allow', word: 'In use' },
  failing: { tone: 'deny', word: 'Cannot be read' },
  revoked: { tone: 'hold', word: 'Revoked' },
};
