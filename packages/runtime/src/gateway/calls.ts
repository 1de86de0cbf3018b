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
import { judgeWords } from './judge.ts';
import type { Connections } from './connections.ts';
import type { Exchange } from './exchange.ts';
import type { Holds } from './holds.ts';
import type { Listeners } from './listeners.ts';
import type { Reads } from './reads.ts';
import type { UpstreamQuestions } from './questions.ts';

/** MCP's clients know no code for a denial; of the range that JSON-RPC leaves to servers. */
const deniedCode = -32_010;
const maxRounds = 10;
/** What a 2025 client says once, by `logging/setLevel`, a 2026 client says with every request. */
const logLevel = 'io.modelcontextprotocol/logLevel';
/** Of one call; what comes beyond is dropped. */
const maxNotes = 1_000;

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
    let notes = 0;
    let last: Promise<void> = Promise.resolve();
    return {
      signal: exchange.signal,
      ask,
      meta: passedOn(exchange.client.meta, this.#services.listeners.levelOf(cleared.session.id)),
      notify: (method, params) => {
        if (notes++ >= maxNotes) return;
        // In order, also where one has to wait for its decision.
        last = last.then(() => this.#note(cleared, exchange, method, params)).catch(() => undefined);
      },
      noted: () => last,
    };
  }

  /** Progress, and log messages: their words are a stranger's too. */
  async #note(cleared: Cleared<ToolCall>, { client }: Exchange, method: string, params: JsonObject): Promise<void> {
    if (method === 'notifications/progress') {
      const { progressToken } = client.meta;
      if (progressToken === undefined) return;
      const { progressToken: _, ...rest } = params;
      const judged = typeof rest['message'] === 'string' ? await this.#judgedText(cleared, rest) : rest;
      if (judged) client.notify(method, { ...judged, progressToken });
    } else if (
      method === 'notifications/message' &&
      this.#services.listeners.wants(cleared.session.id, params['level'])
    ) {
      const judged = await this.#judgedText(cleared, params);
      if (judged) client.notify(method, judged);
    }
  }

  async #judgedText(cleared: Cleared<ToolCall>, said: JsonObject): Promise<JsonObject | undefined> {
    const passed = await this.#judgeResult(cleared, said);
    return 'denial' in passed ? undefined : passed.result;
  }

  async #judgeResult(
    { event: { callId, tool }, session }: Cleared<ToolCall>,
    result: JsonObject,
  ): Promise<{ readonly result: JsonObject } | { readonly denial: Denial }> {
    const judged = await judgeWords(this.#services, { session, callId, tool }, result);
    if ('decision' in judged) return { denial: this.#denial(judged.decision, judged.eventId) };
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

/** Trace context (W3C) and what this request asks for. Nothing else of a client reaches an upstream. */
function passedOn(meta: JsonObject, level: string | undefined): JsonObject {
  const names = ['traceparent', 'tracestate', 'progressToken', logLevel];
  const wanted = level === undefined ? {} : { [logLevel]: level };
  const own = names.flatMap((name) => (meta[name] === undefined ? [] : [[name, meta[name]] as const]));
  return { ...wanted, ...Object.fromEntries(own) };
}

function codeOf(error: unknown): string {
  if (error instanceof RuntimeFault) return error.code;
  return error instanceof JsonRpcError ? `jsonrpc ${error.code}` : 'internal';
}
