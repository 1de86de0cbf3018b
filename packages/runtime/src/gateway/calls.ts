import { JsonRpcError, RuntimeFault, denialOf } from '@sallyport/core';
import type {
  Cleared,
  Clock,
  Decision,
  Denial,
  Json,
  JsonObject,
  Monitor,
  NewId,
  Reason,
  Result,
  Session,
  ToolCall,
  ToolDefinition,
  UpstreamPeer,
  UpstreamTarget,
} from '@sallyport/core';
import { deniedCode, judgeWords } from './judge.ts';
import type { Connections } from './connections.ts';
import type { Exchange } from './exchange.ts';
import type { McpClient } from './contract.ts';
import type { Holds } from './holds.ts';
import type { Listeners } from './listeners.ts';
import { Notes, isProgress, isWordless, type Note } from './notes.ts';
import { levelIn, passedOn } from './passed-on.ts';
import type { Reads } from './reads.ts';
import type { UpstreamQuestions } from './questions.ts';

const maxRounds = 10;

export interface CallServices {
  readonly monitor: Monitor;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly connections: Connections;
  readonly questions: UpstreamQuestions;
  readonly holds: Holds;
  readonly approvalUrl: (id: string) => string;
  readonly reads: Reads;
  readonly listeners: Pick<Listeners, 'levelOf' | 'wants'>;
}

/** Something that an upstream is to do for a session. */
export interface Asked {
  readonly session: Session;
  /** The name by which agents and policies know it. */
  readonly tool: string;
  readonly definition: ToolDefinition;
  readonly target: UpstreamTarget;
  readonly arguments: JsonObject;
  /** What makes it impossible to judge, such as a tool that waits for review. */
  readonly broken?: Reason | undefined;
}

/** Decides on a call, has the upstream carry it out, and decides on what comes back. */
export class Calls {
  readonly #services: CallServices;

  constructor(services: CallServices) {
    this.#services = services;
  }

