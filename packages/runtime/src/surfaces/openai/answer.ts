import { isUtf8 } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import { RuntimeFault, parseJson, showText } from '@sallyport/core';
import type {
  AnswerReceiver,
  Cleared,
  Json,
  JsonObject,
  ModelCall,
  ModelRequest,
  Providers,
  Usage,
} from '@sallyport/core';
import { isObject, readCall } from './request.ts';
import { contentOf, explanation, wireCall, type Choice, type JudgedChoice, type ProposedCall } from './turn.ts';

/** A provider's whole answer to one model call. */
export interface WholeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Buffer;
}

const maxAnswerBytes = 67_108_864;
/** Calls of one answer, and its choices. Each call is judged and recorded: without a bound one answer could fill the log. */
export const maxCalls = 512;
/** Members of a message or delta that hold text: vendors have a handful. */
export const maxTexts = 16;

/** Rejects with RuntimeFault of the provider, or when the client goes away, which also ends the model call. */
export function collect(
  providers: Providers,
  cleared: Cleared<ModelRequest>,
  client: ServerResponse,
): Promise<WholeAnswer> {
  return new Promise((resolve, reject) => {
    if (client.destroyed) return reject(new Error('the client has gone'));
    const gone = () => {
      call.abort();
      reject(new Error('the client has gone'));
    };
    client.once('close', gone);
    const collector = new Collector(
      (answer) => {
        client.off('close', gone);
        resolve(answer);
      },
      (fault) => {
        client.off('close', gone);
        reject(fault);
      },
    );
    const call = providers.send(cleared, collector);
    collector.stop = () => call.abort();
  });
}

/** Gathers an answer's bytes; also used for the error answer to a stream request. */
export class Collector implements AnswerReceiver {
  readonly #resolve: (answer: WholeAnswer) => void;
  readonly #reject: (fault: RuntimeFault) => void;
  readonly #parts: Uint8Array[] = [];
  #bytes = 0;
  #status = 0;
  #headers: WholeAnswer['headers'] = {};
  stop: ModelCall['abort'] = () => {};

