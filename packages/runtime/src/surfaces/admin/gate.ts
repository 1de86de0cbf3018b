import type { FastifyRequest } from 'fastify';
import type { OperatorRecord } from '@sallyport/core';
import type { AdminPermission } from '@sallyport/core/admin';
import { RuntimeFault, showText } from '@sallyport/core';
import { mayOperator } from '@sallyport/core/admin';
import { credentialsOf } from '../../identity/authenticate.ts';
import { cookieOf } from './cookie.ts';
import type { AdminServices } from './services.ts';

const machineNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Refuses a Host that is not ours. A page on another name that resolves to this machine (DNS rebinding) is of one origin
 * with us to the browser; only its Host tells.
 *
 * @throws RuntimeFault `forbidden`
 */
export function checkHost({ raw }: FastifyRequest, { settings, trustedHosts }: AdminServices): void {
  // Two hosts, one in the address among them, are two readings (RFC 9112 section 3.2): a proxy may have taken the other.
  const hosts = raw.rawHeaders.filter((text, at) => at % 2 === 0 && text.toLowerCase() === 'host').length;
  const name = hosts === 1 && raw.url?.startsWith('/') === true ? hostName(raw.headers.host) : undefined;
  if (name !== undefined) {
    if (machineNames.has(name) || name === hostName(URL.parse(settings.baseUrl())?.host)) return;
    if (trustedHosts.some((trusted) => name === trusted.toLowerCase())) return;
  }
  const shown = raw.headers.host === undefined ? 'No host' : showText(raw.headers.host, 80);
  const detail = `${shown} is no name of this runtime. Add it to server.trustedHosts, or set server.publicUrl.`;
  throw new RuntimeFault('forbidden', { path: 'host', detail });
}

/** Host without port, as `URL` writes it; nothing when it is no plain host. */
function hostName(host: string | undefined): string | undefined {
  if (host === undefined || !/^[A-Za-z0-9.:[\]-]{1,255}$/.test(host)) return undefined;
  return URL.parse(`http://${host}/`)?.hostname;
}

/**
 * Refuses what another site made the operator's browser send: it can neither set this header without being asked first, nor
 * its own Origin. SameSite alone would let another port of this host through, which is the same site.
 *
 * @throws RuntimeFault `forbidden`
 */
export function checkSameOrigin({ method, headers }: FastifyRequest): void {
  const reads = method === 'GET';
  if (!reads && headers['x-sallyport-csrf'] !== '1') throw crossSite('Send the header x-sallyport-csrf: 1.');
  const { origin, host, 'sec-fetch-site': site } = headers;
  if (origin !== undefined && URL.parse(origin)?.host !== host?.toLowerCase()) {
    throw crossSite('The Origin is another than this runtime.');
  }
  if (site !== undefined && site !== 'same-origin' && !(reads && site === 'none')) {
    throw crossSite('The browser says that the request comes from another site.');
  }
}

export interface SignedIn {
  readonly operator: OperatorRecord;
  /** Who it is now, if still signed in: for what runs longer than a request. */
  readonly again: () => Promise<OperatorRecord | undefined>;
}

/** @throws RuntimeFault `unauthenticated` */
export async function signedIn(request: FastifyRequest, { operators }: AdminServices): Promise<SignedIn> {
  const { authorization } = credentialsOf(request.raw);
  const cookie = cookieOf(request.headers.cookie);
  const token = typeof authorization === 'string' ? /^bearer +(\S{1,200})$/i.exec(authorization)?.[1] : undefined;
  const again = async (): Promise<OperatorRecord | undefined> => {
    if (authorization !== undefined) return token === undefined ? undefined : operators.authenticateToken(token);
    return cookie === undefined ? undefined : await operators.authenticateCookie(cookie);
  };
  const operator = await again();
  if (!operator) throw new RuntimeFault('unauthenticated', { detail: 'Sign in with a link from an owner.' });
  return { operator, again };
}

/** @throws RuntimeFault `forbidden` */
export function checkPermission({ role }: OperatorRecord, permission: AdminPermission): void {
  if (mayOperator(role, permission)) return;
  const detail = `The role ${role} does not have ${permission}. Ask an owner for a role that has.`;
  throw new RuntimeFault('forbidden', { detail });
}

const crossSite = (detail: string): RuntimeFault => new RuntimeFault('forbidden', { detail });
