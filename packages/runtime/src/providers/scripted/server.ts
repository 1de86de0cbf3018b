import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import type { ChunkShape, Script, ScriptedRequest, Step } from './script.ts';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerOf, chunkPayloads, eventText, plainBody } from './answer.ts';
import { readRequest } from './script.ts';

/** One request as it arrived, whatever came of it. */
interface ReceivedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The caller went away before the answer was complete. */
  aborted: boolean;
}

export interface ScriptedModel {
  /** Base URL for an SDK, with `/v1`. */
  readonly url: string;
  /** Oldest first; the last 1,000. */
  readonly requests: readonly ReceivedRequest[];
  /** Drops what is under way. */
  close(): Promise<void>;
}

interface ScriptedModelOptions {
  readonly script: Script;
  /** Ids for `GET /v1/models`. Any id is answered. */
  readonly models?: readonly string[];
  /** Default: a free one. */
  readonly port?: number;
  /** Default: loopback. */
  readonly host?: string;
}

const keptRequests = 1000;
const maxBodyBytes = 32 * 1024 * 1024;
const json = 'application/json';

/**
 * A model that is no AI: an HTTP server which speaks OpenAI's protocol and says what a script says. For practice, for
 * demos, and for testing a gateway against providers that misbehave.
 */
export async function startScriptedModel(options: ScriptedModelOptions): Promise<ScriptedModel> {
  const { script, models = ['practice-1'], port = 0, host = '127.0.0.1' } = options;
  const requests: ReceivedRequest[] = [];
  let answers = 0;

  const server = createServer((request, response) => {
    const handled = handle(request, response).catch((error: unknown) => {
      // A script that throws is a fault of the test or demo: say so instead of leaving the caller waiting.
      if (response.destroyed) return;
      if (response.headersSent) response.destroy();
      else sendError(response, 500, `The script failed: ${String(error)}`, 'server_error');
    });
    void handled;
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    if (body === undefined) return sendError(response, 413, 'The body is too large.', 'invalid_request_error');
    const { method = '', url = '', headers } = request;
    const received: ReceivedRequest = { method, url, headers, body, aborted: false };
    requests.push(received);
    if (requests.length > keptRequests) requests.shift();
    const gone = new AbortController();
    response.once('close', () => {
      received.aborted = !response.writableFinished;
      gone.abort();
    });

    const path = url.split('?', 1)[0];
    if (method === 'GET' && path === '/v1/models') return sendModels(response, models);
    if (method !== 'POST' || path !== '/v1/chat/completions') {
      return sendError(response, 404, `Invalid URL (${method} ${path})`, 'invalid_request_error');
    }
    const parsed = readRequest(body, headers);
    if (typeof parsed === 'string') return sendError(response, 400, parsed, 'invalid_request_error');
    await perform(await script(parsed), parsed, response, ++answers, gone.signal);
  }

  await listen(server, port, host);
  return {
    url: baseUrl(server),
    requests,
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function perform(
  step: Step,
  request: ScriptedRequest,
  response: ServerResponse,
  number: number,
  gone: AbortSignal,
): Promise<void> {
  if (!(await wait(step.delayMs ?? 0, gone))) return;
  const status = step.status ?? (step.error ? 500 : 200);
  const headers = { 'x-request-id': `req_scripted_${number}`, ...step.headers };
  if (step.raw === undefined && !step.error && status < 400 && request.stream) {
    response.writeHead(status, {
      'content-type': step.contentType ?? 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      ...headers,
    });
    return sendStream(step, request, response, number, gone);
  }
  response.writeHead(status, { 'content-type': step.contentType ?? json, ...headers });
  const body = Buffer.from(plainText(step, request, number, status));
  if (step.cutAfter === undefined) response.end(body);
  else response.write(body.subarray(0, step.cutAfter), () => response.destroy());
}

function plainText(step: Step, request: ScriptedRequest, number: number, status: number): string | Uint8Array {
  if (step.raw !== undefined) return step.raw;
  if (step.error || status >= 400) {
    const {
      message = `Scripted error ${status}.`,
      type = 'server_error',
      code = null,
      param = null,
    } = step.error ?? {};
    return JSON.stringify({ error: { message, type, param, code } });
  }
  return JSON.stringify(plainBody(answerOf(step, request, number, seconds())));
}

async function sendStream(
  step: Step,
  request: ScriptedRequest,
  response: ServerResponse,
  number: number,
  gone: AbortSignal,
): Promise<void> {
  const shape = step.chunks ?? {};
  const payloads = chunkPayloads(answerOf(step, request, number, seconds()), request.includeUsage, shape);
  for (const [sent, payload] of payloads.entries()) {
    if (sent === step.cutAfter) {
      response.destroy();
      return;
    }
    if (sent === step.hangAfter && !(await wait(Infinity, gone))) return;
    if (sent > 0 && !(await wait(shape.everyMs ?? 0, gone))) return;
    await writeSplit(response, Buffer.from(eventText(payload, shape)), shape);
    if (gone.aborted) return;
  }
  response.end();
}

async function writeSplit(response: ServerResponse, bytes: Buffer, { bytesPerWrite }: ChunkShape): Promise<void> {
  const size = bytesPerWrite ?? bytes.length;
  for (let start = 0; start < bytes.length; start += size) {
    await new Promise<void>((resolve) => {
      response.write(bytes.subarray(start, start + size), () => resolve());
    });
    // A turn of the event loop lets the socket send each piece by itself.
    if (bytesPerWrite !== undefined) await new Promise(setImmediate);
  }
}

/** @returns false when the caller went away meanwhile */
async function wait(ms: number, gone: AbortSignal): Promise<boolean> {
  if (ms === 0 || gone.aborted) return !gone.aborted;
  if (ms === Infinity) {
    await once(gone, 'abort');
    return false;
  }
  return sleep(ms, true, { signal: gone }).catch(() => false);
}

function sendModels(response: ServerResponse, models: readonly string[]): void {
  const data = models.map((id) => ({ id, object: 'model', created: 0, owned_by: 'scripted' }));
  response.writeHead(200, { 'content-type': json }).end(JSON.stringify({ object: 'list', data }));
}

function sendError(response: ServerResponse, status: number, message: string, type: string): void {
  const body = JSON.stringify({ error: { message, type, param: null, code: null } });
  response.writeHead(status, { 'content-type': json }).end(body);
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size <= maxBodyBytes) parts.push(part);
  }
  return size > maxBodyBytes ? undefined : Buffer.concat(parts).toString('utf8');
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  server.listen(port, host);
  await once(server, 'listening');
}

function baseUrl(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The scripted model does not listen on a port.');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}/v1`;
}

const seconds = (): number => Math.floor(Date.now() / 1000);
