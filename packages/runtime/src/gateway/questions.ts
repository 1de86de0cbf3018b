import { JsonRpcError, denialOf } from '@sallyport/core';
import type { Json, JsonObject, Session, ToolDefinition } from '@sallyport/core';
import type { Exchange } from './exchange.ts';
import { judgeWords, type JudgeServices } from './judge.ts';
import { prefixed } from './names.ts';

/** What the user, or the client's model, refuses: as MCP says, so that a server knows it for a refusal. */
const refused = -1;
const missingCapability = -32_021;

/** What an upstream may ask a client, and the capability that the client must have declared. */
const askable: Readonly<Record<string, string>> = {
  'elicitation/create': 'elicitation',
  'sampling/createMessage': 'sampling',
  'roots/list': 'roots',
};

/** The call during which an upstream asks. */
export interface AskingCall {
  readonly session: Session;
  readonly upstream: string;
  readonly callId: string;
  readonly tool: string;
}

interface Question {
  readonly method: string;
  readonly params: JsonObject;
}

/**
 * What upstreams ask of clients, and what goes back to them. A question is text that a stranger wrote, and is judged as a
 * result; an answer leaves the session, and is decided as a call to `<upstream>__elicitation/create` and the like.
 */
export class UpstreamQuestions {
  readonly #services: JudgeServices;

  constructor(services: JudgeServices) {
    this.#services = services;
  }

  /** @throws JsonRpcError for the upstream, where it is refused */
  async ask(exchange: Exchange, call: AskingCall, method: string, params: JsonObject): Promise<JsonObject> {
    const asked = { question: await this.#question(exchange, call, { method, params }) };
    for (;;) {
      const { question: answer } = await exchange.ask(asked);
      if (isObject(answer)) return await this.#answer(call, method, answer);
    }
  }

  /** As a 2026 upstream asks: by an `input_required` result. Resolves to `inputResponses`. */
  async askAll(exchange: Exchange, call: AskingCall, inputRequests: Json | undefined): Promise<JsonObject> {
    const asked: Record<string, Question> = {};
    for (const [key, question] of Object.entries(isObject(inputRequests) ? inputRequests : {})) {
      if (!isObject(question) || typeof question['method'] !== 'string') continue;
      const params = isObject(question['params']) ? question['params'] : {};
      asked[key] = await this.#question(exchange, call, { method: question['method'], params });
    }
    if (Object.keys(asked).length === 0) return {};
    const answers = await exchange.ask(asked);
    const judged: Record<string, JsonObject> = {};
    for (const [key, answer] of Object.entries(answers)) {
      const method = asked[key]?.method;
      if (method !== undefined && isObject(answer)) judged[key] = await this.#answer(call, method, answer);
    }
    return judged;
  }

  async #question({ client }: Exchange, call: AskingCall, { method, params }: Question): Promise<Question> {
    const capability = askable[method];
    if (capability === undefined || client.capabilities[capability] === undefined) {
      throw new JsonRpcError(missingCapability, `The client cannot be asked ${capability ?? 'this'}.`);
    }
    const judged = await judgeWords(this.#services, call, params);
    if (!judged.words) throw new JsonRpcError(refused, 'The question was refused by a policy.');
    return { method, params: judged.words };
  }

  async #answer({ session, upstream }: AskingCall, method: string, answer: JsonObject): Promise<JsonObject> {
    // Nothing of the session goes back with a refusal.
    if (method === 'elicitation/create' && answer['action'] !== 'accept')
      return { action: answer['action'] ?? 'cancel' };
    const { monitor, clock, newId } = this.#services;
    const name = prefixed({ upstream, name: method });
    const id = newId();
    const definition: ToolDefinition = { name, description: 'What goes back to an upstream that asked' };
    const call = {
      id,
      at: clock.now(),
      kind: 'tool_call',
      callId: id,
      tool: name,
      messages: [],
      runs: 'agent',
    } as const;
    const { cleared, decision } = await monitor.decide({ ...call, arguments: answer, definition }, session);
    if (cleared) return cleared.event.arguments;
    if (method === 'elicitation/create') return { action: 'decline' };
    throw new JsonRpcError(refused, `The answer was refused: ${denialOf(decision, id).reason}`);
  }
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
