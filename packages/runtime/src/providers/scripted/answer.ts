import type { ChunkShape, ScriptedRequest, Step } from './script.ts';
import type { JsonObject } from '@sallyport/core';

interface Call {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

/** The figures and names which plain and streamed answers share. */
export interface Answer {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly created: number;
  readonly model: string;
  readonly text: string | null;
  readonly calls: readonly Call[];
  readonly finishReason: string;
  readonly usage: JsonObject | null;
}

export function answerOf(step: Step, request: ScriptedRequest, number: number, created: number): Answer {
  const calls = (step.toolCalls ?? []).map((call, i) => ({
    id: call.id ?? `call_scripted_${number}_${i}`,
    name: call.name,
    arguments: typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments),
  }));
  return {
    id: `chatcmpl-scripted-${number}`,
    created,
    model: request.model,
    text: step.text ?? (calls.length > 0 ? null : ''),
    calls,
    finishReason: step.finishReason ?? (calls.length > 0 ? 'tool_calls' : 'stop'),
    usage: usageOf(step, request, calls),
  };
}

function usageOf(step: Step, request: ScriptedRequest, calls: readonly Call[]): JsonObject | null {
  if (step.usage === null) return null;
  const asked = request.messages.reduce((sum, message) => sum + message.text.length, 0);
  const answered = calls.reduce((sum, call) => sum + call.name.length + call.arguments.length, step.text?.length ?? 0);
  const prompt = step.usage?.promptTokens ?? Math.ceil(asked / 4);
  const completion = step.usage?.completionTokens ?? Math.ceil(answered / 4);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

/** `chat.completion`, as in OpenAI's API reference. */
export const plainBody = (answer: Answer): JsonObject => ({
  ...head(answer, 'chat.completion'),
  choices: [
    {
      index: 0,
      message: {
        role: 'assistant',
        content: answer.text,
        refusal: null,
        ...(answer.calls.length > 0 && {
          tool_calls: answer.calls.map(({ id, name, arguments: text }) => ({
            id,
            type: 'function',
            function: { name, arguments: text },
          })),
        }),
      },
      logprobs: null,
      finish_reason: answer.finishReason,
    },
  ],
  ...(answer.usage && { usage: answer.usage }),
});

/** The payloads of a stream's events, `[DONE]` last: `chat.completion.chunk`, as in OpenAI's API reference. */
export function chunkPayloads(answer: Answer, includeUsage: boolean, shape: ChunkShape): string[] {
  const done = shape.omitDone ? [] : ['[DONE]'];
  if (shape.payloads) return [...shape.payloads, ...done];

  const deltas: JsonObject[] = [{ role: 'assistant', content: answer.text === null ? null : '', refusal: null }];
  for (const content of fragments(answer.text ?? '', shape)) deltas.push({ content });
  deltas.push(...callDeltas(answer.calls, shape));

  const usage = includeUsage && answer.usage !== null;
  const chunk = (delta: JsonObject, finish: string | null): JsonObject => ({
    ...head(answer, 'chat.completion.chunk'),
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    ...(usage && { usage: null }),
  });
  const chunks = deltas.map((delta) => chunk(delta, null));
  if (!shape.omitFinish) chunks.push(chunk({}, answer.finishReason));
  if (usage) chunks.push({ ...head(answer, 'chat.completion.chunk'), choices: [], usage: answer.usage });
  return [...chunks.map((payload) => JSON.stringify(payload)), ...done];
}

function callDeltas(calls: readonly Call[], shape: ChunkShape): JsonObject[] {
  const perCall = calls.map((call, i) => fragmentsOfCall(call, (shape.firstIndex ?? 0) + i, shape));
  const ordered = shape.interleaved ? byTurns(perCall) : perCall.flat();
  return ordered.map((delta) => ({ tool_calls: [delta] }));
}

/** The first fragment has id, name and empty arguments; those after it have arguments only. */
function fragmentsOfCall({ id, name, arguments: text }: Call, index: number, shape: ChunkShape): JsonObject[] {
  const names = { id, ...(!shape.omitType && { type: 'function' }) };
  return [
    { index, ...names, function: { name, arguments: '' } },
    ...fragments(text, shape).map((piece) =>
      shape.repeatNames
        ? { index, ...names, function: { name, arguments: piece } }
        : { index, function: { arguments: piece } },
    ),
  ];
}

function byTurns<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, turn) => lists.flatMap((list) => list.slice(turn, turn + 1))).flat();
}

function fragments(text: string, { fragment = 12 }: ChunkShape): string[] {
  const pieces: string[] = [];
  for (let start = 0; start < text.length; start += fragment) pieces.push(text.slice(start, start + fragment));
  return pieces;
}

const head = ({ id, created, model }: Answer, object: string): JsonObject => ({
  id,
  object,
  created,
  model,
  service_tier: 'default',
  system_fingerprint: 'scripted',
});

/** One server-sent event (WHATWG HTML, section 9.2). */
export const eventText = (payload: string, { lineEnd = '\n', comments = false }: ChunkShape): string =>
  `${comments ? `: scripted${lineEnd}` : ''}data: ${payload}${lineEnd}${lineEnd}`;
