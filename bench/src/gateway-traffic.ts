/** What is sent and answered while gateways are measured: one realistic request of 1.7 kB, one answer of 1.2 kB. */

export const plainModel = 'bench-1';
/** 20 chunks, 5 ms apart: for the time to the first byte. */
export const pacedModel = 'bench-paced';
/** 200 chunks, 1 ms apart: for the cost of a chunk. */
export const burstModel = 'bench-burst';
/** Proposes a call that the policies forbid: for making sure that they are asked at all. */
export const forbiddenModel = 'bench-forbidden';

export const allowedTool = 'lookup_order';
export const forbiddenTool = 'drop_tables';
export const chunkCounts = { [pacedModel]: 20, [burstModel]: 200 } as const;
export const chunkGapsMs = { [pacedModel]: 5, [burstModel]: 1 } as const;
export type StreamModel = keyof typeof chunkCounts;
export const isStreamModel = (model: string): model is StreamModel => Object.hasOwn(chunkCounts, model);

const filler = 'The customer has been with the shop for six years and prefers short answers in plain words. ';
const tool = (name: string, description: string) => ({
  type: 'function',
  function: {
    name,
    description,
    parameters: {
      type: 'object',
      properties: { order_id: { type: 'string', description: 'As printed on the invoice, such as A-7731' } },
      required: ['order_id'],
      additionalProperties: false,
    },
  },
});

export function requestBody(model: string, stream: boolean): string {
  return JSON.stringify({
    model,
    messages: [
      { role: 'system', content: `You are the support agent of a small shop. ${filler.repeat(6)}` },
      { role: 'user', content: `Where is my order A-7731? ${filler.repeat(4)}` },
    ],
    tools: [
      tool(allowedTool, 'Look up one order by its number, with its status and tracking number'),
      tool(forbiddenTool, 'Remove everything'),
    ],
    temperature: 0.2,
    ...(stream && { stream: true }),
  });
}

const head = (model: string, object: string) => ({ id: 'chatcmpl-bench', object, created: 1_790_000_000, model });
const callArguments = '{"order_id":"A-7731"}';
const usage = { prompt_tokens: 380, completion_tokens: 190, total_tokens: 570 };

export function plainAnswer(model: string): string {
  const name = model === forbiddenModel ? forbiddenTool : allowedTool;
  const call = { id: 'call_bench', type: 'function', function: { name, arguments: callArguments } };
  const message = { role: 'assistant', content: filler.repeat(8).trim(), refusal: null, tool_calls: [call] };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: 'tool_calls' }];
  return JSON.stringify({ ...head(model, 'chat.completion'), choices, usage, system_fingerprint: 'fp_bench' });
}

/** The events of a stream: text, then one call in three fragments, the finish, and `[DONE]`. */
export function streamEvents(model: StreamModel): string[] {
  const call = (fragment: object) => ({ tool_calls: [{ index: 0, ...fragment }] });
  const tail = [
    call({ id: 'call_bench', type: 'function', function: { name: allowedTool, arguments: '' } }),
    call({ function: { arguments: callArguments.slice(0, 9) } }),
    call({ function: { arguments: callArguments.slice(9) } }),
  ];
  const texts = Array.from({ length: chunkCounts[model] - tail.length - 1 }, (_, i) => ({ content: ` word${i}` }));
  const deltas = [{ role: 'assistant', content: '' }, ...texts, ...tail];
  const chunk = (delta: object, finish: string | null) => ({
    ...head(model, 'chat.completion.chunk'),
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  });
  const chunks = [...deltas.map((delta) => chunk(delta, null)), chunk({}, 'tool_calls')];
  return [...chunks.map((payload) => JSON.stringify(payload)), '[DONE]'].map((payload) => `data: ${payload}\n\n`);
}
