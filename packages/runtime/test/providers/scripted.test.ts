import type { Script, Step } from '../../src/providers/scripted/script.ts';
import type { ScriptedModel } from '../../src/providers/scripted/server.ts';
import OpenAI, { RateLimitError } from 'openai';
import { afterEach, describe, expect, test } from 'vitest';
import { practice, practiceModel } from '../../src/providers/scripted/practice.ts';
import { startScriptedModel } from '../../src/providers/scripted/server.ts';

const running: ScriptedModel[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((model) => model.close()));
});

async function start(script: Script | Step): Promise<{ model: ScriptedModel; client: OpenAI }> {
  const model = await startScriptedModel({ script: typeof script === 'function' ? script : () => script });
  running.push(model);
  return { model, client: new OpenAI({ baseURL: model.url, apiKey: 'sk-test', maxRetries: 0 }) };
}

const ask = (text: string, tools: readonly string[] = []) => ({
  model: practiceModel,
  messages: [{ role: 'user' as const, content: text }],
  ...(tools.length > 0 && { tools: tools.map((name) => ({ type: 'function' as const, function: { name } })) }),
});
const twoCalls: Step = {
  text: 'Größe: 日本語 🎉 done',
  toolCalls: [
    { name: 'read_ticket', arguments: { id: 'T-1', note: 'naïve 🎉 日本' } },
    { name: 'lookup_order', arguments: { order_id: 'A-42' } },
  ],
  usage: { promptTokens: 11, completionTokens: 7 },
};

async function rawEvents(url: string, body: object): Promise<{ type: string | null; text: string; failed: boolean }> {
  const answer = await fetch(`${url}/chat/completions`, { method: 'POST', body: JSON.stringify(body) });
  let text = '';
  const decoder = new TextDecoder();
  try {
    for await (const part of answer.body ?? []) text += decoder.decode(part, { stream: true });
    return { type: answer.headers.get('content-type'), text, failed: false };
  } catch {
    return { type: answer.headers.get('content-type'), text, failed: true };
  }
}

describe('the official SDK understands the scripted model', () => {
  test('a plain answer carries text, calls and usage', async () => {
    const { client, model } = await start(twoCalls);
    const answer = await client.chat.completions.create(ask('hello'));
    expect(answer.choices[0]?.message.content).toBe(twoCalls.text);
    expect(answer.choices[0]?.finish_reason).toBe('tool_calls');
    expect(answer.choices[0]?.message.tool_calls).toMatchObject([
      { type: 'function', function: { name: 'read_ticket', arguments: '{"id":"T-1","note":"naïve 🎉 日本"}' } },
      { type: 'function', function: { name: 'lookup_order' } },
    ]);
    expect(answer.usage).toEqual({ prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 });
    expect(model.requests[0]?.headers.authorization).toBe('Bearer sk-test');
  });

  const shapes = {
    'as OpenAI sends it': {},
    'bytes of characters and events apart': { bytesPerWrite: 3 },
    'CRLF line ends and comments': { lineEnd: '\r\n', comments: true },
    'calls by turns': { interleaved: true, fragment: 5 },
  } as const;
  for (const [name, chunks] of Object.entries(shapes)) {
    test(`a stream assembles to the same answer: ${name}`, async () => {
      const { client } = await start({ ...twoCalls, chunks });
      const stream = client.chat.completions.stream({ ...ask('hello'), stream_options: { include_usage: true } });
      const message = await stream.finalMessage();
      expect(message.content).toBe(twoCalls.text);
      expect(message.tool_calls?.map((call) => call.type === 'function' && call.function.arguments)).toEqual([
        '{"id":"T-1","note":"naïve 🎉 日本"}',
        '{"order_id":"A-42"}',
      ]);
      expect((await stream.totalUsage()).total_tokens).toBe(18);
    });
  }

  test('models are listed', async () => {
    const { client } = await start({});
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual([practiceModel]);
  });

  test('an error has the status, body and headers of the script', async () => {
    const { client } = await start({
      status: 429,
      headers: { 'retry-after-ms': '1500' },
      error: { message: 'Slow down', type: 'requests', code: 'rate_limit_exceeded' },
    });
    const failure: unknown = await client.chat.completions.create(ask('x')).catch((error: unknown) => error);
    if (!(failure instanceof RateLimitError)) throw failure;
    expect(failure).toMatchObject({ status: 429, code: 'rate_limit_exceeded', type: 'requests' });
    expect(failure.headers?.get('retry-after-ms')).toBe('1500');
  });
});

