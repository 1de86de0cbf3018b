import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Json, JsonObject, Session } from '@sallyport/core';
import type { ListenFilter } from '../../gateway/contract.ts';
import type { Envelope } from './envelope.ts';
import { Refusal, errorCodes, invalidParams } from './errors.ts';
import { EventStream, type StreamServices } from './event-stream.ts';
import { isObject, type RpcMessage } from './message.ts';
import { metaKeys } from './revisions.ts';
import type { McpServices } from './services.ts';
import { isStill } from '../still.ts';

export interface Listening extends McpServices, StreamServices {
  readonly limits: StreamServices['limits'];
  readonly listens: Listens;
}

/** The `subscriptions/listen` streams that are open. */
export class Listens {
  readonly #ends = new Map<() => void, string>();

  /** @throws Refusal 429 */
  check(owner: string, { listens, listensEach }: StreamServices['limits']): void {
    const own = [...this.#ends.values()].filter((each) => each === owner).length;
    if (own >= listensEach || this.#ends.size >= listens)
      throw new Refusal(429, errorCodes.internal, `Too many subscriptions are open (${own} of yours). Close one.`);
  }

  add(end: () => void, owner: string): void {
    this.#ends.set(end, owner);
  }

  delete(end: () => void): void {
    this.#ends.delete(end);
  }

  close(): void {
    for (const end of this.#ends.keys()) end();
  }
}

/** `subscriptions/listen` (2026-07-28, subscriptions): a stream of what the client opted in to, until either side ends it. */
export async function listen(
  services: Listening,
  session: Session,
  { id, params }: RpcMessage & { readonly kind: 'request' },
  { capabilities }: Envelope,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const asked = readFilter(params['notifications'], services.limits.watched);
  services.listens.check(session.id, services.limits);
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  const described = await services.gateway.describe(session, { capabilities, signal: gone.signal });
  const filter = honoured(asked, described.capabilities);
  // Again: others may have come while this one waited.
  services.listens.check(session.id, services.limits);
  const meta = { [metaKeys.subscriptionId]: id };
  const stream: EventStream = new EventStream(reply, services, () => void stillAllowed());
  stream.begin();
  const tell = (method: string, given: JsonObject) => {
    const own = isObject(given['_meta']) ? given['_meta'] : {};
    if (stream.keepsUp) stream.send({ jsonrpc: '2.0', method, params: { ...given, _meta: { ...own, ...meta } } });
    else stream.drop();
  };
  const end = () => {
    const closing = { ...meta, [metaKeys.serverInfo]: described.serverInfo };
    stream.send({ jsonrpc: '2.0', id, result: { resultType: 'complete', _meta: closing } });
    stream.end();
  };
  const stillAllowed = async () => {
    if (!(await isStill(services, session, request))) end();
  };
  const { resources, watch: _, ...changes } = filter;
  tell('notifications/subscriptions/acknowledged', {
    notifications: { ...changes, ...(resources ? { resourceSubscriptions: resources } : {}) },
  });
  if (Object.keys(filter).length === 0) return end();
  const stop = services.gateway.listen(session, filter, tell);
  services.listens.add(end, session.id);
  stream.onClose(() => {
    stop();
    services.listens.delete(end);
  });
}

function readFilter(value: Json | undefined, most: number): ListenFilter {
  if (!isObject(value)) throw invalidParams('params.notifications must be an object.');
  const wants = (name: string): boolean => {
    const wanted = value[name];
    if (wanted !== undefined && typeof wanted !== 'boolean')
      throw invalidParams(`params.notifications.${name} must be true or false.`);
    return wanted === true;
  };
  const uris = value['resourceSubscriptions'] ?? [];
  if (!Array.isArray(uris) || uris.some((uri) => typeof uri !== 'string'))
    throw invalidParams('params.notifications.resourceSubscriptions must be a list of URIs.');
  if (uris.length > most) throw invalidParams(`At most ${most} resources can be watched.`);
  return {
    ...(wants('toolsListChanged') ? { toolsListChanged: true } : {}),
    ...(wants('promptsListChanged') ? { promptsListChanged: true } : {}),
    ...(wants('resourcesListChanged') ? { resourcesListChanged: true } : {}),
    ...(uris.length > 0 ? { resources: uris as string[] } : {}),
  };
}

/** Of what a client asked for, what there is. */
function honoured(asked: ListenFilter, { tools, prompts, resources }: JsonObject): ListenFilter {
  const offers = (capability: Json | undefined, member: string) => isObject(capability) && capability[member] === true;
  return {
    ...(asked.toolsListChanged && offers(tools, 'listChanged') ? { toolsListChanged: true } : {}),
    ...(asked.promptsListChanged && offers(prompts, 'listChanged') ? { promptsListChanged: true } : {}),
    ...(asked.resourcesListChanged && offers(resources, 'listChanged') ? { resourcesListChanged: true } : {}),
    ...(asked.resources && offers(resources, 'subscribe') ? { resources: asked.resources, watch: true } : {}),
  };
}
