import type { AttachConfig, SecretSource } from './config/credentials.ts';
import type { Session } from './session.ts';

/** A shorter one cannot be taken out of texts without taking out what is none. */
export const minSecretLength = 6;
export const maxSecretLength = 65_536;

/** A request that is about to leave for an upstream. */
export interface CredentialUse {
  readonly upstream: string;
  /** Where it goes: a credential is bound to hosts as well. */
  readonly url: string;
  readonly httpMethod: string;
  /** As the upstream knows it; absent for requests about no tool, such as lists. */
  readonly tool?: string;
  /** For whom; absent for lists. */
  readonly session?: Session;
}

/** What goes onto the wire, and nowhere else. */
export interface AttachedCredential {
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** PEM. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
}

/** Headers of a 401: of DPoP, the nonce that the next proof must hold (RFC 9449 section 8). */
export interface CredentialRefusal {
  /** `WWW-Authenticate` */
  readonly authenticate?: string;
  /** `DPoP-Nonce` */
  readonly dpopNonce?: string;
}

/**
 * Tools' credentials, which no agent ever holds. Every fault is `credential_unavailable`, and then nothing is sent.
 */
export interface Credentials {
  /** Nothing to attach where the upstream has none. */
  attach(use: CredentialUse): Promise<AttachedCredential>;
  /**
   * The upstream answered 401: a token that was attached is not used again, a key is read anew. True where another attempt
   * has something else to attach.
   */
  rejected(use: CredentialUse, refusal?: CredentialRefusal): Promise<boolean>;
  /** For a program: its environment variables that are credentials. */
  environment(upstream: string): Promise<Readonly<Record<string, string>>>;
  /** Takes every credential that was ever attached out of a text, encoded ones too: for errors that upstreams echo. */
  mask(text: string): string;
}

/** Says to a tool's own API for whom a call is made: a JWT (RFC 7519) which it verifies by this runtime's JWKS. */
export interface UserContexts {
  /** `audience` is the API it is for; it lives minutes and is for this one call. */
  sign(about: {
    readonly session: Session;
    readonly audience: string;
    readonly tool: string;
    readonly callId: string;
  }): Promise<string>;
}

/** The user's own token at the session's identity provider, where a back end handed it over: for exchange (RFC 8693). */
export interface SubjectToken {
  readonly token: string;
  readonly kind: 'id' | 'access';
}

export interface SubjectTokens {
  of(session: Session): Promise<SubjectToken | undefined>;
}

export const credentialStates = ['unused', 'ok', 'failing', 'revoked'] as const;
export type CredentialState = (typeof credentialStates)[number];

/** One credential as an operator sees it: everything but its value. Times are milliseconds since the epoch. */
export interface CredentialStatus {
  readonly name: string;
  readonly source: SourceKind;
  readonly attach: AttachConfig['kind'];
  readonly upstreams: readonly string[];
  /** As `host` or `host:port`; none for programs. */
  readonly hosts: readonly string[];
  readonly tools: readonly string[];
  readonly state: CredentialState;
  readonly lastReadAt: number | null;
  /** In our own words, never in those of a secret store. */
  readonly lastFailure: string | null;
}

type KeysOf<T> = T extends unknown ? keyof T : never;
export type SourceKind = KeysOf<SecretSource>;
export const sourceKinds = ['env', 'file', 'stored', 'vault', 'aws', 'gcp', 'azure'] as const satisfies SourceKind[];

/** What operators do with credentials. Faults: `not_found` for a name that is not configured. */
export interface CredentialKeeper {
  list(): readonly CredentialStatus[];
  /** Of a `stored` one; what was revoked is in force again. @throws RuntimeFault `invalid_request` for another source, or an unfit value */
  set(name: string, value: string): Promise<void>;
  /** Nothing is attached from now on, after a restart neither. */
  revoke(name: string): Promise<void>;
  restore(name: string): Promise<void>;
  /** Reads each once, as a call would; for those that cannot be read, why. */
  check(): Promise<readonly { readonly name: string; readonly problem: string }[]>;
}

/** Something sealed under a credential's name: its value, or a refresh token that came after it. */
export interface SealedRecord {
  /** 1 for the first. */
  readonly version: number;
  readonly sealed: Uint8Array;
}

export interface CredentialStore {
  sealed(name: string, slot: string): Promise<SealedRecord | undefined>;
  /** Atomic: `conflict` unless the record's version is the one after that which is kept. */
  seal(name: string, slot: string, record: SealedRecord): Promise<void>;
  /** Names of those that are revoked. */
  revoked(): Promise<readonly string[]>;
  /** @param at milliseconds since the epoch; null restores it */
  setRevoked(name: string, at: number | null): Promise<void>;
}

/** Wraps the keys under which things lie sealed. Of a wrapped key its bytes say by which key, so that a wrong one is told apart. */
export interface KeyManagement {
  /** Of the key that wraps: no secret. */
  readonly keyId: string;
  wrap(key: Uint8Array): Promise<Uint8Array>;
  /** @throws RuntimeFault `store_unavailable` when another key wrapped it, or the bytes were changed */
  unwrap(wrapped: Uint8Array): Promise<Uint8Array>;
}
