import type OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import type { ArmedGuard } from '@sallyport/core';
import { allow, defineGuard } from '@sallyport/core';
import { hello, startCheckpoint, tools } from './checkpoint.ts';

const chunk = (delta: object, finish: string | null = null, more: object = {}) =>
  JSON.stringify({
    id: 'x',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm-1',
    choices: [{ index: 0, delta, finish_reason: finish, ...more }],
  });
const whole = (message: object, more: object = {}) => ({
  raw: JSON.stringify({
    id: 'x',
    object: 'chat.completion',
    created: 1,
    model: 'm-1',
    choices: [{ index: 0, message: { role: 'assistant', content: null, ...message }, finish_reason: 'stop', ...more }],
  }),
});

describe('what the official SDK lets a user send', () => {
  it('reaches the provider as it was sent', async () => {
    const { client, model } = await startCheckpoint({ script: () => ({ text: '{"ok":true}' }) });
    const body: OpenAI.ChatCompletionCreateParamsNonStreaming = {
      model: 'm-1',
      messages: [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          name: 'ann',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=', detail: 'low' } },
          ],
        },
        { role: 'assistant', refusal: 'No.', content: null },
        { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] },
        { role: 'user', content: 'Why?' },
      ],
      tools: [...tools, { type: 'custom', custom: { name: 'run', format: { type: 'text' } } }],
      tool_choice: { type: 'function', function: { name: 'read_ticket' } },
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'answer', strict: true, schema: { type: 'object' } },
      },
      parallel_tool_calls: false,
      logprobs: true,
      top_logprobs: 2,
      metadata: { a: 'b' },
      stop: ['END'],
      seed: 7,
      reasoning_effort: 'low',
      max_completion_tokens: 100,
    };
    const { data, request_id: id } = await client().chat.completions.create(body).withResponse();
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(data).toHaveProperty('_request_id', id);
    expect(JSON.parse(model.requests[0]?.body ?? '')).toEqual(body);
  });

  it('parses structured answers', async () => {
    const { client } = await startCheckpoint({ script: () => ({ text: '{"ok":true}' }) });
    const parsed = await client().chat.completions.parse({
      model: 'm-1',
      messages: hello,
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'answer', strict: true, schema: { type: 'object' } },
      },
    });
    expect(parsed.choices[0]?.message.parsed).toEqual({ ok: true });
  });

  it('carries a request id on errors', async () => {
    const { client } = await startCheckpoint({ script: () => ({ text: 'x' }) });
    const refused = client().chat.completions.create({ model: 'nope', messages: hello });
    await expect(refused).rejects.toMatchObject({ requestID: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  });
});

describe('what a provider says beyond the text', () => {
  const extras = {
    reasoning_content: 'Let me think.',
    reasoning: 'Hm.',
    refusal: 'No.',
    annotations: [],
  };
  it('comes through in a plain answer', async () => {
    const logprobs = { content: [{ token: 'a', logprob: -0.1, bytes: [97], top_logprobs: [] }] };
    const { client } = await startCheckpoint({ script: () => whole({ content: 'a', ...extras }, { logprobs }) });
    const { choices } = await client().chat.completions.create({ model: 'm-1', messages: hello });
    expect(choices[0]).toMatchObject({ message: { content: 'a', ...extras }, logprobs });
  });

  it('comes through in a stream', async () => {
    const logprobs = { content: [{ token: 'a', logprob: -0.1, bytes: [97], top_logprobs: [] }], refusal: null };
    const payloads = [
      chunk({ role: 'assistant', reasoning_content: 'Let me think.' }),
      chunk({ content: 'a' }, null, { logprobs }),
      chunk({}, 'stop'),
    ];
    const { client } = await startCheckpoint({ script: () => ({ chunks: { payloads } }) });
    const got = [];
    const stream = await client().chat.completions.create({ model: 'm-1', messages: hello, stream: true });
    for await (const each of stream) got.push(each.choices[0]);
    expect(got).toMatchObject([
      { delta: { reasoning_content: 'Let me think.' } },
      { logprobs },
      { finish_reason: 'stop' },
    ]);
  });
});

