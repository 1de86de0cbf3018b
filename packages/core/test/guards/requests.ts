import { createHmac } from 'node:crypto';
import type { Json, JsonObject, Message, ModelRequest } from '../../src/index.ts';

export const hmac = (text: string): string => createHmac('sha256', 'test').update(text).digest('hex');
export const code = (sessionId: string, text: string): string => hmac(`${sessionId}\0${text}`).slice(0, 20);
export const canary = (sessionId: string): string => hmac(sessionId).slice(0, 32);

/** A chat request as the OpenAI surface makes it: bytes, and views of the same bytes. */
export function chatRequest(messages: readonly JsonObject[], change: JsonObject = {}): ModelRequest {
  return {
    kind: 'model_request',
    id: 'm-1',
    at: 0,
    model: { provider: 'a', name: 'gpt-5' },
    messages: messages.map(view),
    tools: [],
    settings: {},
    stream: false,
    wire: {
      format: 'openai.chat',
      bytes: new TextEncoder().encode(JSON.stringify({ model: 'gpt-5', ...change, messages })),
    },
  };
}

export const wireOf = ({ wire }: ModelRequest) =>
  JSON.parse(new TextDecoder().decode(wire.bytes)) as { messages: JsonObject[] } & JsonObject;

/** The views must say what the bytes say, also after rewriting. */
export const viewsOf = (event: ModelRequest): Message[] => wireOf(event).messages.map(view);

function view({ role, content, tool_call_id: callId, tool_calls: calls }: JsonObject): Message {
  return {
    role: (role === 'developer' ? 'system' : role) as Message['role'],
    text: textOf(content),
    ...(typeof callId === 'string' ? { callId } : {}),
    ...(Array.isArray(calls) ? { calls: (calls as JsonObject[]).map(viewCall) } : {}),
  };
}

function viewCall({ id, function: called }: JsonObject) {
  const { name, arguments: args } = called as { name: string; arguments: string };
  return { id: id as string, tool: name, arguments: args };
}

const textOf = (content: Json | undefined): string =>
  Array.isArray(content)
    ? (content as JsonObject[]).map(({ text = '' }) => text as string).join('')
    : typeof content === 'string'
      ? content
      : '';

/** A call of this tool and its result. */
export const called = (tool: string, content: Json, id = 'c-1'): JsonObject[] => [
  {
    role: 'assistant',
    content: null,
    tool_calls: [{ id, type: 'function', function: { name: tool, arguments: '{}' } }],
  },
  { role: 'tool', tool_call_id: id, content },
];
