import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

export interface Asked {
  readonly path: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
  /** The text that is asked about. */
  readonly text: string;
}
export type Answer = (asked: Asked, response: ServerResponse) => void;

/** What none of our own patterns knows; the servers' models do. */
export const sign = 'The heron flies at noon.';
const json = (response: ServerResponse, status: number, body: unknown): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

/** `POST /predict` of Text Embeddings Inference, which refuses what is longer than its model reads. */
export const predict =
  ({ attack = 'MALICIOUS', harmless = 'BENIGN', maxChars = 100_000, nested = false } = {}): Answer =>
  ({ body, text: given }, response) => {
    const { inputs, ...rest } = body as { inputs?: unknown };
    if (typeof inputs !== 'string' || Object.keys(rest).some((key) => !['truncate', 'raw_scores'].includes(key)))
      return json(response, 422, { error: 'invalid type', error_type: 'Validation' });
    if (inputs.length > maxChars)
      return json(response, 413, { error: `\`inputs\` must have less tokens: ${given}`, error_type: 'Validation' });
    const isAttack = inputs.includes(sign);
    const classes = [
      { score: isAttack ? 0.98 : 0.004, label: attack },
      { score: isAttack ? 0.02 : 0.996, label: harmless },
    ].toSorted((a, b) => b.score - a.score);
    return json(response, 200, nested ? [classes] : classes);
  };

/** `POST /v2/guard` of Lakera. */
export const guard =
  (types: readonly string[] = ['prompt_attack', 'pii/email']): Answer =>
  ({ body, text: given, headers }, response) => {
    const { messages, breakdown } = body as { messages?: { role?: string }[]; breakdown?: boolean };
    if (!headers.authorization?.startsWith('Bearer ')) return json(response, 401, { message: 'unauthorised' });
    if (messages?.[0]?.role !== 'user') return json(response, 400, { message: 'no messages' });
    const found = types.map((type) => ({
      project_id: 'project-default',
      policy_id: 'policy-default',
      detector_id: `detector-${type}`,
      detector_type: type,
      detected: type.startsWith('pii') ? given.includes('@') : given.includes(sign),
      message_id: 0,
    }));
    const flagged = found.some(({ detected }) => detected);
    return json(response, 200, {
      flagged,
      ...(breakdown === true ? { breakdown: found } : {}),
      metadata: { request_uuid: '00000000-0000-4000-8000-000000000000' },
    });
  };

/** A real server on this machine, and what it was asked. */
export async function startDetector(answer: Answer) {
  const asked: Asked[] = [];
  let current = answer;
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const body = JSON.parse(await text(request)) as { inputs?: string; messages?: { content: string }[] };
    const one = {
      path: request.url,
      headers: request.headers,
      body,
      text: body.inputs ?? body.messages?.[0]?.content ?? '',
    };
    asked.push(one);
    current(one, response);
  };
  const server = createServer((request, response) => void take(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const answerWith = (next: Answer) => {
    current = next;
  };
  return { url: `http://127.0.0.1:${port}/predict`, origin: `http://127.0.0.1:${port}`, asked, answerWith };
}