describe('providers that differ', () => {
  it.each<[string, readonly string[]]>([
    [
      'an empty finish reason on every chunk',
      [chunk({ role: 'assistant', content: 'Hel' }, ''), chunk({ content: 'lo' }, ''), chunk({}, 'stop')],
    ],
    [
      'an empty piece beside the usage, after the end',
      [
        chunk({ role: 'assistant', content: 'Hello' }),
        chunk({}, 'stop'),
        JSON.stringify({
          choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }],
          usage: { prompt_tokens: 3, completion_tokens: 1 },
        }),
      ],
    ],
  ])('%s', async (_, payloads) => {
    const { client } = await startCheckpoint({ script: () => ({ chunks: { payloads } }) });
    const { choices } = await client().chat.completions.stream({ model: 'm-1', messages: hello }).finalChatCompletion();
    expect(choices[0]).toMatchObject({ message: { content: 'Hello' }, finish_reason: 'stop' });
  });

  it('a custom tool is called by plain answer and by stream', async () => {
    const custom = { id: 'c-1', type: 'custom', custom: { name: 'run', input: 'ls' } };
    const payloads = [
      chunk({ tool_calls: [{ index: 0, ...custom, custom: { name: 'run', input: 'l' } }] }),
      chunk({ tool_calls: [{ index: 0, custom: { input: 's' } }] }),
      chunk({}, 'tool_calls'),
    ];
    for (const stream of [false, true]) {
      const step = stream ? { chunks: { payloads } } : whole({ tool_calls: [custom] });
      const { client } = await startCheckpoint({ script: () => step });
      const body = { model: 'm-1', messages: hello, tools: [{ type: 'custom' as const, custom: { name: 'run' } }] };
      const calls: unknown[] = [];
      if (stream) {
        const chunks = await client().chat.completions.create({ ...body, stream: true });
        for await (const each of chunks) calls.push(...(each.choices[0]?.delta.tool_calls ?? []));
      } else calls.push(...((await client().chat.completions.create(body)).choices[0]?.message.tool_calls ?? []));
      expect(calls).toMatchObject([custom]);
    }
  });
});

describe('a session that ends while its answer is under way', () => {
  it.each([false, true])('gets no call of it (stream: %s)', async (stream) => {
    let session: { state: string } | undefined;
    const guards = (armed: ArmedGuard[]): ArmedGuard[] => {
      const guard = defineGuard({
        name: 'watch',
        summary: 'keeps the session',
        stage: 'judge',
        on: ['model_request'],
        check: (_, context) => {
          session = context.session;
          return allow;
        },
      });
      return [...armed, { guard, mode: 'enforce', timeoutMs: 100 }];
    };
    const checkpoint = await startCheckpoint({
      guards,
      script: () => {
        if (session) session.state = 'ended';
        return { text: 'Hm.', toolCalls: [{ name: 'read_ticket', arguments: { id: 'T-1' } }] };
      },
    });
    const run = async () => {
      const client = checkpoint.client({ maxRetries: 0 });
      if (!stream) return await client.chat.completions.create({ model: 'm-1', messages: hello, tools });
      for await (const each of await client.chat.completions.create({ model: 'm-1', messages: hello, tools, stream })) {
        expect(each.choices[0]?.delta.tool_calls).toBeUndefined();
      }
      return undefined;
    };
    await expect(run()).rejects.toMatchObject({ code: 'session_ended' });
    expect((await checkpoint.entries()).filter((entry) => entry.phase === 'result')).toMatchObject([
      { result: { outcome: 'ok' } },
    ]);
  });
});

describe('what a provider wants back with a call', () => {
  const extra_content = { google: { thought_signature: 'c2ln' } };
  const call = (name: string, args: object) => ({
    index: 0,
    id: 'c-1',
    type: 'function',
    function: { name, arguments: JSON.stringify(args) },
    extra_content,
  });

  it.each([false, true])('comes through with a released call (stream: %s)', async (stream) => {
    const released = call('read_ticket', { id: 'T-1' });
    const { client } = await startCheckpoint({
      script: () =>
        stream
          ? { chunks: { payloads: [chunk({ tool_calls: [released] }), chunk({}, 'tool_calls')] } }
          : whole({ content: null, tool_calls: [released] }),
    });
    const body = { model: 'm-1', messages: hello, tools };
    if (!stream) {
      const { choices } = await client().chat.completions.create(body);
      return expect(choices[0]?.message.tool_calls).toMatchObject([{ extra_content }]);
    }
    const got = [];
    for await (const each of await client().chat.completions.create({ ...body, stream: true })) got.push(each);
    expect(got.flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? [])).toMatchObject([{ extra_content }]);
  });

  it('goes back with a call that was refused, when the model is asked again', async () => {
    const refused = call('list_customers', {});
    const { client, model } = await startCheckpoint({
      script: ({ messages }) =>
        messages.length > 1 ? { text: 'Done.' } : whole({ content: null, tool_calls: [refused] }),
    });
    await client().chat.completions.create({ model: 'm-1', messages: hello, tools });
    expect(JSON.parse(model.requests[1]?.body ?? '').messages[1].tool_calls).toMatchObject([{ extra_content }]);
  });
});

it('a request cannot fill the log for everybody', async () => {
  const { client, model, entries } = await startCheckpoint({ script: () => ({ text: 'x' }) });
  const messages = Array.from({ length: 1001 }, () => ({ role: 'user' as const, content: 'x' }));
  await expect(client().chat.completions.create({ model: 'm-1', messages })).rejects.toMatchObject({
    status: 400,
    param: 'messages',
  });
  expect(model.requests).toHaveLength(0);
  expect(await entries()).toHaveLength(0);
});
