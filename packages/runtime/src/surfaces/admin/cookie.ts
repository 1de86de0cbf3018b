const sessionName = 'sallyport_session';
const attemptName = 'sallyport_sign_in';

/**
 * A cookie's value. Nothing when there are two: the other may have been planted by a neighbour (cookies know no ports), to have
 * the operator act in an account that is not theirs.
 */
function valueOf(name: string, header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const found = header.split(';').flatMap((pair) => {
    const [given = '', ...value] = pair.trim().split('=');
    return given === name ? [value.join('=')] : [];
  });
  return found.length === 1 ? found[0] : undefined;
}

/** The session cookie's value. */
export const cookieOf = (header: string | undefined): string | undefined => valueOf(sessionName, header);

/** `Set-Cookie` (RFC 6265) for a sign-in; the secret is base64url, so nothing in it needs encoding. @param maxAge seconds */
export const setCookie = (secret: string, maxAge: number, secure: boolean): string =>
  `${sessionName}=${secret}; Max-Age=${maxAge}; Path=/admin; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;

export const clearCookie = (secure: boolean): string => setCookie('', 0, secure);

/** The value of the cookie that binds a sign-in at the provider to the browser in which it was begun. */
export const attemptOf = (header: string | undefined): string | undefined => valueOf(attemptName, header);

/** Lax: the browser comes back from the provider's site, and must bring it. @param maxAge seconds */
export const setAttempt = (sealed: string, maxAge: number, secure: boolean): string =>
  `${attemptName}=${sealed}; Max-Age=${maxAge}; Path=/admin/oidc; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;

export const clearAttempt = (secure: boolean): string => setAttempt('', 0, secure);
