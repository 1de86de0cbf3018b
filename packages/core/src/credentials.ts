import type { Session } from './session.ts';

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

/**
 * Tools' credentials, which no agent ever holds. Every fault is `credential_unavailable`, and then nothing is sent.
 */
export interface Credentials {
  /** Nothing to attach where the upstream has none. */
  attach(use: CredentialUse): Promise<AttachedCredential>;
  /** The upstream answered 401: what was attached is not used again. True where another attempt may have a fresh one. */
  rejected(use: CredentialUse): Promise<boolean>;
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
export interface SubjectTokens {
  of(session: Session): Promise<string | undefined>;
}
