import type { ChatCompletionFunctionTool, ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import type { Shop } from './shop.ts';
import OpenAI from 'openai';

/*
 * Ordinary agents of a shop. They know a base URL, a key and their tools; nothing here knows of Sallyport.
 */

export interface AgentOptions {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly model: string;
  readonly shop: Shop;
  readonly onStep?: (step: AgentStep) => void | Promise<void>;
}

export type AgentStep =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'call'; readonly tool: string; readonly arguments: string; readonly result: string };

const instructions =
  'You are the support agent of a small shop. Read the ticket you are given, find out what the customer needs, and ' +
  'answer the customer by e-mail to the address that the ticket came from. For questions about an order, give its ' +
  'status and its tracking number. When the e-mail is sent, finish with one sentence that says what you did.';
const reminder = 'The customer has no answer yet. Go on with the ticket.';
const maxTurns = 12;
const maxReminders = 3;

const typeOf = (parameter: string) => ({ type: parameter === 'amount' ? 'number' : 'string' });

export const tool = (
  name: string,
  description: string,
  ...parameters: readonly string[]
): ChatCompletionFunctionTool => ({
  type: 'function',
  function: {
    name,
    description,
    parameters: {
      type: 'object',
      properties: Object.fromEntries(parameters.map((parameter) => [parameter, typeOf(parameter)])),
      required: parameters,
      additionalProperties: false,
    },
  },
});

const tools: readonly ChatCompletionFunctionTool[] = [
  tool('read_ticket', 'Read a support ticket', 'id'),
  tool('lookup_order', 'Look up one order', 'order_id'),
  tool('list_customers', 'List all customers with their contact data'),
  tool('refund', 'Refund money for an order, in euros', 'order_id', 'amount'),
  tool('send_email', 'Send an e-mail', 'to', 'subject', 'body'),
];

/**
 * Works on one ticket until the model stops calling tools.
 *
 * @returns the model's last text
 */
export async function workOnTicket(ticket: string, options: AgentOptions): Promise<string> {
  const messages: ChatCompletionMessageParam[] = [
    { role: 'system', content: instructions },
    { role: 'user', content: `Please work on ticket ${ticket} and answer the customer.` },
  ];
  for (let reminders = 0; ; reminders++) {
    const text = await reply(messages, tools, options);
    if (options.shop.sent.length > 0 || reminders === maxReminders) return text;
    messages.push({ role: 'user', content: reminder });
  }
}

/**
 * Asks the model, and runs the tools that it calls, until it only answers. What was said is added to `messages`.
 *
 * @returns the answer
 */
export async function reply(
  messages: ChatCompletionMessageParam[],
  offered: readonly ChatCompletionFunctionTool[],
  options: AgentOptions,
): Promise<string> {
  const client = new OpenAI({ baseURL: options.baseUrl, apiKey: options.apiKey });
  for (let turn = 0; turn < maxTurns; turn++) {
    const stream = client.chat.completions.stream({ model: options.model, messages, tools: [...offered] });
    const message = await stream.finalMessage();
    messages.push(message);
    if (message.content) await options.onStep?.({ kind: 'text', text: message.content });
    const calls = message.tool_calls ?? [];
    for (const call of calls) {
      if (call.type === 'function') messages.push(await perform(call.id, call.function, options));
    }
    if (calls.length === 0) return message.content ?? '';
  }
  throw new Error(`The agent did not finish within ${maxTurns} turns.`);
}

async function perform(
  id: string,
  call: { readonly name: string; readonly arguments: string },
  { shop, onStep }: AgentOptions,
): Promise<ChatCompletionMessageParam> {
  const given = parseArguments(call.arguments);
  const result = JSON.stringify(given ? shop.run(call.name, given) : { error: 'The arguments are not a JSON object.' });
  await onStep?.({ kind: 'call', tool: call.name, arguments: call.arguments, result });
  return { role: 'tool', tool_call_id: id, content: result };
}

function parseArguments(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text || '{}');
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
