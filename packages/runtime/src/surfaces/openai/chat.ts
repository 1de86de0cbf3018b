import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import { RecentMessages, RuntimeFault, type ModelRef, type Session } from '@sallyport/core';
import { ChatTurn, DeniedAnswer, type OpenAiServices } from './turn.ts';
import { ClientStream } from './client-stream.ts';
import { completeChat } from './complete.ts';
import { denialError, faultError, type OpenAiError } from './errors.ts';
import { passHeaders } from './upstream-errors.ts';
import { readChatRequest } from './request.ts';
import { streamChat } from './stream.ts';
import { isStill } from '../still.ts';

export interface OpenAiSurface extends Omit<OpenAiServices, 'recent'> {
  /** Who is calling. Throws RuntimeFault `unauthenticated` or `forbidden`. */
  authenticate(request: FastifyRequest): Session | Promise<Session>;
  /** Whether this session may use the model at all: what the list of models shows. */
  mayUse(session: Session, model: ModelRef): boolean;
}

/** `/v1/chat/completions` and `/v1/models`, as OpenAI's own SDKs expect them; and the agent's own approvals. */
export const openAiRoutes: FastifyPluginCallback<OpenAiSurface> = (app, surface, done) => {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_, body, parsed) => parsed(null, body));
  app.setErrorHandler((error, _, reply) => sendError(reply, toError(error, reply)));
  const nowhere = (_: FastifyRequest, reply: FastifyReply) =>
    sendError(reply, faultError(new RuntimeFault('not_found')));
  app.setNotFoundHandler(nowhere);
  // Otherwise the dashboard's page would answer for what is no route here.
  app.all('/v1/*', nowhere);
  const stopping = new AbortController();
  // A call that waits for a person would be waited for.
  app.addHook('preClose', (closing) => {
    stopping.abort();
    closing();
  });
  const services = { ...surface, recent: new RecentMessages(), stopping: stopping.signal };
  app.post('/v1/chat/completions', (request, reply) => chat(services, request, reply));
  app.get('/v1/models', (request) => listModels(surface, request));
  app.get<{ Params: { id: string } }>('/v1/approvals/:id', (request) => showApproval(surface, request));
  done();
};

/** Whether its call may be made again now; to any other agent, and for any other user, there is no such approval. */
async function showApproval(surface: OpenAiSurface, request: FastifyRequest<{ Params: { id: string } }>) {
  const session = await surface.authenticate(request);
  const approval = await surface.approvals?.stateFor(request.params.id, session);
  if (!approval) throw new RuntimeFault('not_found', { detail: 'You have no such approval.' });
  const { id, state, expiresAt } = approval;
  return { object: 'approval', id, state, expiresAt };
}

async function listModels(surface: OpenAiSurface, request: FastifyRequest) {
  const session = await surface.authenticate(request);
  const models = await surface.providers.models();
  return { object: 'list', data: models.filter((model) => surface.mayUse(session, model)).map(modelObject) };
}

const modelObject = ({ provider, name }: ModelRef) => ({
  id: `${provider}/${name}`,
  object: 'model',
  created: 0,
  owned_by: provider,
});

interface ChatServices extends OpenAiSurface, OpenAiServices {
  readonly stopping: AbortSignal;
}

async function chat(surface: ChatServices, request: FastifyRequest, reply: FastifyReply) {
  const session = await surface.authenticate(request);
  const body = readChatRequest(request.body as Buffer | undefined, surface.maxJsonDepth);
  const model = surface.providers.resolve(body.model);
  if (!model) {
    const detail = `There is no model ${JSON.stringify(body.model.slice(0, 100))}.`;
    throw new RuntimeFault('unknown_model', { detail, path: 'model' });
  }
  const asker = { stopping: surface.stopping, isStill: () => isStill(surface, session, request) };
  const turn = new ChatTurn(surface, session, body, model, asker);
  const opened = await turn.open();
  if (opened.denied) return sendError(reply, denialError(opened.denied.decision, opened.denied.eventId));
  if (body.stream) {
    await stream(turn, opened.cleared, request, reply);
    return reply;
  }
  const { status, headers, body: answer } = await completeChat(turn, opened.cleared, reply.raw);
  return reply.code(status).headers(passHeaders(headers)).type('application/json; charset=utf-8').send(answer);
}

async function stream(
  turn: ChatTurn,
  cleared: Parameters<typeof streamChat>[1],
  request: FastifyRequest,
  reply: FastifyReply,
) {
  reply.hijack();
  const client = new ClientStream(reply.raw, { 'x-request-id': request.id });
  try {
    await streamChat(turn, cleared, client);
  } catch (error) {
    client.fail(toError(error, reply));
  }
}

function toError(error: unknown, reply: FastifyReply): OpenAiError {
  if (error instanceof DeniedAnswer) return denialError(error.denied.decision, error.denied.eventId);
  if (error instanceof RuntimeFault) return faultError(error);
  const status = (error as { statusCode?: number }).statusCode ?? 500;
  if (status === 413) return faultError(new RuntimeFault('body_too_large'));
  if (status >= 400 && status < 500) {
    return { ...faultError(new RuntimeFault('invalid_request', { detail: (error as Error).message })), status };
  }
  // A client that has gone is no fault of ours, and nobody waits for the answer.
  if (!reply.raw.destroyed) reply.log.error({ err: error }, `request ${reply.request.id} failed`);
  return faultError(error);
}

function sendError(reply: FastifyReply, { status, headers, body }: OpenAiError) {
  return reply.code(status).headers(headers).type('application/json; charset=utf-8').send(body);
}