  /** @throws JsonRpcError as the upstream answered, or for a denial that is no tool's; RuntimeFault */
  async run(asked: Asked, exchange: Exchange): Promise<JsonObject> {
    const judged = await this.#clear(asked, exchange);
    if ('denial' in judged) return this.#refused(asked, judged.denial);
    const { cleared } = judged;
    const started = this.#services.clock.micros();
    const complete = async (result: Omit<Result, 'latencyMs'>) => {
      const latencyMs = Math.round((this.#services.clock.micros() - started) / 10) / 100;
      await this.#services.monitor.complete(cleared, { ...result, latencyMs });
    };
    let result: JsonObject;
    try {
      result = await this.#carryOut(cleared, exchange);
    } catch (error) {
      const failed = exchange.signal.aborted ? 'aborted' : 'error';
      await complete({ outcome: failed, error: codeOf(error) });
      throw error instanceof JsonRpcError ? await this.#judgedError(cleared, error) : error;
    }
    const outcome =
      result['isError'] === true ? ({ outcome: 'error', error: 'tool_error' } as const) : ({ outcome: 'ok' } as const);
    // One tick, one commit.
    const [, passed] = await Promise.all([complete(outcome), this.#judgeResult(cleared, result)]);
    return 'denial' in passed ? this.#refused(asked, passed.denial) : passed.result;
  }

  async #clear(
    asked: Asked,
    exchange: Exchange,
  ): Promise<{ readonly cleared: Cleared<ToolCall> } | { readonly denial: Denial }> {
    for (let round = 0; ; round++) {
      const event = this.#event(asked);
      const { cleared, decision } = await this.#services.monitor.decide(event, asked.session, asked.broken);
      if (cleared) return { cleared };
      const isHeld = decision.outcome === 'require_approval' && round < maxRounds;
      if (!isHeld || !(await this.#services.holds.answered(exchange, decision))) {
        return { denial: this.#denial(decision, event.id) };
      }
    }
  }

  /** An event of its own each time: of one event there is one intent. */
  #event({ session, tool, definition, target, arguments: values }: Asked): ToolCall {
    const { clock, newId, reads } = this.#services;
    const id = newId();
    const messages = reads.of(session.id);
    return {
      id,
      at: clock.now(),
      kind: 'tool_call',
      callId: id,
      tool,
      arguments: values,
      definition,
      messages,
      runs: 'runtime',
      target,
    };
  }

  async #carryOut(cleared: Cleared<ToolCall>, exchange: Exchange): Promise<JsonObject> {
    const { connections, questions } = this.#services;
    const { session, event } = cleared;
    const target = event.target as UpstreamTarget;
    const call = { session, upstream: target.upstream, callId: event.callId, tool: event.tool };
    return await connections.use(target.upstream, session, exchange.client.capabilities, async (connection) => {
      let again: JsonObject | undefined;
      for (let round = 0; round < maxRounds; round++) {
        const peer = this.#peer(cleared, exchange, (method, params) => questions.ask(exchange, call, method, params));
        const result = await connection.run(cleared, again ? { ...peer, again } : peer);
        await peer.noted();
        if (result['resultType'] !== 'input_required') return result;
        const inputResponses = await questions.askAll(exchange, call, result['inputRequests']);
        const { requestState } = result;
        again = { inputResponses, ...(requestState === undefined ? {} : { requestState }) };
      }
      throw new RuntimeFault('upstream_malformed', { detail: `It asked for input ${maxRounds} times in one call.` });
    });
  }

  #peer(
    cleared: Cleared<ToolCall>,
    exchange: Exchange,
    ask: NonNullable<UpstreamPeer['ask']>,
  ): UpstreamPeer & { noted(): Promise<void> } {
    const notes = new Notes(this.#services.clock, (together) => this.#tell(cleared, exchange, together));
    return {
      signal: exchange.signal,
      ask,
      meta: passedOn(exchange.client.meta, this.#services.listeners.levelOf(cleared.session.id)),
      notify: (method, params) => notes.add({ method, params }),
      noted: () => notes.told(),
    };
  }

  /**
   * Notes that come together are judged as one. Where anything is found in them each is judged by itself, so that nothing is
   * changed or withheld for what another one says.
   */
  async #tell(cleared: Cleared<ToolCall>, { client }: Exchange, notes: readonly Note[]): Promise<void> {
    const wanted = notes.filter((note) => this.#wants(cleared.session, client, note));
    const together = wanted.length > 1 && (await this.#areClean(cleared, wanted).catch(() => false));
    for (const note of wanted) {
      const said = wordsOf(note);
      const judged = together || isWordless(said) ? said : await this.#judgedText(cleared, said).catch(() => undefined);
      if (judged) client.notify(note.method, isProgress(note) ? withToken(judged, client) : judged);
    }
  }

  #wants({ id }: Session, { meta }: McpClient, note: Note): boolean {
    if (isProgress(note)) return meta['progressToken'] !== undefined;
    return (
      note.method === 'notifications/message' && this.#services.listeners.wants(id, note.params['level'], levelIn(meta))
    );
  }

  /** Whether all of them may be told as they are. */
  async #areClean({ event: { callId, tool }, session }: Cleared<ToolCall>, notes: readonly Note[]): Promise<boolean> {
    const said = notes.map(wordsOf).filter((words) => !isWordless(words));
    if (said.length === 0) return true;
    const judged = await judgeWords(this.#services, { session, callId, tool }, { said });
    if (!judged.words || judged.decision.outcome !== 'allow') return false;
    this.#services.reads.add(session.id, { id: callId, tool }, judged.text);
    return true;
  }

  /** Progress, log messages and errors: their words are a stranger's too. */
  async #judgedText(cleared: Cleared<ToolCall>, said: JsonObject): Promise<JsonObject | undefined> {
    const passed = await this.#judgeResult(cleared, said);
    return 'denial' in passed ? undefined : passed.result;
  }

  async #judgeResult(
    { event: { callId, tool }, session }: Cleared<ToolCall>,
    result: JsonObject,
  ): Promise<{ readonly result: JsonObject } | { readonly denial: Denial }> {
    const judged = await judgeWords(this.#services, { session, callId, tool }, result);
    if (!judged.words) return { denial: this.#denial(judged.decision, judged.eventId) };
    this.#services.reads.add(session.id, { id: callId, tool }, judged.text);
    return { result: judged.words };
  }

  /** What an upstream says in an error is a result by another way. */
  async #judgedError(cleared: Cleared<ToolCall>, { code, message, data }: JsonRpcError): Promise<Error> {
    const said = await this.#judgedText(cleared, { message, ...(data === undefined ? {} : { data }) });
    if (!said) return new JsonRpcError(code, 'The upstream answered with an error, whose text was withheld.');
    return new JsonRpcError(code, said['message'] as string, said['data']);
  }

  #denial(decision: Decision, eventId: string): Denial {
    const denial = denialOf(decision, eventId);
    if (!denial.approval) return denial;
    return { ...denial, approval: { ...denial.approval, url: this.#services.approvalUrl(denial.approval.id) } };
  }

  /** A model goes on after a tool's error; anything else that is refused is an error of the protocol. */
  #refused({ target }: Asked, denial: Denial): JsonObject {
    if (target.method !== 'tools/call') {
      throw new JsonRpcError(deniedCode, denial.message, denial as unknown as Json);
    }
    return { content: [{ type: 'text', text: JSON.stringify(denial) }], isError: true };
  }
}

/** The token is the client's own word, and is put back as it was. */
function wordsOf(note: Note): JsonObject {
  if (!isProgress(note)) return note.params;
  const { progressToken: _, ...words } = note.params;
  return words;
}

function withToken(words: JsonObject, { meta: { progressToken } }: McpClient): JsonObject {
  return progressToken === undefined ? words : { ...words, progressToken };
}

function codeOf(error: unknown): string {
  if (error instanceof RuntimeFault) return error.code;
  return error instanceof JsonRpcError ? `jsonrpc ${error.code}` : 'internal';
}
