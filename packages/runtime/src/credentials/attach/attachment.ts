import type { AttachedCredential, CredentialRefusal, CredentialUse } from '@sallyport/core';

/** How one credential is put on the wire. The use was found to be within its bounds. */
export interface Attachment {
  /** @throws RuntimeFault `credential_unavailable` */
  attach(use: CredentialUse, url: URL): Promise<AttachedCredential>;
  /** The upstream answered 401. True where another attempt has something else to attach. */
  rejected(use: CredentialUse, url: URL, refusal: CredentialRefusal): Promise<boolean>;
  /** Drops what is held. */
  forget(): void;
}
