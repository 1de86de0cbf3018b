import { isUtf8 } from 'node:buffer';
import { RuntimeFault, parseJson, showText } from '@sallyport/core';
import type { Json, JsonObject, Message, ToolDefinition } from '@sallyport/core';
import type { ProposedCall } from './turn.ts';

/** A chat completion request (OpenAI API reference, create chat completion), read once. */
export interface ChatRequest {
  /** As the client sent it: what goes upstream is made from this. */
  readonly body: JsonObject;
  readonly model: string;
  readonly messages: readonly Message[];
  readonly tools: readonly ToolDefinition[];
  readonly settings: JsonObject;
  readonly stream: boolean;
  /** Whether the client asked for the usage chunk at the end of a stream. */
  readonly includeUsage: boolean;
}

const maxMessages = 10_000;
const maxTools = 512;
/** Messages since the model last spoke: each is an event of its own, and one request must not fill the log for all. */
const maxArrivals = 1_000;
/** @throws RuntimeFault `invalid_json` or `invalid_request`, whose `path` is the offending parameter */
export function readChatRequest(bytes: Buffer | undefined, maxDepth: number): ChatRequest {
  if (!bytes) throw new RuntimeFault('invalid_json', { detail: 'The body is empty.' });
  if (!isUtf8(bytes)) throw new RuntimeFault('invalid_json', { detail: 'The body is not valid UTF-8.' });
  const body = parseJson(bytes.toString('utf8'), { maxDepth });
  if (!isObject(body)) throw invalid('', 'The body must be a JSON object.');
  const { model, messages, tools, stream, ...settings } = body;
  if (typeof model !== 'string' || model === '' || model.length > 256)
    throw invalid('model', 'model must be the name of a model.');
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean')
    throw invalid('stream', 'stream must be true or false.');
  const options = settings['stream_options'];
  return {
    body,
    model,
    messages: readMessages(messages),
    tools: readTools(tools),
    settings,
    stream: stream === true,
    includeUsage: isObject(options) && options['include_usage'] === true,
  };
}

function readMessages(value: Json | undefined): Message[] {
  const messages = list(value, 'messages', maxMessages).map(readMessage);
  const arrivals = messages.length - 1 - messages.findLastIndex(({ role }) => role === 'assistant');
  if (arrivals <= maxArrivals) return messages;
  throw invalid('messages', `${arrivals} messages since the last answer; at most ${maxArrivals} are accepted.`);
}

function readMessage(value: Json, index: number): Message {
  const path = `messages.${index}`;
  if (!isObject(value)) throw invalid(path, `${path} must be an object.`);
  const { role, content, tool_calls: calls, tool_call_id: callId } = value;
  if (value['function_call'] !== undefined && value['function_call'] !== null) {
    throw invalid(`${path}.function_call`, 'function_call is the old form of tool_calls; send tool_calls.');
  }
  const text = readContent(content, `${path}.content`);
  switch (typeof role === 'string' ? role : '') {
    case 'system':
    case 'developer':
      return { role: 'system', text };
    case 'user':
      return { role: 'user', text };
    case 'tool':
      if (typeof callId !== 'string')
        throw invalid(`${path}.tool_call_id`, 'A tool message names the call it answers in tool_call_id.');
      return { role: 'tool', text, callId };
    case 'assistant':
      if (calls === undefined || calls === null) return { role: 'assistant', text };
      return {
        role: 'assistant',
        text,
        calls: list(calls, `${path}.tool_calls`, maxTools).map((call, at) =>
          readPastCall(call, `${path}.tool_calls.${at}`),
        ),
      };
    default:
      throw invalid(`${path}.role`, `${path}.role must be system, developer, user, assistant or tool.`);
  }
}

function readPastCall(value: Json, path: string): ProposedCall {
  const call = isObject(value) ? readCall(value) : undefined;
  if (!call) throw invalid(path, `${path} must be a function call or a custom tool call with an id.`);
  return call;
}

