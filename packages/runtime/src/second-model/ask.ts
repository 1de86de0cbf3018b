import { RuntimeFault, asFault, reasons, showText } from '@sallyport/core';
import type {
  Clock,
  Decision,
  Json,
  ModelRef,
  ModelRequest,
  ModelResponse,
  Monitor,
  NewId,
  Providers,
  Result,
  SecondModelConfig,
  Session,
  Usage,
} from '@sallyport/core';
import { collect, malformed, parse } from './collect.ts';

export interface AskOptions {
  readonly config: SecondModelConfig;
  readonly providers: Providers;
  /**
   * A monitor of its own, on the same log: with `armSecondModelGuards`, and without information flow, which would take
   * what is quoted to a second model for something that the session's user said.
   */
  readonly monitor: Monitor;
  readonly clock: Clock;
  readonly newId: NewId;
}

/** A shape that a model's answer must have, such as a strict zod schema. */
interface Shape<Value> {
  safeParse(value: unknown): { success: true; data: Value } | { success: false };
}

export interface Question<Value> {
  /** What to do; of the runtime's own making, no word of it from outside. */
  readonly task: string;
  /** Everything else. Sent as one line of JSON in which invisible characters show: it cannot end early or look like the task. */
  readonly data: Json;
  readonly answer: Shape<Value>;
}

/** Calls of one session under way at once: an answer with 500 calls must not become 500 questions. */
const maxAtOnce = 16;
const maxDataChars = 400_000;

/** Asks the configured second model, which has no tools and no history. Every question is decided and recorded. */
export class SecondModelAsk {
  readonly model: string;
  readonly #options: AskOptions;
  readonly #ref: ModelRef;
  readonly #underWay = new Map<string, number>();

  /** @throws RuntimeFault `invalid_config` when no provider has the model */
  constructor(options: AskOptions) {
    const { model } = options.config;
    const ref = options.providers.resolve(model);
    if (!ref || `${ref.provider}/${ref.name}` !== model) {
      const detail = `secondModel.model: ${model} is of no provider; name one of \`providers\`, as provider/model.`;
      throw new RuntimeFault('invalid_config', { path: 'secondModel.model', detail });
    }
    this.model = model;
    this.#ref = ref;
    this.#options = options;
  }

  /**
   * The answer, in exactly the shape that was asked for.
   *
   * @throws RuntimeFault `provider_failed`, `provider_timeout`, `provider_malformed`, `store_unavailable`, `forbidden`
   */
  async ask<Value>(session: Session, question: Question<Value>): Promise<Value> {
    const underWay = this.#underWay.get(session.id) ?? 0;
    if (underWay >= maxAtOnce) {
      const detail = `${maxAtOnce} questions of this session to the second model are under way.`;
      throw new RuntimeFault('provider_failed', { detail });
    }
    this.#underWay.set(session.id, underWay + 1);
    try {
      const text = await this.#exchange(session, this.#request(question));
      const parsed = question.answer.safeParse(parse(text.trim()));
      if (!parsed.success) throw malformed('it has another shape than was asked for');
      return parsed.data;
    } finally {
      const left = (this.#underWay.get(session.id) ?? 1) - 1;
      if (left === 0) this.#underWay.delete(session.id);
      else this.#underWay.set(session.id, left);
    }
  }

  #request({ task, data }: Question<unknown>): ModelRequest {
    const { config, clock, newId } = this.#options;
    // Line ends are escapes by now; what else does not show is shown.
    const line = showText(JSON.stringify(data), Infinity);
    if (line.length > maxDataChars)
      throw new RuntimeFault('body_too_large', { detail: 'Too much for a second model.' });
    const settings = { ...config.settings, [config.tokenLimit]: config.maxTokens };
    const messages = [
      { role: 'system', text: task },
      { role: 'user', text: `The data, one line of JSON:\n${line}\nAnswer with the JSON object only.` },
    ] as const;
    const body = {
      model: this.#ref.name,
      messages: messages.map(({ role, text }) => ({ role, content: text })),
      stream: false,
      ...settings,
    };
    return {
      kind: 'model_request',
      id: newId(),
      at: clock.now(),
      model: this.#ref,
      messages,
      tools: [],
      settings,
      stream: false,
      wire: { format: 'openai.chat', bytes: Buffer.from(JSON.stringify(body)) },
    };
  }

  async #exchange(session: Session, event: ModelRequest): Promise<string> {
    const { monitor, providers, clock, newId, config } = this.#options;
    const { cleared, decision } = await monitor.decide(event, session);
    if (!cleared) throw refused(decision);
    const started = clock.micros();
    const ended = (result: Pick<Result, 'outcome' | 'error' | 'costMicros'> & Partial<Usage>) => {
      const latencyMs = Math.round((clock.micros() - started) / 10) / 100;
      return monitor.complete(cleared, { ...result, latencyMs });
    };
    const { text, usage } = await collect(providers, cleared, config.timeoutMs, clock).catch(async (error: unknown) => {
      await ended({ outcome: 'error', error: asFault(error).code });
      throw error;
    });
    const costMicros = usage && providers.cost(this.#ref, usage);
    await ended({ outcome: 'ok', ...usage, ...(costMicros === undefined ? {} : { costMicros }) });
    const response = {
      id: newId(),
      at: clock.now(),
      kind: 'model_response',
      model: this.#ref,
      text,
      calls: 0,
    } satisfies ModelResponse;
    const answered = await monitor.decide(response, session);
    if (!answered.cleared) throw refused(answered.decision);
    // As rewritten: with the values that its tokens stand for.
    return answered.cleared.event.text;
  }
}

function refused({ reasons: [first] }: Decision): RuntimeFault {
  const code = first?.code ?? 'guard_failed';
  const detail = [reasons[code].title, first?.detail].filter(Boolean).join(': ');
  return new RuntimeFault(code === 'audit_unavailable' ? 'store_unavailable' : 'forbidden', { detail });
}