describe('chunks have the shape of the vendor', () => {
  test('id and name come once, first, without arguments; usage comes last, without choices', async () => {
    const { model } = await start({ ...twoCalls, chunks: { interleaved: true, firstIndex: 1 } });
    const { text, type } = await rawEvents(model.url, {
      ...ask('x'),
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(type).toContain('text/event-stream');
    const payloads = text
      .split('\n\n')
      .filter(Boolean)
      .map((line) => line.replace(/^data: /, ''));
    expect(payloads.at(-1)).toBe('[DONE]');
    const chunks = payloads.slice(0, -1).map((payload) => JSON.parse(payload));
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 18 } });
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
    const deltas = chunks.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? []);
    expect(deltas.slice(0, 2)).toEqual([
      { index: 1, id: 'call_scripted_1_0', type: 'function', function: { name: 'read_ticket', arguments: '' } },
      { index: 2, id: 'call_scripted_1_1', type: 'function', function: { name: 'lookup_order', arguments: '' } },
    ]);
    expect(deltas.slice(2).every((delta) => delta.id === undefined && delta.function.name === undefined)).toBe(true);
    expect(deltas.length).toBeGreaterThan(5);
  });

  test('the type of a call can be left out, as some providers do', async () => {
    const { model } = await start({ ...twoCalls, chunks: { omitType: true } });
    const { text } = await rawEvents(model.url, { ...ask('x'), stream: true });
    expect(text).toContain('"name":"lookup_order"');
    expect(text).not.toContain('"type"');
  });

  test('usage is not sent unless asked for', async () => {
    const { model } = await start(twoCalls);
    const { text } = await rawEvents(model.url, { ...ask('x'), stream: true });
    expect(text).not.toContain('"usage"');
  });

  test('payloads, finish and [DONE] can be replaced or left out', async () => {
    const { model } = await start({ chunks: { payloads: ['{"broken":'], omitDone: true } });
    expect((await rawEvents(model.url, { ...ask('x'), stream: true })).text).toBe('data: {"broken":\n\n');
    const { model: unfinished } = await start({ text: 'ab', chunks: { omitFinish: true } });
    const { text } = await rawEvents(unfinished.url, { ...ask('x'), stream: true });
    expect(text).not.toContain('"finish_reason":"stop"');
    expect(text).toContain('[DONE]');
  });
});

describe('a script can misbehave as providers do', () => {
  test('a stream is cut after the given events, without an end', async () => {
    const { model } = await start({ text: 'a long text that takes several chunks', cutAfter: 2 });
    const { text, failed } = await rawEvents(model.url, { ...ask('x'), stream: true });
    expect(failed).toBe(true);
    expect(text.match(/data: /g)).toHaveLength(2);
  });

  test('a plain answer is cut after the given bytes', async () => {
    const { model } = await start({ text: 'hello', cutAfter: 20 });
    expect(await rawEvents(model.url, ask('x'))).toMatchObject({ failed: true });
  });

  test('a body is sent as it is, with the content type of the script', async () => {
    const { model } = await start({ raw: '<html>oops', contentType: 'text/html' });
    expect(await rawEvents(model.url, { ...ask('x'), stream: true })).toEqual({
      type: 'text/html',
      text: '<html>oops',
      failed: false,
    });
  });

  test('a silent provider stays silent until the caller leaves, and notes that it left', async () => {
    for (const step of [{ delayMs: Infinity }, { text: 'abc', hangAfter: 1 }] as const) {
      const { model, client } = await start(step);
      const leave = new AbortController();
      const read = async () => {
        const body = { ...ask('x'), stream: true as const };
        const stream = await client.chat.completions.create(body, { signal: leave.signal });
        for await (const chunk of stream) expect(chunk.object).toBe('chat.completion.chunk');
      };
      const reading = read().catch(() => undefined);
      await expect.poll(() => model.requests.length).toBe(1);
      leave.abort();
      await reading;
      await expect.poll(() => model.requests[0]?.aborted).toBe(true);
    }
  });

  test('a script that throws answers 500 and says so', async () => {
    const { client } = await start(() => {
      throw new Error('no such scene');
    });
    await expect(client.chat.completions.create(ask('x'))).rejects.toThrow(/no such scene/);
  });

  test('malformed requests are refused as the vendor does', async () => {
    const { model } = await start({});
    for (const body of ['{', '[]', '{}', '{"model":"m"}']) {
      const answer = await fetch(`${model.url}/chat/completions`, { method: 'POST', body });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
    }
    expect((await fetch(`${model.url}/nothing`)).status).toBe(404);
  });

  test('what is kept of requests is bounded', async () => {
    const { model } = await start({});
    for (let i = 0; i < 1010; i++) await (await fetch(`${model.url}/models?n=${i}`)).arrayBuffer();
    expect(model.requests).toHaveLength(1000);
    expect(model.requests.at(-1)?.url).toBe('/v1/models?n=1009');
  });
});

const answerTo = async (text: string, tools: readonly string[] = []) => {
  const { client } = await start(practice);
  return (await client.chat.completions.create(ask(text, tools))).choices[0]?.message;
};

describe('the practice model', () => {
  test('says that it is scripted and how to configure a real model', async () => {
    const text = (await answerTo('What is the meaning of life?'))?.content;
    expect(text).toMatch(/^\[scripted answer, no AI\]/);
    expect(text).toContain('OPENAI_API_KEY');
  });

  test('proposes the calls it is asked for, if the tools were offered', async () => {
    const message = await answerTo('Please call read_ticket with {"id":"T-1 }"} and call the tool list_customers', [
      'read_ticket',
      'list_customers',
    ]);
    expect(message?.tool_calls).toMatchObject([
      { function: { name: 'read_ticket', arguments: '{"id":"T-1 }"}' } },
      { function: { name: 'list_customers', arguments: '{}' } },
    ]);
    expect(message?.content).toContain('scripted');
    expect((await answerTo('call drop_tables with {}', ['read_ticket']))?.tool_calls).toBeUndefined();
  });

  test('never proposes arguments that are not JSON', async () => {
    const message = await answerTo('call read_ticket with {"id":', ['read_ticket']);
    expect(message?.tool_calls).toBeUndefined();
    expect(message?.content).toContain('not JSON');
  });

  test('repeats what a tool answered, so that the loop ends', async () => {
    const { client } = await start(practice);
    const answer = await client.chat.completions.create({
      model: practiceModel,
      messages: [
        { role: 'user', content: 'call read_ticket with {}' },
        {
          role: 'assistant',
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'read_ticket', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'Ticket text' },
      ],
      tools: [{ type: 'function', function: { name: 'read_ticket' } }],
    });
    expect(answer.choices[0]?.message.content).toBe('[scripted answer, no AI] The tool answered: Ticket text');
  });
});
