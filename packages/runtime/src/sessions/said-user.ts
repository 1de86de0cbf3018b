import type { UserRef } from '@sallyport/core';

/** What a user's token says of them, and since when. */
export interface SaidUser {
  readonly userId: string;
  /** Whose token it is. */
  readonly issuer: string;
  readonly roles: readonly string[];
  readonly claims: NonNullable<UserRef['claims']>;
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
}

/** Whom a new session is for. */
export interface NamedUser {
  readonly userId: string;
  readonly userRoles?: readonly string[];
  readonly userClaims?: NonNullable<UserRef['claims']>;
  /** Whose token says so; absent where a trusted back end names the user. */
  readonly userIssuer?: string;
}

export const userOf = ({ userId, userRoles = [], userClaims, userIssuer }: NamedUser): UserRef => ({
  id: userId,
  roles: userRoles,
  ...(userClaims === undefined ? {} : { claims: userClaims }),
  ...(userIssuer === undefined ? {} : { issuer: userIssuer }),
});
