import type { IncomingHttpHeaders } from 'node:http';
import type { Json, JsonObject } from '@sallyport/core';

export interface ScriptedMessage {
  readonly role: string;
  /** Text parts joined; empty where there were none. */
  readonly text: string;
  /** Of a `tool` message: the call it answers. */
  readonly callId?: string;
  /** Of an `assistant` message: what it proposed. */
  readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
}

/** A chat request as a script sees it. */
export interface ScriptedRequest {
  readonly model: string;
  readonly messages: readonly ScriptedMessage[];
  readonly tools: readonly { readonly name: string; readonly parameters?: Json }[];
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly body: JsonObject;
  readonly headers: IncomingHttpHeaders;
}

interface ScriptedUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** How a streamed answer is cut up and written. What is left out is as OpenAI does it. */
export interface ChunkShape {
  /** Characters (UTF-16 units) of text or arguments per fragment. Default 12. */
  readonly fragment?: number;
  /** Milliseconds between two events. */
  readonly everyMs?: number;
  /** Fragments of several calls by turns, instead of one call after the other. */
  readonly interleaved?: boolean;
  /** Leaves `type: 'function'` out of tool-call deltas, as some providers do. */
  readonly omitType?: boolean;
  /** Index of the first tool call. Default 0; some providers count the text as 0 and begin at 1. */
  readonly firstIndex?: number;
  /** Repeats id and name in every fragment of a call, as some providers do. */
  readonly repeatNames?: boolean;
  readonly lineEnd?: '\n' | '\r\n' | '\r';
  /** An SSE comment before every event. */
  readonly comments?: boolean;
  /** Each write to the socket carries this many bytes, so that events and multi-byte characters are split. */
  readonly bytesPerWrite?: number;
  readonly omitDone?: boolean;
  readonly omitFinish?: boolean;
  /** Replaces the payloads of all events but `[DONE]`; sent as they are. */
  readonly payloads?: readonly string[];
}

/** What the model does next. A step without text, calls, error or `raw` answers with an empty text. */
export interface Step {
  readonly text?: string;
  /** Arguments given as text are sent as they are, valid JSON or not. */
  readonly toolCalls?: readonly {
    readonly name: string;
    readonly arguments: JsonObject | string;
    readonly id?: string;
  }[];
  /** `null`: the answer reports none. Left out: about one token per four characters. */
  readonly usage?: ScriptedUsage | null;
  /** Left out: `tool_calls` when calls are proposed, else `stop`. */
  readonly finishReason?: string;
  /** Milliseconds before the first byte; `Infinity` never answers. */
  readonly delayMs?: number;
  /** Default 200, or 500 when there is an error. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly error?: {
    readonly message: string;
    readonly type?: string;
    readonly code?: string | null;
    readonly param?: string | null;
  };
  /** The whole body, sent as it is, streamed or not: for malformed JSON and the like. */
  readonly raw?: string | Uint8Array;
  readonly contentType?: string;
  readonly chunks?: ChunkShape;
  /** Drops the connection after this many events of a stream, or bytes of a plain answer. */
  readonly cutAfter?: number;
  /** Goes silent, with the connection open, after this many events of a stream. */
  readonly hangAfter?: number;
}

export type Script = (request: ScriptedRequest) => Step | Promise<Step>;

/** @returns what is wrong, as OpenAI would put it, or the request. */
export function readRequest(text: string, headers: IncomingHttpHeaders): ScriptedRequest | string {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return 'We could not parse the JSON body of your request.';
  }
  if (!isObject(body)) return 'The body must be a JSON object.';
  if (typeof body['model'] !== 'string') return 'you must provide a model parameter';
  if (!Array.isArray(body['messages'])) return "Missing required parameter: 'messages'.";
  const options = body['stream_options'];
  return {
    model: body['model'],
    messages: body['messages'].filter(isObject).map(readMessage),
    tools: list(body['tools']).flatMap(readTool),
    stream: body['stream'] === true,
    includeUsage: isObject(options) && options['include_usage'] === true,
    body,
    headers,
  };
}

function readMessage(message: JsonObject): ScriptedMessage {
  const calls = list(message['tool_calls']).flatMap((call) => {
    const fn = call['function'];
    return isObject(fn) ? [{ id: word(call['id']), name: word(fn['name']), arguments: word(fn['arguments']) }] : [];
  });
  const callId = message['tool_call_id'];
  return {
    role: word(message['role']),
    text: readText(message['content']),
    calls,
    ...(typeof callId === 'string' && { callId }),
  };
}

const readText = (content: Json | undefined): string =>
  typeof content === 'string'
    ? content
    : list(content)
        .map((part) => word(part['text']))
        .join('');

function readTool(tool: JsonObject): { name: string; parameters?: Json }[] {
  const fn = tool['function'];
  if (!isObject(fn)) return [];
  const parameters = fn['parameters'];
  return [{ name: word(fn['name']), ...(parameters !== undefined && { parameters }) }];
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const list = (value: Json | undefined): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);
const word = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
