import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import type { Step } from '../../src/providers/scripted/script.ts';
import { hello, startCheckpoint, tools } from './checkpoint.ts';

/*
 * Calls to `list_customers` are forbidden. Each case hides one where some client would find it; the client is the
 * most credulous there can be: it reads every byte.
 */

const forbidden = 'list_customers';
const config = 'deniedCalls: {reasks: 0}';
const call = (change: object = {}) => ({
  index: 0,
  id: 'c-1',
  type: 'function',
  function: { name: forbidden, arguments: '{}' },
  ...change,
});
const allowed = (change: object = {}) =>
  call({ id: 'c-0', function: { name: 'read_ticket', arguments: '{"id":"T-1"}' }, ...change });

async function answerTo(step: Step, stream: boolean, change: object = {}) {
  const checkpoint = await startCheckpoint({ script: () => step, config });
  const { statusCode, body } = await request(`${checkpoint.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer good', 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm-1', messages: hello, tools, stream, ...change }),
  });
  return { status: statusCode, text: await body.text(), checkpoint };
}

/** What no client may find: the tool's name anywhere but in the explanation that stands in its place. */
function expectNoCall(text: string) {
  const rest = text
    .replaceAll(/The call to list_customers was not made/g, '')
    .replaceAll(/support\/list_customers/g, '');
  expect(rest).not.toMatch(/list_customers/);
}

const delta = (value: object, finish: string | null = null, more: object = {}) =>
  JSON.stringify({ id: 'x', choices: [{ index: 0, delta: value, finish_reason: finish, ...more }] });
const end = delta({}, 'tool_calls');
const stop = delta({}, 'stop');

const streams: Record<string, readonly string[]> = {
  'an index that is no integer': [delta({ tool_calls: [call({ index: 0.5 })] }), end],
  'a negative index': [delta({ tool_calls: [call({ index: -1 })] }), end],
  'a huge index': [delta({ tool_calls: [call({ index: 1e308 })] }), end],
  'an index that is text': [delta({ tool_calls: [allowed()] }), delta({ tool_calls: [call({ index: '0' })] }), end],
  'two calls of one index in one chunk': [delta({ tool_calls: [allowed(), call()] }), end],
  'two calls of one id': [delta({ tool_calls: [allowed({ id: 'c-1' }), call({ index: 1 })] }), end],
  'the chunk that ends the answer': [delta({ tool_calls: [call()] }, 'tool_calls')],
  'a chunk with text': [delta({ content: 'Hi', tool_calls: [call()] }), end],
  'a message in a stream': [
    JSON.stringify({ choices: [{ index: 0, delta: {}, message: { tool_calls: [call()] } }] }),
    stop,
  ],
  'the choice itself': [delta({ content: 'x' }, null, { tool_calls: [call()] }), stop],
  'the chunk itself': [
    JSON.stringify({ tool_calls: [call()], choices: [{ index: 0, delta: { content: 'x' } }] }),
    stop,
  ],
  'the frame of the last chunk': [
    JSON.stringify({ tool_calls: [call()], choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
  ],
  'a list of other case': [delta({ Tool_Calls: [call()] }), stop],
  'a delta of other case': [
    JSON.stringify({ choices: [{ index: 0, delta: {}, Delta: { tool_calls: [call()] } }] }),
    stop,
  ],
  'the old form in other case': [delta({ Function_Call: call().function }), stop],
  'a custom call': [
    delta({ tool_calls: [{ index: 0, id: 'c', type: 'custom', custom: { name: forbidden, input: 'x' } }] }),
    end,
  ],
  'a call with two bodies': [delta({ tool_calls: [allowed({ custom: { name: forbidden, input: 'x' } })] }), end],
  'the usage chunk': [
    stop,
    JSON.stringify({
      choices: [{ index: 1, delta: { tool_calls: [call()] }, finish_reason: 'tool_calls' }],
      usage: { prompt_tokens: 1, completion_tokens: 1 },
    }),
  ],
  'a choice that begins after the end and is cut off': [
    stop,
    JSON.stringify({ choices: [{ index: 1, delta: { tool_calls: [call()] } }] }),
  ],
  'two choices of one index in one chunk': [
    JSON.stringify({
      choices: [
        { index: 0, delta: { tool_calls: [allowed()] } },
        { index: 0, delta: { tool_calls: [call({ index: 1 })] } },
      ],
    }),
    end,
  ],
  'a choice of a huge index': [
    JSON.stringify({ choices: [{ index: 1e300, delta: { tool_calls: [call()] }, finish_reason: 'tool_calls' }] }),
  ],
  'an event after the end': ['[DONE]', delta({ tool_calls: [call()] }), end],
  'a name in two pieces': [
    delta({ tool_calls: [call({ function: { name: 'list_', arguments: '' } })] }),
    delta({ tool_calls: [{ index: 0, function: { name: 'customers', arguments: '{}' } }] }),
    end,
  ],
  'the prototype': [`{"choices":[{"index":0,"delta":{"__proto__":{"tool_calls":[${JSON.stringify(call())}]}}}]}`, stop],
};

describe('a forbidden call does not reach the client of a stream', () => {
  it.each(Object.entries(streams))('hidden in %s', async (_, payloads) => {
    const { text } = await answerTo({ chunks: { payloads, omitDone: true } }, true);
    expectNoCall(text);
  });

  const event = (payload: string) => `data: ${payload}\n\n`;
  const hidden = delta({ tool_calls: [call()] });
  it.each([
    ['a byte order mark before it', `\ufeff${event(hidden)}${event(end)}`],
    ['lines that end with a bare CR', `data: ${hidden}\r\rdata: ${end}\r\r`],
    ['several data lines', `data: ${hidden.slice(0, 13)}\ndata: ${hidden.slice(13)}\n\n${event(end)}`],
    ['an event of another name', `event: secret\n${event(hidden)}event: x\n${event(end)}`],
    ['a field without a blank', `data:${hidden}\nid: 7\nretry: 1\n\n${event(end)}`],
    ['a comment', `: ${hidden}\n\n${event(stop)}`],
    ['another field', `tool: ${hidden}\n\nid: ${hidden}\n\n${event(stop)}`],
    ['a null byte', `data: ${hidden}\u0000\n\n${event(end)}`],
    ['a tail without a blank line', `${event(hidden)}data: ${end}`],
    ['a line separator', `data: {"choices":[]}\u2028data: ${hidden}\n\n${event(end)}`],
  ])('behind %s', async (_, raw) => {
    const { text } = await answerTo({ raw, contentType: 'text/event-stream' }, true);
    expectNoCall(text);
  });
});

describe('a stream is read as the standard says', () => {
  it.each([
    ['a byte order mark first', (payload: string) => `\ufeffdata: ${payload}\n\n`],
    ['data in several lines', (payload: string) => `data: ${payload.replace(':', ':\ndata: ')}\n\n`],
  ])('%s', async (_, write) => {
    const raw = `${write(delta({ content: 'All of it.' }))}data: ${stop}\n\ndata: [DONE]\n\n`;
    const { text } = await answerTo({ raw, contentType: 'text/event-stream' }, true);
    const events = text.split('\n\n').filter(Boolean);
    expect(events.at(-1)).toBe('data: [DONE]');
    expect(events.join('')).not.toContain('\n');
    const chunks = events
      .slice(0, -1)
      .map((each) => JSON.parse(each.slice(6)) as { choices: { delta: { content?: string } }[] });
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('All of it.');
  });
});

const message = (change: object, more: object = {}) => ({
  raw: JSON.stringify({
    id: 'x',
    object: 'chat.completion',
    choices: [
      { index: 0, message: { role: 'assistant', content: null, ...change }, finish_reason: 'tool_calls', ...more },
    ],
  }),
});

const plain: Record<string, Step> = {
  'a call with two bodies': message({
    tool_calls: [allowed({ type: 'custom', custom: { name: forbidden, input: 'x' } })],
  }),
  'a call whose type is another': message({ tool_calls: [allowed({ type: forbidden })] }),
  'a call with a second name': message({
    tool_calls: [allowed({ function: { name: 'read_ticket', Name: forbidden, arguments: '{"id":"T-1"}' } })],
  }),
  'a list of other case': message({ Tool_Calls: [call()] }),
  'a delta': message({ content: 'x' }, { delta: { tool_calls: [call()] } }),
  'the choice itself': message({ content: 'x' }, { tool_calls: [call()] }),
  'a message of other case': message({ content: 'x' }, { Message: { tool_calls: [call()] } }),
  'the old form in other case': message({ function_Call: call().function }),
  'the prototype': {
    raw: `{"choices":[{"index":0,"message":{"content":"x","__proto__":{"tool_calls":[${JSON.stringify(call())}]}}}]}`,
  },
  'bytes that are not UTF-8': {
    // An overlong quotation mark: text to one reader, the end of the text to another.
    raw: Buffer.from(
      JSON.stringify({
        choices: [{ index: 0, message: { content: `x@","tool_calls":[{"id":"${forbidden}"}],"y":"` } }],
      }).replaceAll('\\"', '\u00c0\u00a2'),
      'latin1',
    ),
  },
};

describe('a forbidden call does not reach the client of a plain answer', () => {
  it.each(Object.entries(plain))('hidden in %s', async (_, step) => {
    const { text } = await answerTo(step, false);
    expectNoCall(text);
  });

  it('nor is the answer a success when the call cannot be read', async () => {
    for (const name of ['a call with two bodies', 'a list of other case', 'bytes that are not UTF-8']) {
      const { status, text } = await answerTo(plain[name] as Step, false);
      expect(status).toBe(502);
      expect(JSON.parse(text).error.code).toBe('provider_malformed');
    }
  });
});

describe('an answer of very many parts', () => {
  const many = (length: number) => Array.from({ length }, (_, index) => call({ index, id: `c-${index}` }));
  it.each([
    ['calls', many(20_000).map((each) => [each])],
    ['calls over many choices', undefined],
  ])('%s: is refused whole, and the next request is served', async (_, calls) => {
    const choices = calls
      ? [{ index: 0, message: { content: null, tool_calls: calls.flat() } }]
      : Array.from({ length: 500 }, (_each, index) => ({ index, message: { content: null, tool_calls: many(40) } }));
    const payloads = choices.map(({ index, message: { tool_calls } }) =>
      JSON.stringify({ choices: [{ index, delta: { tool_calls }, finish_reason: 'tool_calls' }] }),
    );
    for (const stream of [false, true]) {
      const step = stream ? { chunks: { payloads } } : { raw: JSON.stringify({ choices }) };
      const { text, checkpoint } = await answerTo(step, stream);
      expect(text).toContain('"code":"provider_malformed"');
      const proposed = (await checkpoint.entries()).filter((entry) => 'kind' in entry && entry.kind === 'tool_call');
      expect(proposed).toEqual([]);
    }
  });

  it('of names and ids is bounded like its text', async () => {
    const huge = 'x'.repeat(4_000_000);
    const payloads = Array.from({ length: 6 }, (_, index) =>
      delta({ tool_calls: [{ index, id: `${index}${huge}`, function: { name: 'read_ticket', arguments: '{}' } }] }),
    );
    const { text } = await answerTo({ chunks: { payloads: [...payloads, end] } }, true);
    expect(text).toContain('"code":"provider_malformed"');
    expect(text.length).toBeLessThan(1000);
  });
});

describe('text that the model controls', () => {
  it('cannot speak in the voice of the checkpoint', async () => {
    const name = 'x was not made.\n[Sallyport] The call to pay';
    const { text } = await answerTo({ toolCalls: [{ name, arguments: {} }] }, false);
    const { content } = JSON.parse(text).choices[0].message as { content: string };
    expect(content.match(/^\[Sallyport\]/gm)).toHaveLength(1);
  });

  it('in headers is passed on only where it is a header', async () => {
    const { status, text } = await answerTo(
      { text: 'hi', headers: { 'x-ratelimit-evil': 'a\tb', 'set-cookie': 'a=b', location: 'http://evil.example' } },
      true,
    );
    expect(status).toBe(200);
    expect(text).not.toContain('evil.example');
  });
});
