import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { Remembered, type Session } from '@sallyport/core';
import { ClientSessions } from './client-sessions.ts';
import { delete2025, get2025, post2025, type Era2025 } from './era-2025.ts';
import { post2026 } from './era-2026.ts';
import { Refusal, asRefusal, challengeOf, errorBody, errorCodes, mismatch, statusOf } from './errors.ts';
import { isStateless, namesStateless } from './envelope.ts';
import { Listens, type Listening } from './listen.ts';
import { idOf, readMessage } from './message.ts';
import { answerOrigin, answerPreflight, checkCaller } from './origin.ts';
import { defaultLimits, type McpServices } from './services.ts';

export type { McpLimits, McpServices } from './services.ts';

type Services = Era2025 & Listening;

/**
 * The MCP surface: streamable HTTP on `/mcp`, in 2025-11-25 (and the two revisions before it) and 2026-07-28, which is told
 * request by request. Protocol and nothing else: what is allowed, the gateway asks.
 */
export const mcpRoutes: FastifyPluginAsync<McpServices> = async (app, given) => {
  const limits = { ...defaultLimits, ...given.limits };
  const sessions = new ClientSessions({ ...given, limits });
  const listens = new Listens();
  const services: Services = { ...given, limits, sessions, listens };
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_, body, parsed) => parsed(null, body));
  app.setErrorHandler((error, request, reply) => refuse(services, error, request, reply));
  // A stream that waits for news would be waited for, and so would a call that waits for a person.
  app.addHook('preClose', (done) => {
    given.gateway.stopHolding();
    sessions.close();
    listens.close();
    done();
  });
  app.decorateRequest(caller, null);
  app.addHook('onRequest', (request, reply, next) => {
    checkCaller(request, services);
    answerOrigin(request, reply);
    if (request.method === 'OPTIONS') return next();
    reply.header('cache-control', 'no-store');
    const go = (session: Session) => {
      request.setDecorator(caller, session);
      next();
    };
    // Before the body is read: strangers' bodies are not worth the memory.
    const session = services.authenticate(request);
    if (session instanceof Promise) session.then(go, next);
    else go(session);
  });
  app.post('/mcp', (request, reply) => begun(reply, post(services, sessionOf(request), request, reply)));
  app.get('/mcp', { exposeHeadRoute: false }, async (request, reply) => {
    refuseStateless(request);
    if (!accepts(request, 'text/event-stream')) throw notAcceptable('text/event-stream');
    await begun(reply, get2025(services, sessionOf(request), request, reply));
  });
  app.delete('/mcp', async (request, reply) => {
    refuseStateless(request);
    await delete2025(services, sessionOf(request), request, reply);
  });
  app.options('/mcp', answerPreflight);
  app.route({ method: ['HEAD', 'PUT', 'PATCH'], url: '/mcp', handler: () => Promise.reject(notAllowed()) });
};

const caller = 'caller';
const sessionOf = (request: FastifyRequest): Session => request.getDecorator<Session>(caller);

/** What fails after a stream has begun has no answer any more: the client sees it break, and nothing stays open behind it. */
const begun = (reply: FastifyReply, work: Promise<void>): Promise<void> =>
  work.catch((error: unknown) => {
    if (!reply.raw.headersSent) throw error;
    reply.log.error({ err: error }, `request ${reply.request.id} failed`);
    reply.raw.destroy();
  });

/** Answers by the reply, and resolves to nothing: a reply is a thenable, which each promise of it would wait for anew. */
async function post(services: Services, session: Session, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (!accepts(request, 'application/json') || !accepts(request, 'text/event-stream'))
    throw notAcceptable('application/json, text/event-stream');
  refuseTwice(request);
  const message = readMessage(request.body as Buffer | undefined, services.maxJsonDepth);
  const version = request.headers['mcp-protocol-version'];
  const stateless = isStateless(message, typeof version === 'string' ? version : undefined);
  await (stateless ? post2026 : post2025)(services, session, message, request, reply);
}

function refuse(services: Services, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = asRefusal(error);
  const status = statusOf(known);
  if (status >= 500 && !reply.raw.destroyed) request.log.error({ err: error }, `request ${request.id} failed`);
  const challenge = challengeOf(error, services.resourceMetadataUrl());
  if (challenge !== undefined) reply.header('www-authenticate', challenge);
  if (known instanceof Refusal) reply.headers(known.headers);
  const scoped = challenge?.includes('insufficient_scope') === true;
  return reply
    .code(scoped ? 403 : status)
    .type('application/json')
    .send(JSON.stringify({ jsonrpc: '2.0', id: idOf(request.body), error: errorBody(known) }));
}

/** Node joins a header that is there twice by a comma, and a proxy in front takes one of them: two readings of one value. */
function refuseTwice({ raw }: FastifyRequest): void {
  for (const name of Object.keys(raw.headers)) {
    if (!name.startsWith('mcp-') || !raw.headers[name]?.includes(',')) continue;
    if ((raw.headersDistinct[name]?.length ?? 0) > 1) throw mismatch(`${name} is there more than once.`);
  }
}

/** Both types by name, as the specification has it: a client that has not said it reads streams may be sent one. */
const accepts = ({ headers: { accept = '' } }: FastifyRequest, type: string): boolean =>
  accepted.of(accept, typesIn).has(type);

/** Every request of a client says the same. */
const accepted = new Remembered<ReadonlySet<string>>(65_536);
const typesIn = (accept: string): ReadonlySet<string> =>
  new Set(accept.split(',').map((each) => each.split(';', 1)[0]?.trim().toLowerCase() ?? ''));

const notAcceptable = (types: string): Refusal =>
  new Refusal(406, errorCodes.invalidRequest, `Accept must name ${types}.`);
const notAllowed = (): Refusal =>
  new Refusal(405, errorCodes.invalidRequest, 'Send POST.', { headers: { allow: 'POST, GET, DELETE' } });

/** 2026-07-28 has neither stream nor session to end. */
function refuseStateless({ headers }: FastifyRequest): void {
  const version = headers['mcp-protocol-version'];
  if (typeof version === 'string' && namesStateless(version)) throw notAllowed();
}
