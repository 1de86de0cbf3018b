import type { FastifyReply, FastifyRequest } from 'fastify';
import { JsonRpcError } from '@sallyport/core';
import type { JsonObject, Session } from '@sallyport/core';
import type { ClientSession } from './client-session.ts';
import type { ClientSessions } from './client-sessions.ts';
import { checkRepeated } from './envelope.ts';
import { Refusal, errorCodes, invalidParams, invalidRequest } from './errors.ts';
import { EventStream, type StreamServices } from './event-stream.ts';
import { Exchange, accepted } from './exchange.ts';
import { isObject, shown, type RpcMessage } from './message.ts';
import { checkParams } from './param-headers.ts';
import { gatewayMethods, isSessionRevision, sessionRevisions } from './revisions.ts';
import type { McpServices } from './services.ts';
import { isStill } from '../still.ts';

export interface Era2025 extends McpServices, StreamServices {
  readonly limits: StreamServices['limits'];
  readonly sessions: ClientSessions;
}

/** One message of a client that speaks 2025-11-25 or one of the two before it. */
export async function post2025(
  services: Era2025,
  session: Session,
  message: RpcMessage,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  if (message.kind !== 'answer') checkRepeated(message, request.headers);
  if (message.kind === 'request' && message.method === 'initialize')
    return await initialize(services, session, message, request, reply);
  const own = sessionOf(services, session, request);
  switch (message.kind) {
    case 'answer':
      own.answer(message.id, message);
      return accepted(reply);
    case 'notification':
      notified(services, session, own, message);
      return accepted(reply);
    case 'request':
      if (message.method === 'tools/call')
        await checkParams(services.gateway, session, message.params, request.headers, false);
      return await call(services, session, own, message, reply);
  }
}

async function initialize(
  services: Era2025,
  session: Session,
  { id, params }: RpcMessage & { kind: 'request' },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { protocolVersion: asked, capabilities, clientInfo } = params;
  if (typeof asked !== 'string') throw invalidParams('protocolVersion must be a string.');
  if (!isObject(capabilities)) throw invalidParams('capabilities must be an object.');
  if (!isObject(clientInfo)) throw invalidParams('clientInfo must be an object.');
  if (request.headers['mcp-session-id'] !== undefined)
    throw invalidRequest('A session is begun without Mcp-Session-Id.');
  const protocol = isSessionRevision(asked) ? asked : sessionRevisions[0];
  const exchange = new Exchange(reply, id, services);
  let own: ClientSession | undefined;
  try {
    own = services.sessions.begin(session, { protocol, capabilities, info: clientInfo });
    // At once: where the rest is long in coming, the head of the answer goes out before it.
    reply.header('mcp-session-id', own.id);
    const { signal } = exchange;
    const described = await services.gateway.describe(session, { capabilities, signal });
    signal.throwIfAborted();
    const { serverInfo, instructions } = described;
    exchange.succeed({
      protocolVersion: protocol,
      capabilities: described.capabilities,
      serverInfo,
      ...(instructions === undefined ? {} : { instructions }),
    });
  } catch (error) {
    if (own) services.sessions.end(own);
    reply.removeHeader('mcp-session-id');
    exchange.fail(error);
  }
}

function notified(
  { gateway }: Era2025,
  session: Session,
  own: ClientSession,
  { method, params }: RpcMessage & { kind: 'notification' },
): void {
  const { requestId } = params;
  if (method === 'notifications/cancelled') {
    if (typeof requestId === 'string' || typeof requestId === 'number') own.cancel(requestId);
  } else if (method === 'notifications/roots/list_changed') gateway.notified(session, method, params);
}

async function call(
  services: Era2025,
  session: Session,
  own: ClientSession,
  { id, method, params }: RpcMessage & { kind: 'request' },
  reply: FastifyReply,
): Promise<void> {
  const exchange = new Exchange(reply, id, services);
  let takeBack = () => undefined as void;
  try {
    own.begin(exchange);
    if (method === 'ping') return exchange.succeed({});
    if (!gatewayMethods.session.has(method))
      throw new JsonRpcError(errorCodes.methodNotFound, `There is no method ${shown(method)}.`);
    if (changesNothing(own, method, params)) return exchange.succeed({});
    if (method === 'resources/subscribe') takeBack = own.watch(params);
    const meta = isObject(params['_meta']) ? params['_meta'] : {};
    const result = await services.gateway.handle(session, method, params, own.client(exchange, meta));
    own.learn(session, method, params);
    exchange.succeed(result['resultType'] === undefined ? result : withoutEnvelope(result));
  } catch (error) {
    takeBack();
    exchange.fail(error);
  }
}

const changesNothing = (own: ClientSession, method: string, params: JsonObject): boolean =>
  own.watches(params) ? method === 'resources/subscribe' : method === 'resources/unsubscribe';

/** Of what a 2026 upstream says beside its result this revision knows nothing. */
function withoutEnvelope({ resultType: _type, ttlMs: _ttl, cacheScope: _scope, ...result }: JsonObject): JsonObject {
  return result;
}

/** The stream for what comes outside requests. */
export async function get2025(
  services: Era2025,
  session: Session,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const own = sessionOf(services, session, request);
  const { 'last-event-id': after } = request.headers;
  const stream: EventStream = new EventStream(reply, services, () => void stillAllowed());
  stream.begin();
  // For hours, perhaps: whoever lost their key, or their session, reads no further.
  const stillAllowed = async () => {
    if (!(await isStill(services, session, request))) stream.end();
  };
  own.attach(session, stream, typeof after === 'string' ? after : undefined);
}

export async function delete2025(
  services: Era2025,
  session: Session,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  services.sessions.end(sessionOf(services, session, request));
  await reply.code(204).send();
}

function sessionOf({ sessions }: Era2025, session: Session, { headers }: FastifyRequest): ClientSession {
  const id = headers['mcp-session-id'];
  if (typeof id !== 'string' || id === '')
    throw invalidRequest(
      'Mcp-Session-Id is missing: begin with initialize, or speak 2026-07-28, which needs no session.',
    );
  const own = sessions.get(session, id);
  const version = headers['mcp-protocol-version'];
  // Clients of 2025-03-26 do not send it.
  if (version !== undefined && version !== own.handshake.protocol)
    throw new Refusal(
      400,
      errorCodes.invalidRequest,
      `MCP-Protocol-Version must be ${own.handshake.protocol}, as this session agreed.`,
    );
  return own;
}
