const cookieName = 'sallyport_session';

/**
 * The session cookie's value. Nothing when there are two: the other may have been planted by a neighbour (cookies know no
 * ports), to have the operator act in an account that is not theirs.
 */
export function cookieOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const found = header.split(';').flatMap((pair) => {
    const [name = '', ...value] = pair.trim().split('=');
    return name === cookieName ? [value.join('=')] : [];
  });
  return found.length === 1 ? found[0] : undefined;
}

/** `Set-Cookie` (RFC 6265) for a sign-in; the secret is base64url, so nothing in it needs encoding. @param maxAge seconds */
export const setCookie = (secret: string, maxAge: number, secure: boolean): string =>
  `${cookieName}=${secret}; Max-Age=${maxAge}; Path=/admin; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;

export const clearCookie = (secure: boolean): string => setCookie('', 0, secure);
