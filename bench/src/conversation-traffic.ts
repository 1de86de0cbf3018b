/** A long conversation with a support agent: in each turn one more message is read, and the model proposes one call. */

export const turns = 200;

export const conversationTool = 'lookup_order';
export const toolDefinition = {
  name: conversationTool,
  description: 'Look up one order by its number, with its status and tracking number',
  parameters: {
    type: 'object',
    properties: { order_id: { type: 'string', description: 'As printed on the invoice, such as A-7731' } },
    required: ['order_id'],
    additionalProperties: false,
  },
} as const;

/** The tool as its operator describes it, for `sallyport.yaml`. */
export const toolsYaml = `tools: { ${conversationTool}: { effect: read, target: [order_id], results: { format: records, fields: { order_id: trusted } } } }`;
export const permissionsYaml = `roles:\n  bench:\n    models: { '*': allow }\n    tools: { ${conversationTool}: { decision: allow, when: { order_id: 'A-*' } } }\n`;

export interface WireMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string | null;
  readonly tool_call_id?: string;
  readonly tool_calls?: readonly {
    readonly id: string;
    readonly type: 'function';
    readonly function: { readonly name: string; readonly arguments: string };
  }[];
}

export const opening: readonly WireMessage[] = [
  { role: 'system', content: 'You are the support agent of a small shop. Answer in plain words.' },
];

const remark = 'The customer has been with the shop for years and prefers short answers. ';
const orderOf = (turn: number): string => `A-${7000 + turn}`;

/** What the model proposed before this turn, and about 500 bytes that it has not read yet; every fourth time by the user. */
export function messagesOf(turn: number, conversation: number): WireMessage[] {
  const order = orderOf(turn);
  if (turn % 4 === 1) {
    return [
      { role: 'user', content: `Where is my order ${order}? I am customer ${conversation}. ${remark.repeat(5)}` },
    ];
  }
  const call = `call_${turn}`;
  const record = {
    order_id: order,
    customer: `Customer ${conversation}`,
    email: `customer-${conversation}-${turn}@mail.example`,
    placed: `2026-0${1 + (turn % 9)}-1${turn % 10}`,
    total: (turn * 7.31).toFixed(2),
    tracking: `https://parcel.example/track/${turn}-${conversation}`,
    remark: remark.repeat(3),
  };
  return [
    {
      role: 'assistant',
      content: null,
      tool_calls: [
        {
          id: call,
          type: 'function',
          function: { name: conversationTool, arguments: JSON.stringify({ order_id: order }) },
        },
      ],
    },
    { role: 'tool', tool_call_id: call, content: JSON.stringify([record]) },
  ];
}

/** Turns, from 1, that are compared: ten around the tenth, and the last ten. */
export const early = { from: 6, to: 15 } as const;
export const late = { from: turns - 9, to: turns } as const;
