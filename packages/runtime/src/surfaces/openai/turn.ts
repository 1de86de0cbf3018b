import { RuntimeFault, parseJson, reasons, showText, wireText, writeRequest } from '@sallyport/core';
import type {
  AnswerStopped,
  Cleared,
  Clock,
  Decision,
  Denial,
  Json,
  JsonObject,
  Message,
  ModelRef,
  ModelRequest,
  ModelResponse,
  Monitor,
  NewId,
  Providers,
  Reason,
  RecentMessages,
  Result,
  Ruling,
  Session,
  TextStream,
  ToolCall,
  UpstreamTarget,
  Usage,
  WireText,
} from '@sallyport/core';
import type { ChatRequest } from './request.ts';
import { isObject } from './request.ts';
import { OpenHolds, type Asker, type HeldCalls, type Judgement, type Settled, type WaitingClient } from './held.ts';

/** What the OpenAI surface is given; it decides nothing itself. */
export interface OpenAiServices {
  readonly monitor: Monitor;
  readonly providers: Providers;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly reasks: number;
  readonly maxJsonDepth: number;
  readonly recent: RecentMessages;
  /** Without it nobody can be asked about a held call. */
  readonly approvals?: HeldCalls;
  /** By which upstream the runtime itself runs a tool: a proposal of such a call is decided again where it is run. */
  readonly runBy?: (tool: string) => UpstreamTarget | undefined;
  /** How long an answer is kept open for a person, in milliseconds; 0: not at all. */
  readonly holdOpenMs?: number;
}

/** A call that the model proposed, as it stood in the answer. */
export interface ProposedCall {
  readonly id: string;
  readonly tool: string;
  /** JSON text; of a custom tool `{"input": "…"}`. */
  readonly arguments: string;
  readonly custom?: boolean;
  /** `extra_content`: what some providers want back with the call, such as a signature of the model's thoughts. */
  readonly extra?: JsonObject;
}

export interface RefusedCall {
  readonly call: ProposedCall;
  readonly denial: Denial;
}

/** What the client gets of a choice. */
export interface JudgedChoice {
  /** As guards let them through. */
  readonly texts: Texts;
  readonly released: readonly ProposedCall[];
  readonly refused: readonly RefusedCall[];
}

/** What a model wrote, by the member of the message in which it stands: `content`, `refusal`, `reasoning_content`. */
export type Texts = ReadonlyMap<string, string>;

/** One choice of an answer, when it is whole. */
export interface Choice {
  readonly index: number;
  readonly texts: Texts;
  readonly calls: readonly ProposedCall[];
}

export const contentOf = ({ texts }: { readonly texts: Texts }): string => texts.get('content') ?? '';

export interface Denied {
  readonly decision: Decision;
  readonly eventId: string;
}

type Opened = { readonly cleared: Cleared<ModelRequest>; readonly denied?: undefined } | { readonly denied: Denied };

/**
 * One client request on its way: its events, its model calls (more than one when the model is asked again), its tokens.
 */
export class ChatTurn {
  readonly request: ChatRequest;
  readonly model: ModelRef;
  readonly #services: OpenAiServices;
  readonly #session: Session;
  readonly #holds: OpenHolds;
  #messages: readonly Message[];
  #sent: readonly WireText[];
  #asks = 0;
  #started = 0;
  usage: Usage = { tokensIn: 0, tokensOut: 0 };

  constructor(services: OpenAiServices, session: Session, request: ChatRequest, model: ModelRef, asker: Asker) {
    this.#services = services;
    this.#session = session;
    this.#holds = new OpenHolds(services.approvals, services.holdOpenMs ?? 0, services.clock, asker);
    this.request = request;
    this.model = model;
    const sent = services.recent.take(session.id, request.messages, request.body['messages'] as readonly Json[]);
    this.#sent = sent;
    this.#messages = sent.map(({ view }) => view);
  }

  get providers(): Providers {
    return this.#services.providers;
  }

