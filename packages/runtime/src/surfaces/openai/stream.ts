import { AnswerStopped, RuntimeFault, asFault } from '@sallyport/core';
import type { AnswerReceiver, Cleared, JsonObject, ModelCall, ModelRequest } from '@sallyport/core';
import { ChunkReader } from './chunks.ts';
import { Collector, wireUsage, type WholeAnswer } from './answer.ts';
import { SseSplitter } from './sse.ts';
import { contentOf, explanation, wireCall, type ChatTurn, type Choice, type JudgedChoice } from './turn.ts';
import { passError, passHeaders } from './upstream-errors.ts';
import type { ClientStream } from './client-stream.ts';

/** Runs a turn whose answer is streamed. Text goes on as it comes; calls, once they are whole and judged. */
export async function streamChat(turn: ChatTurn, first: Cleared<ModelRequest>, client: ClientStream): Promise<void> {
  const waiting = { signal: client.gone.signal, keepAlive: () => client.keepAlive() };
  let cleared = first;
  let frame: JsonObject = {};
  let standing: Finished | undefined;
  for (let asks = 1; ; asks++) {
    const relay = new Relay(turn, client, asks > 1 ? frame : undefined);
    const failure = await run(turn, cleared, relay, client);
    // An answer with its explanation is better than an error about a question that the client never asked.
    if (failure && standing) return finish(turn, client, standing);
    if (failure) {
      const { status, headers, body } = passError(failure);
      if (client.started)
        throw new RuntimeFault('provider_failed', { detail: `The provider answered with HTTP ${status}.` });
      client.plain(status, passHeaders(headers), body);
      return;
    }
    const { reader } = relay;
    frame = relay.frame;
    const choices = await whole(turn, cleared, reader);
    const judged = await turn.judge(cleared, choices, reader.usage, waiting);
    assertShown(reader, choices, judged);
    const [choice] = choices;
    const again = choice && judged[0] && choices.length === 1 ? await turn.askAgain(choice, judged[0]) : undefined;
    standing = { reader, frame, choices, judged };
    if (!again) return finish(turn, client, standing);
    cleared = again;
  }
}

/** Runs one model call to its end. Resolves to the answer when it is a plain error instead of a stream. */
async function run(turn: ChatTurn, cleared: Cleared<ModelRequest>, relay: Relay, client: ClientStream) {
  try {
    const failure = await relay.run(cleared);
    if (failure) await turn.complete(cleared, { outcome: 'error', error: String(failure.status) });
    return failure;
  } catch (error) {
    if (error instanceof AnswerStopped) throw await turn.stop(cleared, error);
    const gone = client.gone.signal.aborted;
    await turn.complete(cleared, gone ? { outcome: 'aborted' } : { outcome: 'error', error: asFault(error).code });
    throw error;
  }
}

async function whole(turn: ChatTurn, cleared: Cleared<ModelRequest>, reader: ChunkReader): Promise<Choice[]> {
  try {
    return reader.choices();
  } catch (error) {
    await turn.complete(cleared, { outcome: 'error', error: asFault(error).code });
    throw error;
  }
}

/** A guard whose stream lets through another text than its verdict does is broken, and so is the answer. */
function assertShown(reader: ChunkReader, choices: readonly Choice[], judged: readonly JudgedChoice[]): void {
  for (const [place, { index }] of choices.entries()) {
    for (const [member, shown] of reader.shownOf(index)) {
      if (judged[place]?.texts.get(member) === shown) continue;
      throw new RuntimeFault('internal', {
        detail: `What was streamed of ${member} is not what the guards let through.`,
      });
    }
  }
}

interface Finished {
  readonly reader: ChunkReader;
  readonly frame: JsonObject;
  readonly choices: readonly Choice[];
  readonly judged: readonly JudgedChoice[];
}

