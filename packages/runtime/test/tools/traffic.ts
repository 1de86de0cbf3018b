import type { JsonObject, Message, ModelRequest, Session, ToolCall, ToolDefinition, ToolResult } from '@sallyport/core';
import { zeroCounters } from '@sallyport/core';

let count = 0;
const stamp = () => ({ id: `e-${++count}`, at: 1_763_690_000_000 + count });

export const sendEmail: ToolDefinition = {
  name: 'send_email',
  description: 'Sends an e-mail',
  parameters: {
    type: 'object',
    properties: { to: { type: 'string' }, subject: { type: 'string' }, body: { type: 'string' } },
    additionalProperties: false,
  },
};

export const offering = (tools: readonly ToolDefinition[], messages: readonly Message[] = []): ModelRequest => ({
  ...stamp(),
  kind: 'model_request',
  model: { provider: 'practice', name: 'practice-1' },
  messages,
  tools,
  settings: {},
  stream: false,
  wire: { format: 'openai.chat', bytes: new Uint8Array() },
});

export const calling = (tool: string, values: JsonObject = {}, definition?: ToolDefinition): ToolCall => ({
  ...stamp(),
  kind: 'tool_call',
  callId: `c-${count}`,
  tool,
  arguments: values,
  messages: [],
  runs: 'agent',
  ...(definition && { definition }),
});

export const answering = (tool: string, text: string): ToolResult => ({
  ...stamp(),
  kind: 'tool_result',
  callId: `c-${count}`,
  tool,
  text,
});

/** A call and its result as they stand at the end of the next request. */
export const exchange = (tool: string, values: JsonObject, result: string): Message[] => [
  { role: 'assistant', text: '', calls: [{ id: 'c-1', tool, arguments: JSON.stringify(values) }] },
  { role: 'tool', text: result, callId: 'c-1' },
];

export const session: Session = {
  id: 's-1',
  tenant: 'default',
  agent: { id: 'a-1', name: 'support', roles: [] },
  user: { id: 'ann', roles: [] },
  purpose: 'tickets',
  openedAt: 0,
  expiresAt: 8_640_000_000_000,
  state: 'open',
  counters: zeroCounters,
};