  get maxJsonDepth(): number {
    return this.#services.maxJsonDepth;
  }

  /** Decides on what is new since the model last spoke, and on the model request itself. */
  async open(): Promise<Opened> {
    const last = this.#messages.findLastIndex(({ role }) => role === 'assistant');
    const toolOf = toolsByCall(this.#messages);
    const news = this.#messages.slice(last + 1).flatMap((message) => this.#arrival(message, toolOf));
    const rulings = await Promise.all([...news, this.#askModel()]);
    const denied = rulings.find(({ cleared }) => !cleared);
    const cleared = rulings.at(-1)?.cleared;
    if (cleared && !denied) return { cleared };
    // Let through, and yet not sent, because something beside it was denied.
    if (cleared) await this.complete(cleared, { outcome: 'aborted' });
    const { decision, eventId } = denied as NonNullable<typeof denied>;
    return { denied: { decision, eventId } };
  }

  /** What of a text may go on while it comes in. */
  openAnswer(): TextStream {
    return this.#services.monitor.openAnswer(this.#session);
  }

  /** Puts on record that an answer was ended midway, and why. */
  async stop(cleared: Cleared<ModelRequest>, { reasons: [reason] }: AnswerStopped): Promise<DeniedAnswer> {
    await this.complete(cleared, { outcome: 'aborted' });
    const event = this.#response('', 0);
    const { decision } = await this.#services.monitor.decide(event, this.#session, reason ?? { code: 'guard_failed' });
    return new DeniedAnswer({ decision, eventId: event.id });
  }

  /** Decides on every call of every choice; records what the model answered and how the model call ended. */
  async judge(
    cleared: Cleared<ModelRequest>,
    choices: readonly Choice[],
    usage: Usage | undefined,
    client: WaitingClient,
  ): Promise<JudgedChoice[]> {
    this.#count(usage);
    // One tick, one commit: nothing is released before all of it is on record.
    const [, judged] = await Promise.all([
      this.complete(cleared, { outcome: 'ok' }, usage),
      Promise.all(choices.map((choice) => this.#judgeChoice(choice, client))),
    ]);
    return judged;
  }

  /** Records how a model call ended. Rejects when that cannot be recorded: then nothing is passed on. */
  async complete(
    cleared: Cleared<ModelRequest>,
    result: Pick<Result, 'outcome' | 'error'>,
    usage?: Usage,
  ): Promise<void> {
    const latencyMs = Math.round((this.#services.clock.micros() - this.#started) / 10) / 100;
    const costMicros = usage && this.providers.cost(this.model, usage);
    await this.#services.monitor.complete(cleared, {
      ...result,
      latencyMs,
      ...usage,
      ...(costMicros === undefined ? {} : { costMicros }),
    });
  }

  /**
   * Where every call of the only choice was refused, the model is told so as if its tools had answered, and asked again:
   * an agent that only ever sees the refusal as its last word would leave its user's real question unanswered.
   */
  async askAgain(choice: Choice, { refused, released }: JudgedChoice): Promise<Cleared<ModelRequest> | undefined> {
    if (refused.length === 0 || released.length > 0 || this.#asks > this.#services.reasks) return undefined;
    const calls = refused.map(({ call }) => call);
    const text = contentOf(choice);
    this.#messages = [
      ...this.#messages,
      { role: 'assistant', text, calls },
      ...refused.map(({ call, denial }): Message => ({
        role: 'tool',
        text: JSON.stringify(denial),
        callId: call.id,
        byRuntime: true,
      })),
    ];
    this.#sent = [
      ...this.#sent,
      wireText({ role: 'assistant', content: text || null, tool_calls: calls.map((call) => wireCall(call)) }),
      ...refused.map(({ call, denial }) =>
        wireText({ role: 'tool', tool_call_id: call.id, content: JSON.stringify(denial) }),
      ),
    ];
    const { cleared } = await this.#askModel();
    return cleared;
  }

  #arrival(message: Message, toolOf: ReadonlyMap<string, string>): Promise<Ruling<never> & { eventId: string }>[] {
    const decide = async (event: Parameters<Monitor['decide']>[0]) => {
      const ruling = await this.#services.monitor.decide(event, this.#session);
      return { ...ruling, eventId: event.id } as Ruling<never> & { eventId: string };
    };
    if (message.role === 'user') return [decide({ ...this.#stamp(), kind: 'user_message', text: message.text })];
    if (message.role !== 'tool') return [];
    const callId = message.callId ?? '';
    const tool = toolOf.get(callId) ?? 'unknown';
    return [decide({ ...this.#stamp(), kind: 'tool_result', callId, tool, text: message.text })];
  }

  async #askModel(): Promise<Ruling<ModelRequest> & { eventId: string }> {
    this.#asks++;
    this.#started = this.#services.clock.micros();
    const { stream, tools, settings } = this.request;
    const event: ModelRequest = {
      ...this.#stamp(),
      kind: 'model_request',
      model: this.model,
      messages: this.#messages,
      tools,
      settings,
      stream,
      wire: { format: 'openai.chat', bytes: this.#wireBytes() },
    };
    return { ...(await this.#services.monitor.decide(event, this.#session)), eventId: event.id };
  }

  #wireBytes(): Uint8Array {
    const { body, stream, settings } = this.request;
    const options = settings['stream_options'];
    const streaming = stream ? { stream_options: { ...(isObject(options) ? options : {}), include_usage: true } } : {};
    const { messages: _, ...rest } = body;
    return writeRequest({ ...rest, model: this.model.name, ...streaming }, this.#sent);
  }

  async #judgeChoice({ texts, calls }: Choice, client: WaitingClient): Promise<JudgedChoice> {
    const [passed, judged] = await Promise.all([
      this.#judgeTexts(texts, calls.length),
      this.#judgeCalls(calls, client),
    ]);
    return { texts: passed, ...judged };
  }

  /** Each is an answer of its own: a guard that rewrites one could not say where it stood among others. */
  async #judgeTexts(texts: Texts, calls: number): Promise<Texts> {
    const written = texts.size === 0 ? [['content', ''] as const] : [...texts];
    const passed = written.map(async ([member, text], place) => {
      const event = this.#response(text, place === 0 ? calls : 0);
      const { cleared, decision } = await this.#services.monitor.decide(event, this.#session);
      if (!cleared) throw new DeniedAnswer({ decision, eventId: event.id });
      return [member, cleared.event.text] as const;
    });
    return new Map((await Promise.all(passed)).filter(([member]) => texts.has(member)));
  }

  #response(text: string, calls: number): ModelResponse {
    return { ...this.#stamp(), kind: 'model_response', model: this.model, text, calls };
  }

  async #judgeCalls(calls: readonly ProposedCall[], client: WaitingClient): Promise<Omit<JudgedChoice, 'texts'>> {
    const settled = await Promise.all(calls.map((call) => this.#holds.settle(() => this.#judgeCall(call), client)));
    const released: ProposedCall[] = [];
    const refused: RefusedCall[] = [];
    for (const [index, call] of calls.entries()) {
      const { denial, arguments: cleared } = settled[index] as Settled;
      if (denial) refused.push({ call, denial });
      else released.push(asCleared(call, cleared));
    }
    return { released, refused };
  }

  /** An event of its own each time: of one event there is one intent. */
  async #judgeCall(call: ProposedCall): Promise<Judgement> {
    const { value, broken } = readArguments(call.arguments, this.maxJsonDepth);
    const definition = this.request.tools.find(({ name }) => name === call.tool);
    const target = this.#services.runBy?.(call.tool);
    const event: ToolCall = {
      ...this.#stamp(),
      kind: 'tool_call',
      callId: call.id,
      tool: call.tool,
      arguments: value,
      messages: this.#messages,
      runs: 'agent',
      ...(definition ? { definition } : {}),
      ...(target ? { target } : {}),
    };
    const { cleared, decision } = await this.#services.monitor.decide(event, this.#session, broken);
    return { cleared: cleared?.event.arguments, decision, eventId: event.id };
  }

  #stamp(): { id: string; at: number } {
    return { id: this.#services.newId(), at: this.#services.clock.now() };
  }

  #count(usage: Usage | undefined): void {
    if (!usage) return;
    const { tokensIn, tokensOut } = this.usage;
    this.usage = { tokensIn: tokensIn + usage.tokensIn, tokensOut: tokensOut + usage.tokensOut };
  }
}

/** The call as it stood in the answer, or with what guards put in place of its arguments. */
function asCleared(call: ProposedCall, cleared: JsonObject): ProposedCall {
  const text = JSON.stringify(cleared);
  return text === call.arguments || text === JSON.stringify(readWhole(call.arguments))
    ? call
    : { ...call, arguments: text };
}

const readWhole = (text: string): Json => (text.trim() === '' ? {} : (JSON.parse(text) as Json));

/** By the last call of each id: providers number theirs anew in every answer. */
const toolsByCall = (messages: readonly Message[]): ReadonlyMap<string, string> =>
  new Map(messages.flatMap(({ calls = [] }) => calls.map(({ id, tool }) => [id, tool] as const)));

/** The model's answer itself was denied. */
export class DeniedAnswer extends Error {
  readonly denied: Denied;
  constructor(denied: Denied) {
    super('The answer was denied');
    this.denied = denied;
  }
}

/** What stands in an answer where a call stood that may not be made. */
export const explanation = (refused: readonly RefusedCall[]): string =>
  refused
    .map(
      ({ call, denial }) =>
        `[Sallyport] The call to ${showText(call.tool, 128)} was not made: ${reasons[denial.reason].title.toLowerCase()}. ${denial.message}`,
    )
    .join('\n');

/** A call as it stands in a message or an answer. */
export function wireCall({ id, tool, arguments: text, custom, extra }: ProposedCall): JsonObject {
  const opaque = extra ? { extra_content: extra } : {};
  if (!custom) return { id, type: 'function', function: { name: tool, arguments: text }, ...opaque };
  return {
    id,
    type: 'custom',
    ...opaque,
    custom: { name: tool, input: (JSON.parse(text) as { input: string }).input },
  };
}

/** No arguments at all is an empty object to every SDK; anything else that is no JSON object cannot be judged. */
function readArguments(text: string, maxDepth: number): { value: JsonObject; broken?: Reason } {
  if (text.trim() === '') return { value: {} };
  try {
    const value = parseJson(text, { maxDepth });
    const other = otherNumber(text);
    if (isObject(value) && other === undefined) return { value };
    if (other !== undefined) {
      const detail = `the number in ${JSON.stringify(showText(other, 60))} is too long to be read exactly; send it as text`;
      return { value: {}, broken: { code: 'invalid_arguments', path: 'arguments', detail } };
    }
    return {
      value: {},
      broken: { code: 'invalid_arguments', path: 'arguments', detail: 'the arguments are not a JSON object' },
    };
  } catch (error) {
    if (!(error instanceof RuntimeFault)) throw error;
    return { value: {}, broken: { code: 'invalid_arguments', path: 'arguments', detail: error.message } };
  }
}

/** The member of a number that is another one here than to a reader of whole numbers of any length, which Python's is. */
function otherNumber(text: string): string | undefined {
  if (!/\d{16}|\de/i.test(text)) return undefined;
  let found: string | undefined;
  JSON.parse(text, (name: string, value: unknown, read?: { readonly source: string }) => {
    const source = read?.source ?? '';
    if (typeof value !== 'number') return value;
    if (!Number.isFinite(value) || (/^-?\d+$/.test(source) && BigInt(source) !== BigInt(value))) found ??= name;
    return value;
  });
  return found;
}
