import { randomBytes } from 'node:crypto';
import { JsonRpcError } from '@sallyport/core';
import type { Clock, JsonObject, Session } from '@sallyport/core';
import type { McpClient } from './contract.ts';

const invalidParams = -32_602;
/** How long a client may take to come back with an answer. */
const answerMs = 600_000;
const maxParkedOfSession = 100;
const maxParked = 10_000;

/** What the client is asked, by a key of our own. */
export type Questions = Readonly<Record<string, { readonly method: string; readonly params: JsonObject }>>;

/**
 * One request of a client on its way, which may have to ask the client something. A 2025 client is asked on the stream of
 * its request. A 2026 client's request is answered with the questions, and made again with the answers: the work waits for it.
 */
export class Exchange {
  client: McpClient;
  readonly #abort = new AbortController();
  #answered: ((responses: JsonObject) => void) | undefined;
  #pose: ((questions: Questions) => void) | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(client: McpClient) {
    this.client = client;
  }

  /** Fires when nobody waits for the work any more. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Asks all at once. Resolves to the answers by key, as they came: some may be missing. */
  async ask(questions: Questions): Promise<JsonObject> {
    const { client } = this;
    if (client.ask) {
      const { ask } = client;
      const asked = Object.entries(questions).map(
        async ([key, { method, params }]) => [key, await ask.call(client, method, params)] as const,
      );
      return Object.fromEntries(await Promise.all(asked));
    }
    // A client answers one set of questions after the other.
    const asking = this.#turn.then(() => this.#askByAnswer(questions));
    this.#turn = asking.catch(() => undefined);
    return await asking;
  }

  /** Runs until the work is done, or the client must answer something first. */
  async until<T>(
    client: McpClient,
    work: Promise<T>,
  ): Promise<{ readonly done: T } | { readonly questions: Questions }> {
    this.client = client;
    const gone = () => this.abort();
    client.signal.addEventListener('abort', gone, { once: true });
    if (client.signal.aborted) gone();
    const reached = Promise.withResolvers<{ readonly done: T } | { readonly questions: Questions }>();
    this.#pose = (questions) => reached.resolve({ questions });
    work.then((done) => reached.resolve({ done }), reached.reject);
    try {
      return await reached.promise;
    } finally {
      this.#pose = undefined;
      client.signal.removeEventListener('abort', gone);
    }
  }

  answer(responses: JsonObject): void {
    const answered = this.#answered;
    this.#answered = undefined;
    answered?.(responses);
  }

  abort(): void {
    this.#abort.abort();
  }

  #askByAnswer(questions: Questions): Promise<JsonObject> {
    const { signal } = this;
    return new Promise((resolve, reject) => {
      const pose = this.#pose;
      if (!pose || signal.aborted) {
        reject(new JsonRpcError(invalidParams, 'Nobody is there to be asked.'));
        return;
      }
      this.#answered = resolve;
      signal.addEventListener('abort', () => reject(new JsonRpcError(invalidParams, 'Nobody answered.')), {
        once: true,
      });
      pose(questions);
    });
  }
}

/** A request on its way, and what it will come to. */
export interface Work {
  readonly exchange: Exchange;
  readonly work: Promise<JsonObject>;
}

interface Waiting extends Work {
  readonly sessionId: string;
  /** What was asked for: the same must be asked for again. */
  readonly request: string;
  readonly cancel: () => void;
}

/** Requests that wait for their client to come back. In memory: after a restart the client is told to begin anew. */
export class Parked {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Waiting>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns `requestState`: unguessable, good once @throws JsonRpcError where too many wait */
  park(session: Session, request: string, exchange: Exchange, work: Promise<JsonObject>): string {
    const own = [...this.#waiting.values()].filter(({ sessionId }) => sessionId === session.id);
    if (own.length >= maxParkedOfSession || this.#waiting.size >= maxParked) {
      exchange.abort();
      throw new JsonRpcError(-32_603, 'Too many requests of this session wait for an answer.');
    }
    const state = randomBytes(24).toString('base64url');
    const cancel = this.#clock.after(answerMs, () => {
      this.#waiting.delete(state);
      exchange.abort();
    });
    this.#waiting.set(state, { exchange, work, sessionId: session.id, request, cancel });
    return state;
  }

  /** @throws JsonRpcError where it is not known, or belongs to another session or another request */
  take(session: Session, request: string, state: unknown): Work {
    const found = typeof state === 'string' ? this.#waiting.get(state) : undefined;
    // One message for all: a client never learns that a state of somebody else's exists.
    if (found?.sessionId !== session.id || found.request !== request) {
      throw new JsonRpcError(
        invalidParams,
        'requestState is not known here, or is of another request. Make the request anew.',
      );
    }
    this.#waiting.delete(state as string);
    found.cancel();
    return found;
  }

  end(sessionId: string): void {
    for (const [state, waiting] of this.#waiting) if (waiting.sessionId === sessionId) this.#drop(state, waiting);
  }

  close(): void {
    for (const [state, waiting] of this.#waiting) this.#drop(state, waiting);
  }

  #drop(state: string, { cancel, exchange }: Waiting): void {
    this.#waiting.delete(state);
    cancel();
    exchange.abort();
  }
}
