import { RuntimeFault, parseJson } from '@sallyport/core';
import type { Cleared, Clock, Json, JsonObject, ModelRequest, Providers, Usage } from '@sallyport/core';

const maxAnswerBytes = 262_144;
const maxJsonDepth = 16;

export interface WholeText {
  readonly text: string;
  readonly usage: Usage | undefined;
}

/**
 * Sends a cleared request and waits for the whole answer, at most `ms`.
 *
 * @throws RuntimeFault of the provider: `provider_failed`, `provider_timeout`, `provider_malformed`
 */
export async function collect(
  providers: Providers,
  cleared: Cleared<ModelRequest>,
  ms: number,
  clock: Clock,
): Promise<WholeText> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const parts: Uint8Array[] = [];
  let bytes = 0;
  let status = 0;
  const call = providers.send(cleared, {
    head: (code) => {
      status = code;
    },
    data: (part) => {
      bytes += part.length;
      if (bytes <= maxAnswerBytes) return void parts.push(part);
      call.abort();
      reject(malformed('it is larger than 256 KiB'));
    },
    end: () => resolve(Buffer.concat(parts)),
    fault: reject,
  });
  const cancel = clock.after(ms, () => {
    call.abort();
    reject(new RuntimeFault('provider_timeout', { detail: `No answer within ${ms} ms.` }));
  });
  try {
    const body = await promise;
    if (status !== 200) throw new RuntimeFault('provider_failed', { detail: `HTTP ${status}.` });
    return read(body.toString('utf8'));
  } finally {
    cancel();
  }
}

function read(body: string): WholeText {
  const answer = asObject(parse(body), 'it is no JSON object');
  const choices = answer['choices'];
  if (!Array.isArray(choices) || choices.length !== 1) throw malformed('it has not exactly one choice');
  const choice = asObject(choices[0] as Json, 'its choice is no object');
  const { content, tool_calls: calls } = asObject(choice['message'], 'its choice has no message');
  if (Array.isArray(calls) && calls.length > 0) throw malformed('it proposes a call, and has no tools');
  if (choice['finish_reason'] === 'length') throw malformed('it was cut off; raise secondModel.maxTokens');
  if (typeof content !== 'string') throw malformed('it has no text');
  return { text: content, usage: usageOf(answer['usage']) };
}

function usageOf(value: Json | undefined): Usage | undefined {
  if (!isObject(value)) return undefined;
  const { prompt_tokens: tokensIn, completion_tokens: tokensOut } = value;
  if (!Number.isSafeInteger(tokensIn) || !Number.isSafeInteger(tokensOut)) return undefined;
  return { tokensIn: tokensIn as number, tokensOut: tokensOut as number };
}

/** One reading of what a model wrote, or none. @throws RuntimeFault `provider_malformed` */
export function parse(text: string): Json {
  try {
    return parseJson(text, { maxDepth: maxJsonDepth });
  } catch (cause) {
    throw new RuntimeFault('provider_malformed', { detail: 'The answer cannot be read: it is no JSON.', cause });
  }
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function asObject(value: Json | undefined, otherwise: string): JsonObject {
  if (!isObject(value)) throw malformed(otherwise);
  return value;
}

/** Says what is wrong with an answer, and never what stands in it. */
export const malformed = (what: string): RuntimeFault =>
  new RuntimeFault('provider_malformed', { detail: `The answer cannot be read: ${what}.` });
