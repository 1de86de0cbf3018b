import { fastifyCookie } from '@fastify/cookie';

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

const attributes = (secure: boolean) => ({ httpOnly: true, sameSite: 'strict', path: '/admin', secure }) as const;

/** `Set-Cookie` for a sign-in. @param maxAge seconds */
export const setCookie = (secret: string, maxAge: number, secure: boolean): string =>
  fastifyCookie.serialize(cookieName, secret, { ...attributes(secure), maxAge });

export const clearCookie = (secure: boolean): string =>
  fastifyCookie.serialize(cookieName, '', { ...attributes(secure), expires: new Date(0), maxAge: 0 });