  constructor(resolve: (answer: WholeAnswer) => void, reject: (fault: RuntimeFault) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  head(status: number, headers: WholeAnswer['headers']): void {
    this.#status = status;
    this.#headers = headers;
  }

  data(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    if (this.#bytes > maxAnswerBytes) {
      this.stop();
      this.fault(new RuntimeFault('provider_malformed', { detail: 'The answer is larger than 64 MiB.' }));
    } else this.#parts.push(bytes);
  }

  end(): void {
    this.#resolve({ status: this.#status, headers: this.#headers, bytes: Buffer.concat(this.#parts) });
  }

  fault(fault: RuntimeFault): void {
    this.#reject(fault);
  }
}

/** A chat completion object, read for judging. */
export interface Completion {
  readonly body: JsonObject;
  /** Whether the body is all that came. */
  readonly isWhole: boolean;
  readonly choices: readonly Choice[];
  readonly usage: Usage | undefined;
}

/** @throws RuntimeFault `provider_malformed`: what cannot be read cannot be judged */
export function readCompletion(bytes: Buffer, maxDepth: number): Completion {
  // The bytes go on as they are: another reader's idea of broken UTF-8 may be another text.
  if (!isUtf8(bytes)) throw malformed('it is not valid UTF-8');
  const body = readAnswerJson(bytes.toString('utf8'), maxDepth, 'message');
  const list = body['choices'];
  if (!Array.isArray(list)) throw malformed('it has no choices');
  if (list.length > maxCalls) throw malformed('it has too many choices');
  const kept = (list as readonly Json[]).map((choice) => withoutDoubles(choice, 'message'));
  const choices = kept.map(readChoice);
  if (choices.reduce((sum, { calls }) => sum + calls.length, 0) > maxCalls)
    throw malformed('it has too many tool calls');
  const isWhole = kept.every((choice, place) => choice === (list as readonly Json[])[place]);
  return { body: { ...body, choices: kept }, isWhole, choices, usage: readUsage(body['usage']) };
}

const holders: ReadonlySet<string> = new Set(['message', 'delta', 'text']);

/** Some providers say the answer twice, and a client might show the one that nobody judged: only `holder` stays. */
export function withoutDoubles(choice: Json, holder: 'message' | 'delta'): Json {
  if (!isObject(choice)) return choice;
  const names = Object.keys(choice);
  const kept = names.filter((name) => name === holder || !holders.has(fold(name)));
  return kept.length === names.length ? choice : Object.fromEntries(kept.map((name) => [name, choice[name] as Json]));
}

/** @param holder the member of a choice in which calls are read */
export function readAnswerJson(text: string, maxDepth: number, holder: 'message' | 'delta'): JsonObject {
  let value: Json;
  try {
    value = parseJson(text, { maxDepth });
  } catch (cause) {
    throw new RuntimeFault('provider_malformed', {
      detail: `The answer is not JSON: ${(cause as Error).message}`,
      cause,
    });
  }
  if (!isObject(value)) throw malformed('it is not a JSON object');
  refuseHidden(value, ['choices', '', holder, 'tool_calls']);
  return value;
}

/** As readers that ignore case compare names (Go's does): `ſ` is `s`, the Kelvin sign `k`. */
const fold = (name: string): string => (plainName.test(name) ? name : name.toUpperCase().toLowerCase());
const plainName = /^[a-z0-9_]*$/;
const callLists: ReadonlySet<string> = new Set(['tool_calls', 'function_call']);

/**
 * Calls stand in one place. A client that is less strict might find one elsewhere, or under a name in other letters,
 * where nobody judged it.
 *
 * @param place path from here to where calls may stand, `''` for any item; `undefined` where they may not
 */
function refuseHidden(value: Json, place: readonly string[] | undefined): void {
  if (Array.isArray(value)) {
    const inner = place?.[0] === '' ? place.slice(1) : undefined;
    for (const item of value as readonly Json[]) refuseHidden(item, inner);
    return;
  }
  if (!isObject(value)) return;
  const names = Object.keys(value);
  const folded = names.map(fold);
  if (names.some((name, at) => name !== folded[at]) && new Set(folded).size < names.length)
    throw malformed('two members differ only in the case of their names');
  for (const [at, name] of names.entries()) {
    const item = value[name] as Json;
    if (typeof item !== 'object' || item === null) continue;
    const next = place?.[0] === name ? place.slice(1) : undefined;
    if (callLists.has(folded[at] ?? '') && next?.length !== 0 && !oldForm(name, place))
      throw malformed(`calls stand where they are not read, in ${showText(name, 60)}`);
    refuseHidden(item, next);
  }
}

/** Beside the calls, where it is refused by name. */
const oldForm = (name: string, place: readonly string[] | undefined): boolean =>
  name === 'function_call' && place?.length === 1;

function readChoice(value: Json, place: number): Choice {
  const message = isObject(value) ? value['message'] : undefined;
  if (!isObject(value) || !isObject(message)) throw malformed(`choice ${place} has no message`);
  if (message['function_call'] !== undefined && message['function_call'] !== null)
    throw malformed('it uses the old function_call');
  const index = value['index'];
  const nested = nestedMembers(message).map(([member, item]) => [member, nestedText([item])] as const);
  const texts = new Map([...textMembers(message), ...nested]);
  if (texts.size > maxTexts) throw malformed('it has too many kinds of text');
  return {
    index: typeof index === 'number' ? index : place,
    texts,
    calls: readCalls(message['tool_calls']),
  };
}

/**
 * What a model wrote, by member of a message or delta. Whatever is a string is text, unless it is known to be none: a
 * member that this reader does not know may well be shown.
 *
 * @throws RuntimeFault `provider_malformed` where the content is no text: what cannot be read cannot be judged
 */
export function textMembers(message: JsonObject): [string, string][] {
  const { content } = message;
  if (typeof content === 'object' && content !== null) throw malformed('its content is no text');
  return Object.entries(message).filter(
    (member): member is [string, string] => typeof member[1] === 'string' && !notText.has(member[0]),
  );
}

/**
 * Members that hold text deeper down, such as `reasoning_details`: it is judged, but cannot be put back in pieces, so that
 * they go out as they came or not at all.
 */
export const nestedMembers = (message: JsonObject): [string, Json][] =>
  Object.entries<Json>(message).filter(
    ([member, value]) =>
      member !== 'tool_calls' && typeof value === 'object' && value !== null && nestedText([value]) !== '',
  );

/** All text in these values; where several are the pieces of one, put together place by place. */
export function nestedText(values: readonly Json[]): string {
  const texts = new Map<string, string>();
  const gather = (value: Json, path: string): void => {
    if (typeof value === 'string') texts.set(path, (texts.get(path) ?? '') + value);
    else if (typeof value === 'object' && value !== null)
      for (const [name, item] of Object.entries<Json>(value as JsonObject)) gather(item, `${path}.${name}`);
  };
  for (const value of values) gather(value, '');
  return [...texts.values()].filter(Boolean).join('\n');
}

const notText: ReadonlySet<string> = new Set(['role', 'id', 'name', 'type', 'tool_call_id']);

function readCalls(value: Json | undefined): ProposedCall[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw malformed('tool_calls is not a list');
  return (value as readonly Json[]).map((item) => {
    const call = isObject(item) ? readCall(item) : undefined;
    if (!call) throw malformed('a tool call has no id, name or arguments');
    return call;
  });
}

export function readUsage(value: Json | undefined): Usage | undefined {
  if (!isObject(value)) return undefined;
  const { prompt_tokens: tokensIn, completion_tokens: tokensOut } = value;
  if (!Number.isSafeInteger(tokensIn) || !Number.isSafeInteger(tokensOut)) return undefined;
  return { tokensIn: tokensIn as number, tokensOut: tokensOut as number };
}

/** The completion as it may go out: texts as they were let through, explanations for refused calls, the usage of all. */
export function rewriteCompletion(completion: Completion, judged: readonly JudgedChoice[], usage: Usage): JsonObject {
  const choices = (completion.body['choices'] as readonly JsonObject[]).map((choice, place) => {
    const as = judged[place];
    const original = completion.choices[place];
    if (!as || !original || isUntouched(original, as)) return choice;
    const { released, refused, texts } = as;
    const { tool_calls: _, ...came } = choice['message'] as JsonObject;
    const passed = Object.entries<Json>(came).filter(
      ([member, value]) =>
        typeof value !== 'object' || value === null || texts.get(member) === original.texts.get(member),
    );
    const message = Object.fromEntries(passed);
    // Of a text that was changed or a call that was refused, its tokens' probabilities would tell what stood there.
    const { logprobs, ...rest } = choice;
    const content = [contentOf(as), explanation(refused)].filter(Boolean).join('\n\n');
    return {
      ...rest,
      ...(logprobs !== undefined && refused.length === 0 && sameTexts(original, as) ? { logprobs } : {}),
      message: {
        ...message,
        ...Object.fromEntries([...texts].filter(([member]) => typeof message[member] === 'string')),
        ...(texts.has('content') || refused.length > 0 ? { content } : {}),
        ...(released.length > 0 ? { tool_calls: released.map((call) => wireCall(call)) } : {}),
      },
      finish_reason: released.length > 0 || refused.length === 0 ? (choice['finish_reason'] ?? null) : 'stop',
    };
  });
  return {
    ...completion.body,
    choices,
    ...(completion.usage ? { usage: wireUsage(completion.body['usage'], usage) } : {}),
  };
}

/** Whether a choice may go out as it came. */
export const isUntouched = (choice: Choice, judged: JudgedChoice): boolean =>
  judged.refused.length === 0 &&
  sameTexts(choice, judged) &&
  judged.released.every((call, place) => call === choice.calls[place]);

const sameTexts = (choice: Choice, { texts }: JudgedChoice): boolean =>
  [...choice.texts].every(([member, text]) => texts.get(member) === text);

/** Provider's own details stay, the sums are ours. */
export function wireUsage(original: Json | undefined, { tokensIn, tokensOut }: Usage): JsonObject {
  return {
    ...(isObject(original) ? original : {}),
    prompt_tokens: tokensIn,
    completion_tokens: tokensOut,
    total_tokens: tokensIn + tokensOut,
  };
}

export const malformed = (what: string) =>
  new RuntimeFault('provider_malformed', { detail: `The answer cannot be read: ${what}.` });
