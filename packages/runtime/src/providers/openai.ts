import { Pool, type Dispatcher } from 'undici';
import { Cleared, RuntimeFault } from '@sallyport/core';
import type { AnswerReceiver, ModelCall, ModelRequest, ProviderConfig } from '@sallyport/core';

/** One OpenAI-compatible server: its connections, its key, its addresses. */
export interface OpenAiProvider {
  send(cleared: Cleared<ModelRequest>, receiver: AnswerReceiver): ModelCall;
  /** Names from `GET /models`; empty when the server has no such list. */
  listModels(): Promise<readonly string[]>;
  close(): Promise<void>;
}

const maxListBytes = 4_194_304;

export function openAiProvider(name: string, config: ProviderConfig): OpenAiProvider {
  const base = new URL(config.baseUrl);
  const pool = new Pool(base.origin, {
    connections: 256,
    pipelining: 1,
    headersTimeout: config.timeoutMs,
    bodyTimeout: config.timeoutMs,
    connect: { timeout: Math.min(config.timeoutMs, 10_000) },
  });
  const headers = {
    ...config.headers,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    // An answer is read as it comes, so it must not be compressed.
    'accept-encoding': 'identity',
    ...authorization(config),
  };
  const address = (path: string) => {
    const query = new URLSearchParams(config.query).toString();
    return `${base.pathname.replace(/\/$/, '')}${path}${query && `?${query}`}`;
  };
  const chat = address('/chat/completions');

  return {
    send(cleared, receiver) {
      Cleared.assert(cleared);
      const call = new ModelCallHandler(name, receiver);
      pool.dispatch({ path: chat, method: 'POST', headers, body: cleared.event.wire.bytes }, call);
      return call;
    },
    async listModels() {
      const answer = await pool.request({ path: address('/models'), method: 'GET', headers, headersTimeout: 5_000 });
      const text = await readText(answer.body);
      if (answer.statusCode !== 200) return [];
      const { data } = JSON.parse(text) as { data?: unknown };
      const ids = Array.isArray(data) ? data.map((model: { id?: unknown } | null) => model?.id) : [];
      return ids.filter((id) => typeof id === 'string');
    },
    close: () => pool.destroy(),
  };
}

function authorization({ apiKey, auth }: ProviderConfig): Record<string, string> {
  if (!apiKey) return {};
  return auth === 'bearer' ? { authorization: `Bearer ${apiKey.reveal()}` } : { 'api-key': apiKey.reveal() };
}

async function readText(body: Dispatcher.ResponseData['body']): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > maxListBytes)
      throw new RuntimeFault('provider_malformed', { detail: 'The list of models is too long.' });
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Undici's dispatch interface, which is its cheapest: no stream object stands between the socket and the receiver. */
class ModelCallHandler implements Dispatcher.DispatchHandler, ModelCall {
  readonly #provider: string;
  readonly #receiver: AnswerReceiver;
  #controller: Dispatcher.DispatchController | undefined;
  #over = false;
  #paused = false;

  constructor(provider: string, receiver: AnswerReceiver) {
    this.#provider = provider;
    this.#receiver = receiver;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) controller.abort(new Error('aborted'));
    else if (this.#paused) controller.pause();
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ) {
    // 1xx answers come first and are not the answer.
    if (!this.#over && status >= 200) this.#receiver.head(status, headers);
  }

  onResponseData(_: Dispatcher.DispatchController, bytes: Buffer): void {
    if (!this.#over) this.#receiver.data(bytes);
  }

  onResponseEnd(): void {
    if (this.#over) return;
    this.#over = true;
    this.#receiver.end();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error & { code?: string }): void {
    if (this.#over) return;
    this.#over = true;
    const timedOut = /TIMEOUT/.test(error.code ?? '');
    const detail = `Provider ${this.#provider}: ${error.code ?? error.message}.`;
    this.#receiver.fault(new RuntimeFault(timedOut ? 'provider_timeout' : 'provider_failed', { detail, cause: error }));
  }

  pause(): void {
    this.#paused = true;
    this.#controller?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#controller?.resume();
  }

  abort(): void {
    this.#over = true;
    this.#controller?.abort(new Error('aborted'));
  }
}