/** A call in a message or an answer: `function` with JSON text, or `custom` with free text. */
export function readCall(value: JsonObject): ProposedCall | undefined {
  const { id, type, function: called, custom, extra_content: extra } = value;
  if (typeof id !== 'string') return undefined;
  // Of a call with two bodies, or whose type names the other one, this reader and the next might read different ones.
  const kind = isObject(custom) ? 'custom' : 'function';
  if ((isObject(custom) && isObject(called)) || (type !== undefined && type !== null && type !== kind))
    return undefined;
  const opaque = isObject(extra) ? { extra } : {};
  if (isObject(called) && typeof called['name'] === 'string' && typeof called['arguments'] === 'string') {
    return { id, tool: called['name'], arguments: called['arguments'], ...opaque };
  }
  if (isObject(custom) && typeof custom['name'] === 'string' && typeof custom['input'] === 'string') {
    return { id, tool: custom['name'], arguments: JSON.stringify({ input: custom['input'] }), custom: true, ...opaque };
  }
  return undefined;
}

function readContent(content: Json | undefined, path: string): string {
  if (typeof content === 'string') return content;
  if (content === null || content === undefined) return '';
  return list(content, path, maxMessages)
    .map((part, index) => readPart(part, `${path}.${index}`))
    .join('');
}

function readPart(part: Json, path: string): string {
  if (!isObject(part)) throw invalid(path, `${path} must be an object.`);
  if (part['type'] === 'text' && typeof part['text'] === 'string') return part['text'];
  if (part['type'] === 'refusal' && typeof part['refusal'] === 'string') return part['refusal'];
  const image = part['image_url'];
  if (part['type'] === 'image_url' && isObject(image) && typeof image['url'] === 'string') {
    if (image['url'].startsWith('data:image/')) return '';
    throw invalid(
      `${path}.image_url.url`,
      'An image must be a data: URL: the provider would fetch any other address past the checkpoint.',
    );
  }
  throw invalid(
    path,
    `Content of type ${showText(JSON.stringify(part['type'] ?? null), 40)} cannot be judged, so it is not passed on.`,
  );
}

function readTools(value: Json | undefined): ToolDefinition[] {
  if (value === undefined || value === null) return [];
  const tools = list(value, 'tools', maxTools).map(readTool);
  const names = new Set<string>();
  for (const [index, { name }] of tools.entries()) {
    // Of two tools with one name, the model might read one schema and the checkpoint the other.
    if (names.has(name)) throw invalid(`tools.${index}`, `Two tools are called ${name}.`);
    names.add(name);
  }
  return tools;
}

function readTool(value: Json, index: number): ToolDefinition {
  const path = `tools.${index}`;
  if (!isObject(value)) throw invalid(path, `${path} must be an object.`);
  const kind = value['type'] === 'custom' ? 'custom' : 'function';
  const definition = value['type'] === kind ? value[kind] : undefined;
  if (!isObject(definition))
    throw invalid(
      `${path}.type`,
      'A tool is of type function or custom: others run at the provider, past the checkpoint.',
    );
  const { name, description, parameters } = definition;
  if (typeof name !== 'string' || !/^[\w.-]{1,128}$/.test(name)) {
    throw invalid(`${path}.${kind}.name`, 'A tool name is 1 to 128 letters, digits, _, - and dots.');
  }
  if (parameters !== undefined && parameters !== null && !isObject(parameters)) {
    throw invalid(`${path}.${kind}.parameters`, 'parameters must be a JSON Schema object.');
  }
  return {
    name,
    ...(typeof description === 'string' ? { description } : {}),
    ...(isObject(parameters) ? { parameters } : {}),
  };
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function list(value: Json | undefined, path: string, limit: number): readonly Json[] {
  if (!Array.isArray(value) || (path === 'messages' && value.length === 0))
    throw invalid(path, `${path} must be a list.`);
  if (value.length > limit) throw invalid(path, `${path} has ${value.length} items; at most ${limit} are accepted.`);
  return value as readonly Json[];
}

const invalid = (path: string, detail: string) =>
  new RuntimeFault('invalid_request', { detail, ...(path ? { path } : {}) });
