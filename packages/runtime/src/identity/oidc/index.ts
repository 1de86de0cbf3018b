export { claimBounds, rolesOf, textOf } from './claims.ts';
export { OidcIssuers, type UserTokenKind, type VerifiedUser } from './issuers.ts';
export { ProviderHttp, isProviderUrl, unavailable } from './provider-http.ts';
