import { describe, expect, it } from 'vitest';
import type OpenAI from 'openai';
import { startCheckpoint, tools } from './checkpoint.ts';

const called = (name: string): OpenAI.ChatCompletionMessageParam => ({
  role: 'assistant',
  content: null,
  tool_calls: [{ id: 'call_0', type: 'function', function: { name, arguments: '{"id":"1"}' } }],
});
const result = (content: string): OpenAI.ChatCompletionMessageParam => ({
  role: 'tool',
  tool_call_id: 'call_0',
  content,
});

describe('where a provider numbers its calls anew in every answer', () => {
  it('a result is that of the call it answers, and not of an earlier one', async () => {
    const { client, entries } = await startCheckpoint({ script: () => ({ text: 'ok' }) });
    await client().chat.completions.create({
      model: 'm-1',
      tools,
      messages: [
        { role: 'user', content: 'Look both up.' },
        called('lookup_order'),
        result('order'),
        called('read_ticket'),
        result('ticket'),
      ],
    });
    const results = (await entries()).filter((entry) => entry.phase === 'intent' && entry.kind === 'tool_result');
    expect(results).toMatchObject([{ subject: 'read_ticket' }]);
  });
});
