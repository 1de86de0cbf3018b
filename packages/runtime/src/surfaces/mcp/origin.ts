import type { FastifyReply, FastifyRequest } from 'fastify';
import { Remembered, showText } from '@sallyport/core';
import { Refusal, errorCodes } from './errors.ts';
import type { McpServices } from './services.ts';

const machineNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Refuses a Host that is not ours, and a web page that may not call. A page on a name that was made to resolve to this
 * machine (DNS rebinding) is of one origin with us to the browser; only its Host tells.
 *
 * @throws Refusal 403
 */
export function checkCaller({ raw }: FastifyRequest, services: Pick<McpServices, 'allowedHosts' | 'allowedOrigins'>) {
  const { host, origin } = raw.headers;
  // Two hosts, one in the address among them, are two readings (RFC 9112 section 3.2): a proxy may have taken the other.
  const isOne = hostsIn(raw.rawHeaders) === 1 && raw.url?.startsWith('/') === true;
  const name = isOne && host !== undefined ? names.of(host, hostName) : '';
  if (name === '' || !(machineNames.has(name) || allowed(services.allowedHosts(), name)))
    throw forbidden('Host', host, 'Add it to server.trustedHosts, or set server.publicUrl.');
  if (origin === undefined || isSameOrigin(origin, host) || services.allowedOrigins.includes(origin)) return;
  throw forbidden('Origin', origin, 'Add it to mcp.allowedOrigins if that page may call.');
}

const allowed = (hosts: readonly string[], name: string): boolean => hosts.some((host) => host.toLowerCase() === name);

const isSameOrigin = (origin: string, host: string | undefined): boolean => {
  const url = URL.parse(origin);
  return /^https?:$/.test(url?.protocol ?? '') && url?.host === host?.toLowerCase();
};

function hostsIn(rawHeaders: readonly string[]): number {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  return hosts;
}

/** A runtime has few names, and every request has one. */
const names = new Remembered<string>(16_384);

/** Host without port, as `URL` writes it; empty when it is no plain host. */
const hostName = (host: string): string =>
  /^[A-Za-z0-9.:[\]-]{1,255}$/.test(host) ? (URL.parse(`http://${host}/`)?.hostname ?? '') : '';

const forbidden = (header: string, value: string | undefined, fix: string): Refusal =>
  new Refusal(
    403,
    errorCodes.invalidRequest,
    `${header} ${value === undefined ? 'is missing' : showText(value, 80)} is not allowed here. ${fix}`,
  );

const readable = 'Mcp-Session-Id, WWW-Authenticate, X-Request-Id';
const sendable =
  'Authorization, Content-Type, Accept, Last-Event-ID, Mcp-Session-Id, MCP-Protocol-Version, Mcp-Method, Mcp-Name';

/** What a page's browser must be told (Fetch standard, CORS protocol), for origins that were allowed by name. */
export function answerOrigin({ headers }: FastifyRequest, reply: FastifyReply): void {
  if (headers.origin === undefined) return;
  reply.headers({
    'access-control-allow-origin': headers.origin,
    'access-control-expose-headers': readable,
    vary: 'Origin',
  });
}

export async function answerPreflight(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  // Parameters have header names of their own, so that no list could name them all.
  const asked = request.headers['access-control-request-headers'] ?? '';
  const params = asked.split(/\s*,\s*/).filter((name) => /^mcp-param-[\w.-]{1,100}$/i.test(name));
  return await reply
    .code(204)
    .headers({
      'access-control-allow-methods': 'GET, POST, DELETE',
      'access-control-allow-headers': [sendable, ...params.slice(0, 32)].join(', '),
      'access-control-max-age': '600',
    })
    .send();
}
