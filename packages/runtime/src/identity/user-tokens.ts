import type { Clock, Session, SubjectToken, SubjectTokens, UserTokenStore } from '@sallyport/core';
import { isOpen } from '@sallyport/core';

const place = 'user token';

/** Seals for one session; see `flow/sealed-box`. */
interface Box {
  seal(sessionId: string, place: string, bytes: Uint8Array): Promise<Uint8Array>;
  open(sessionId: string, place: string, sealed: Uint8Array): Promise<Uint8Array>;
}

export interface UserTokensOptions {
  readonly store: UserTokenStore;
  readonly box: Box;
  readonly clock: Pick<Clock, 'now'>;
}

interface Kept extends SubjectToken {
  readonly expiresAt: number;
}

/**
 * The users' own tokens, where a back end asked to have them kept for exchange: sealed with the session's key, and destroyed
 * with the session. None is ever sent anywhere but to the token endpoint that the operator configured.
 */
export class UserTokens implements SubjectTokens {
  readonly #options: UserTokensOptions;

  constructor(options: UserTokensOptions) {
    this.#options = options;
  }

  /** In place of the one before. @throws RuntimeFault `conflict` when the session has ended */
  async keep(session: Session, { token, kind, expiresAt }: Kept): Promise<void> {
    const { box, store } = this.#options;
    const bytes = new TextEncoder().encode(JSON.stringify({ token, kind, expiresAt } satisfies Kept));
    await store.set(session.id, await box.seal(session.id, place, bytes));
  }

  /** In place of one that was kept; where nobody asked to keep any, none is. @throws as `keep` does */
  async renew(session: Session, fresh: Kept): Promise<void> {
    if (await this.#options.store.get(session.id)) await this.keep(session, fresh);
  }

  /** Nothing once it has expired: whoever has a session for longer hands over a fresh one. */
  async of(session: Session): Promise<SubjectToken | undefined> {
    const { box, store, clock } = this.#options;
    if (!isOpen(session, clock.now())) return undefined;
    const sealed = await store.get(session.id);
    if (!sealed) return undefined;
    const bytes = await box.open(session.id, place, sealed);
    const { expiresAt, ...kept } = JSON.parse(new TextDecoder().decode(bytes)) as Kept;
    return clock.now() < expiresAt ? kept : undefined;
  }
}
