export { claimBounds } from './claims.ts';
export { OidcIssuers, type OidcIssuersOptions, type UserTokenKind, type VerifiedUser } from './issuers.ts';
