import type { FastifyReply, FastifyRequest } from 'fastify';
import { JsonRpcError } from '@sallyport/core';
import type { JsonObject, Session } from '@sallyport/core';
import type { McpClient } from '../../gateway/contract.ts';
import { Refusal, errorCodes, invalidRequest } from './errors.ts';
import { readEnvelope, type Envelope } from './envelope.ts';
import { Exchange, accepted } from './exchange.ts';
import { checkParams } from './param-headers.ts';
import { missingCapabilities } from './input-required.ts';
import { listen, type Listening } from './listen.ts';
import { shown, type RpcMessage } from './message.ts';
import { gatewayMethods, logLevels, metaKeys, statelessRevisions } from './revisions.ts';

type Call = RpcMessage & { readonly kind: 'request' };

/** One message of a client that speaks 2026-07-28: it stands alone. */
export async function post2026(
  services: Listening,
  session: Session,
  message: RpcMessage,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  if (message.kind === 'answer') throw invalidRequest('2026-07-28 takes no answers: send the request again.');
  const envelope = readEnvelope(message, request.headers);
  // This revision knows none over HTTP; what a client sends all the same means nothing here.
  if (message.kind === 'notification') return accepted(reply);
  const { method } = message;
  if (method === 'subscriptions/listen') return await listen(services, session, message, envelope, request, reply);
  if (method !== 'server/discover' && !gatewayMethods.stateless.has(method))
    throw new Refusal(404, errorCodes.methodNotFound, `There is no method ${shown(method)}.`);
  if (method === 'tools/call') await checkParams(services.gateway, session, message.params, request.headers, true);
  await call(services, session, message, envelope, reply);
}

async function call(
  services: Listening,
  session: Session,
  message: Call,
  envelope: Envelope,
  reply: FastifyReply,
): Promise<void> {
  const exchange = new Exchange(reply, message.id, services);
  try {
    const result =
      message.method === 'server/discover'
        ? await discover(services, session, envelope, exchange)
        : await services.gateway.handle(session, message.method, message.params, clientOf(session, envelope, exchange));
    exchange.succeed(complete(services, message.method, envelope, result));
  } catch (error) {
    exchange.fail(error instanceof JsonRpcError ? asOf2026(error) : error);
  }
}

/** What is answered otherwise in this revision, wherever it arises: two by an HTTP error, and one by another code. */
function asOf2026(error: JsonRpcError): JsonRpcError {
  const { code, message, data } = error;
  if (code === errorCodes.resourceNotFound) return new JsonRpcError(errorCodes.invalidParams, message, data);
  const status = statuses[code];
  return status === undefined ? error : new Refusal(status, code, message, data === undefined ? {} : { data });
}

const statuses: Readonly<Record<number, number>> = {
  [errorCodes.methodNotFound]: 404,
  [errorCodes.missingCapability]: 400,
};

async function discover({ gateway }: Listening, session: Session, { capabilities }: Envelope, { signal }: Exchange) {
  const described = await gateway.describe(session, { capabilities, signal });
  return {
    supportedVersions: statelessRevisions,
    capabilities: described.capabilities,
    ...(described.instructions === undefined ? {} : { instructions: described.instructions }),
    _meta: { [metaKeys.serverInfo]: described.serverInfo },
  };
}

function clientOf(
  session: Session,
  { protocol, capabilities, info, meta, logLevel }: Envelope,
  exchange: Exchange,
): McpClient {
  const least = logLevel === undefined ? Infinity : (logLevels as readonly unknown[]).indexOf(logLevel);
  return {
    protocol,
    capabilities,
    info,
    meta,
    notify: (method, params) => {
      const wanted =
        method !== 'notifications/message' || (logLevels as readonly unknown[]).indexOf(params['level']) >= least;
      if (wanted) exchange.notify(method, params);
    },
    keepAlive: () => exchange.keepAlive(),
    isStill: () => exchange.isStill(session),
    signal: exchange.signal,
  };
}

const lists: ReadonlySet<string> = new Set([
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'server/discover',
]);
const asking: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);

/** The envelope of results. What is kept is kept by its client alone: lists are what this session may see. */
function complete(services: Listening, method: string, envelope: Envelope, result: JsonObject): JsonObject {
  const { resultType = 'complete' } = result;
  if (resultType === 'input_required') {
    if (!asking.has(method)) throw new JsonRpcError(errorCodes.internal, `${method} cannot ask for input.`);
    const missing = missingCapabilities(result['inputRequests'], envelope.capabilities);
    if (missing)
      throw new JsonRpcError(
        errorCodes.missingCapability,
        `The client must be able to do ${Object.keys(missing).join(', ')} for this.`,
        { requiredCapabilities: missing },
      );
    return result;
  }
  if (lists.has(method)) return { ...result, resultType, ttlMs: services.resultTtlMs, cacheScope: 'private' };
  if (method === 'resources/read') return { ttlMs: 0, ...result, resultType, cacheScope: 'private' };
  return { ...result, resultType };
}
