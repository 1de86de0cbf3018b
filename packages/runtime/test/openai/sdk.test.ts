import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import type { ChunkShape } from '../../src/providers/scripted/script.ts';
import { hello, startCheckpoint, tools } from './checkpoint.ts';

const readTicket = { name: 'read_ticket', arguments: { id: 'T-1' } };
const lookupOrder = { name: 'lookup_order', arguments: { id: 'Grüße, O-7 🛒' } };

describe('the official OpenAI SDK, unmodified', () => {
  it('gets a plain answer, with usage', async () => {
    const { client, model, entries, session } = await startCheckpoint({
      script: () => ({ text: 'Hello, Ann.', usage: { promptTokens: 11, completionTokens: 3 } }),
    });
    const answer = await client().chat.completions.create({ model: 'scripted/m-1', messages: hello, temperature: 0.2 });
    expect(answer.choices[0]?.message.content).toBe('Hello, Ann.');
    expect(answer.usage).toMatchObject({ prompt_tokens: 11, completion_tokens: 3 });
    expect(JSON.parse(model.requests[0]?.body ?? '')).toMatchObject({ model: 'm-1', temperature: 0.2 });
    expect(model.requests[0]?.headers.authorization).toBeUndefined();
    expect((await entries()).map((entry) => [entry.phase, 'kind' in entry && entry.kind])).toEqual([
      ['intent', 'user_message'],
      ['intent', 'model_request'],
      ['result', 'model_request'],
      ['intent', 'model_response'],
    ]);
    const result = (await entries()).find((entry) => entry.phase === 'result');
    expect(result).toMatchObject({ result: { outcome: 'ok', tokensIn: 11, tokensOut: 3, costMicros: 52 } });
    expect((await session())?.counters).toMatchObject({ modelCalls: 1, tokensIn: 11, tokensOut: 3, costMicros: 52 });
  });

  it('gets a stream, piece by piece, and the usage chunk only when it asked', async () => {
    const { client, model } = await startCheckpoint({ script: () => ({ text: 'Grüße an alle 👋 — bis bald.' }) });
    for (const includeUsage of [false, true]) {
      const stream = await client().chat.completions.create({
        model: 'm-1',
        messages: hello,
        stream: true,
        ...(includeUsage ? { stream_options: { include_usage: true } } : {}),
      });
      let text = '';
      let chunks = 0;
      let usages = 0;
      for await (const chunk of stream) {
        chunks++;
        text += chunk.choices[0]?.delta.content ?? '';
        if (chunk.usage) usages++;
      }
      expect(text).toBe('Grüße an alle 👋 — bis bald.');
      expect(chunks).toBeGreaterThan(3);
      expect(usages).toBe(includeUsage ? 1 : 0);
    }
    for (const { body } of model.requests)
      expect(JSON.parse(body)).toMatchObject({ stream_options: { include_usage: true } });
  });

  it.each([false, true])('gets parallel tool calls whole (stream: %s)', async (stream) => {
    const { client } = await startCheckpoint({
      script: () => ({ text: 'One moment.', toolCalls: [readTicket, lookupOrder] }),
    });
    const create = { model: 'm-1', messages: hello, tools };
    const { choices } = stream
      ? await client().chat.completions.stream(create).finalChatCompletion()
      : await client().chat.completions.create(create);
    const calls = (choices[0]?.message.tool_calls ?? []) as OpenAI.ChatCompletionMessageFunctionToolCall[];
    expect(calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)])).toEqual([
      ['read_ticket', { id: 'T-1' }],
      ['lookup_order', { id: 'Grüße, O-7 🛒' }],
    ]);
    expect(choices[0]?.finish_reason).toBe('tool_calls');
    expect(choices[0]?.message.content).toBe('One moment.');
  });

  const shapes: [string, ChunkShape][] = [
    ['one byte at a time', { bytesPerWrite: 1 }],
    ['CRLF and comments', { lineEnd: '\r\n', comments: true, bytesPerWrite: 7 }],
    ['CR alone', { lineEnd: '\r', bytesPerWrite: 3 }],
    ['interleaved', { interleaved: true, fragment: 3 }],
    ['no type, shifted index, names repeated', { omitType: true, firstIndex: 1, repeatNames: true }],
    ['no [DONE]', { omitDone: true }],
  ];
  it.each(shapes)('gets the same answer however the provider cuts it up: %s', async (_, chunks) => {
    const { client } = await startCheckpoint({
      script: () => ({ text: 'Schön: 👋', toolCalls: [readTicket, lookupOrder], chunks }),
    });
    const { choices } = await client()
      .chat.completions.stream({ model: 'm-1', messages: hello, tools })
      .finalChatCompletion();
    expect(choices[0]?.message.content).toBe('Schön: 👋');
    expect(choices[0]?.message.tool_calls).toMatchObject([
      { type: 'function', function: { name: 'read_ticket', arguments: '{"id":"T-1"}' } },
      { type: 'function', function: { name: 'lookup_order' } },
    ]);
  });

  it('gets typed errors, and retries only what may pass later', async () => {
    let calls = 0;
    const { client, model } = await startCheckpoint({
      script: () =>
        ++calls < 3
          ? { status: 429, headers: { 'retry-after-ms': '1' }, error: { message: 'slow down' } }
          : { text: 'done' },
    });
    const answer = await client().chat.completions.create({ model: 'm-1', messages: hello });
    expect(answer.choices[0]?.message.content).toBe('done');
    expect(model.requests).toHaveLength(3);

    const wrongKey = client({ apiKey: 'bad' }).chat.completions.create({ model: 'm-1', messages: hello });
    await expect(wrongKey).rejects.toThrow(OpenAI.AuthenticationError);
    const unknown = client().chat.completions.create({ model: 'nope', messages: hello });
    await expect(unknown).rejects.toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });
    expect(model.requests).toHaveLength(3);
  });

  it('is told the provider refused the checkpoint, not that its own key is wrong', async () => {
    const { client } = await startCheckpoint({
      script: () => ({ status: 401, error: { message: 'bad key sk-live' } }),
    });
    const refused = client({ maxRetries: 0 }).chat.completions.create({ model: 'm-1', messages: hello });
    await expect(refused).rejects.toMatchObject({ status: 502, code: 'provider_failed' });
    await expect(refused).rejects.not.toThrow('sk-live');
  });

  it('lists the models', async () => {
    const { client } = await startCheckpoint({ script: () => ({}) });
    const ids = [];
    for await (const model of client().models.list()) ids.push(model.id);
    expect(ids).toEqual(['scripted/m-1', 'scripted/m-2']);
  });

  it('aborts the provider when it aborts, and the log says so', async () => {
    const { client, model, entries } = await startCheckpoint({
      script: () => ({ text: 'x'.repeat(2000), chunks: { everyMs: 20 } }),
    });
    const abort = new AbortController();
    const stream = await client().chat.completions.create(
      { model: 'm-1', messages: hello, stream: true },
      { signal: abort.signal },
    );
    for await (const _ of stream) break;
    abort.abort();
    await expect.poll(() => model.requests[0]?.aborted).toBe(true);
    await expect
      .poll(async () => (await entries()).find((entry) => entry.phase === 'result'))
      .toMatchObject({ result: { outcome: 'aborted' } });
  });
});

