import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { RuntimeFault, denialOf } from '@sallyport/core';
import type { Clock, Monitor, NewId, Session } from '@sallyport/core';
import type { Authenticator } from '../../identity/authenticate.ts';
import type { SecondModel } from '../../second-model/index.ts';
import { credentialsOf } from '../../identity/authenticate.ts';
import { extractSchema } from '../../second-model/index.ts';
import { parseInput, readJsonBodies } from '../admin/input.ts';
import { sendProblem } from '../admin/problem.ts';

export interface ExtractSurfaceServices {
  readonly authenticator: Pick<Authenticator, 'authenticate'>;
  readonly secondModel: Pick<SecondModel, 'extract'>;
  /** The agents' own: what was read is an event of their session. */
  readonly monitor: Monitor;
  readonly clock: Clock;
  readonly newId: NewId;
}

const inputSchema = z.object({
  text: z.string().min(1).max(200_000),
  schema: extractSchema,
  instruction: z.string().trim().min(1).max(2_000),
  source: z.string().trim().min(1).max(200).optional(),
});

/** No agent can offer a tool of this name, so nobody vouched for its results by another's name. */
const extractTool = 'sallyport:extract';

/**
 * `POST /v1/extract` with `{ text, schema, instruction, source? }` → `{ found, value, integrity: 'untrusted', freeText, model }`.
 * For agents, by key or session token. `freeText` names the strings that a stranger may have written as they liked.
 */
export const extractRoutes =
  (services: ExtractSurfaceServices): FastifyPluginAsync =>
  async (app) => {
    readJsonBodies(app);
    app.setErrorHandler(sendProblem);
    app.route({ method: 'POST', url: '/v1/extract', handler: async (request) => await handle(request, services) });
  };

async function handle(request: FastifyRequest, { authenticator, secondModel, ...runtime }: ExtractSurfaceServices) {
  const session = await authenticator.authenticate(credentialsOf(request.raw));
  const { source, ...asked } = parseInput(inputSchema, request.body);
  const extracted = await secondModel.extract(session, { ...asked, ...(source === undefined ? {} : { source }) });
  // From here on the session has read what a stranger chose, however the agent hands it on.
  if (extracted.found) await learn(session, JSON.stringify(extracted.value), runtime);
  return extracted;
}

async function learn(
  session: Session,
  text: string,
  { monitor, clock, newId }: Pick<ExtractSurfaceServices, 'monitor' | 'clock' | 'newId'>,
): Promise<void> {
  const id = newId();
  const result = { id, at: clock.now(), kind: 'tool_result', callId: id, tool: extractTool, text } as const;
  const { cleared, decision } = await monitor.decide(result, session);
  if (cleared) return;
  const { reason, message, retryable } = denialOf(decision, id);
  throw new RuntimeFault(retryable ? 'store_unavailable' : 'forbidden', { detail: `${reason}: ${message}` });
}