function finish(turn: ChatTurn, client: ClientStream, { reader, frame, choices, judged }: Finished): void {
  const send = (choice: JsonObject) => client.write(event({ ...frame, choices: [choice] }));
  for (const [place, { index }] of choices.entries()) {
    const { released, refused, texts } = judged[place] ?? {
      released: [],
      refused: [],
      texts: new Map<string, string>(),
    };
    const last = reader.finishOf(index);
    for (const [member, pieces] of reader.nestedOf(index)) {
      if (texts.get(member) !== choices[place]?.texts.get(member)) continue;
      for (const piece of pieces) send({ index, delta: { [member]: piece }, finish_reason: null });
    }
    if (refused.length > 0) {
      const content = (contentOf({ texts }) ? '\n\n' : '') + explanation(refused);
      send({ index, delta: { role: 'assistant', content }, finish_reason: null });
    }
    for (const [at, call] of released.entries()) {
      send({
        index,
        delta: { role: 'assistant', tool_calls: [{ index: at, ...wireCall(call) }] },
        finish_reason: null,
      });
    }
    send(refused.length > 0 && released.length === 0 ? { ...last, finish_reason: 'stop' } : last);
  }
  if (turn.request.includeUsage) {
    client.write(event({ ...frame, choices: [], usage: wireUsage(reader.usageChunk, turn.usage) }));
  }
  client.end();
}

const event = (chunk: JsonObject): string => `data: ${JSON.stringify(chunk)}\n\n`;

/** Carries one provider's stream to the client. */
class Relay implements AnswerReceiver {
  readonly reader: ChunkReader;
  readonly #turn: ChatTurn;
  readonly #client: ClientStream;
  readonly #splitter = new SseSplitter();
  /** Of the first model call: an answer made of several still carries one id. */
  readonly #frame: JsonObject | undefined;
  #call: ModelCall | undefined;
  #plain: Collector | undefined;
  #resolve: (failure: WholeAnswer | undefined) => void = () => {};
  #reject: (error: Error) => void = () => {};

  constructor(turn: ChatTurn, client: ClientStream, frame: JsonObject | undefined) {
    this.reader = new ChunkReader(turn.maxJsonDepth, () => turn.openAnswer());
    this.#turn = turn;
    this.#client = client;
    this.#frame = frame;
  }

  get frame(): JsonObject {
    return this.#frame ?? this.reader.frame;
  }

  run(cleared: Cleared<ModelRequest>): Promise<WholeAnswer | undefined> {
    const { signal } = this.#client.gone;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      if (signal.aborted) return reject(signal.reason as Error);
      signal.addEventListener('abort', () => this.#stop(signal.reason as Error), { once: true });
      this.#call = this.#turn.providers.send(cleared, this);
    });
  }

  head(status: number, headers: WholeAnswer['headers']): void {
    if (status !== 200) {
      this.#plain = new Collector(this.#resolve, this.#reject);
      this.#plain.stop = () => this.#call?.abort();
      return this.#plain.head(status, headers);
    }
    if (!String(headers['content-type']).startsWith('text/event-stream')) {
      return this.#stop(
        new RuntimeFault('provider_malformed', { detail: 'A stream was asked for and none was sent.' }),
      );
    }
    this.#client.start(passHeaders(headers));
  }

  data(bytes: Uint8Array): void {
    if (this.#plain) return this.#plain.data(bytes);
    this.#guarded(() => this.#pass(this.#splitter.push(bytes)));
  }

  end(): void {
    if (this.#plain) return this.#plain.end();
    this.#guarded(() => {
      this.#pass(this.#splitter.end());
      const { done, finished } = this.reader;
      if (!finished) {
        const detail = done ? 'The stream ended without a finish reason.' : 'The stream was cut off.';
        throw new RuntimeFault('provider_failed', { detail });
      }
      this.#resolve(undefined);
    });
  }

  fault(fault: RuntimeFault): void {
    this.#reject(fault);
  }

  #pass(events: readonly string[]): void {
    let text = '';
    for (const data of events) {
      const kept = this.reader.read(data);
      if (kept !== undefined) text += `data: ${this.#frame ? this.#reframe(kept) : kept}\n\n`;
    }
    if (text === '' || this.#client.write(text)) return;
    this.#call?.pause();
    this.#client.drained(() => this.#call?.resume());
  }

  #reframe(data: string): string {
    return JSON.stringify({ ...(JSON.parse(data) as JsonObject), ...this.#frame });
  }

  #guarded(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#stop(error instanceof AnswerStopped ? error : asFault(error));
    }
  }

  #stop(error: Error): void {
    this.#call?.abort();
    this.#reject(error);
  }
}