describe('a provider that misbehaves', () => {
  const steps = {
    'is cut off': { text: 'abcdefghijklmnopqrstuvwxyz', cutAfter: 3 },
    'ends without a finish reason': { text: 'abc', chunks: { omitFinish: true } },
    'hangs midway': { text: 'abcdefghijklmnopqrstuvwxyz', hangAfter: 3 },
    'sends what is no JSON': {
      chunks: { payloads: ['{"choices":[{"index":0,"delta":{"content":"abcdef"}}]}', '{oops'] },
    },
    'sends the old function_call': {
      chunks: {
        payloads: ['{"choices":[{"index":0,"delta":{"function_call":{"name":"send_email","arguments":"{}"}}}]}'],
      },
    },
    'names a call twice': {
      chunks: {
        payloads: [
          '{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"read_ticket","arguments":""}}]}}]}',
          '{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"list_customers","arguments":"{}"}}]}}]}',
        ],
      },
    },
    'repeats a member name': {
      chunks: {
        payloads: [
          '{"choices":[{"index":0,"delta":{"content":"x"},"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"list_customers","arguments":"{}"}}]}}]}',
        ],
      },
    },
    'goes on after the end': {
      chunks: {
        payloads: [
          '{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}',
          '{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"list_customers","arguments":"{}"}}]}}]}',
        ],
      },
    },
    'reports an error in the stream': { chunks: { payloads: ['{"error":{"message":"overloaded"}}'] } },
    'answers a stream request with something else': { raw: '{"choices":[]}', contentType: 'application/json' },
  };
  it.each(Object.entries(steps))('and %s is an error to the client, never a success', async (_, step) => {
    const { client, entries } = await startCheckpoint({ script: () => step });
    const run = async () => {
      const stream = await client({ maxRetries: 0 }).chat.completions.create({
        model: 'm-1',
        messages: hello,
        tools,
        stream: true,
      });
      for await (const chunk of stream) expect(chunk.choices[0]?.delta.tool_calls).toBeUndefined();
    };
    await expect(run()).rejects.toThrow(OpenAI.APIError);
    expect((await entries()).filter((entry) => entry.phase === 'result')).toMatchObject([
      { result: { outcome: 'error' } },
    ]);
  });

  it.each([
    [{ raw: '<html>', contentType: 'text/html' }, 'provider_malformed'],
    [{ raw: '{"choices":[{}]}' }, 'provider_malformed'],
    [{ raw: '{"choices":[{"message":{"tool_calls":[{"id":"a","function":{"name":1}}]}}]}' }, 'provider_malformed'],
    [
      { raw: '{"choices":[{"message":{"function_call":{"name":"list_customers","arguments":"{}"}}}]}' },
      'provider_malformed',
    ],
    [{ delayMs: Infinity }, 'provider_timeout'],
    [{ status: 302, headers: { location: 'http://127.0.0.1:1/' } }, 'provider_failed'],
    [{ text: 'abc', cutAfter: 5 }, 'provider_failed'],
  ])('without a stream either: %j', async (step, code) => {
    const { client } = await startCheckpoint({ script: () => step });
    const refused = client({ maxRetries: 0 }).chat.completions.create({ model: 'm-1', messages: hello });
    await expect(refused).rejects.toMatchObject({ code });
  });
});
