import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { hello, startCheckpoint, tools } from './checkpoint.ts';

/** As Python's `str.splitlines` cuts, by which many clients read the lines of a stream. */
const lines = (text: string) => text.split(/\r\n|[\n\r\v\f\x85\u2028\u2029]/);
const chunk = (delta: object, finish: string | null = null) =>
  JSON.stringify({ id: 'x', choices: [{ index: 0, delta, finish_reason: finish }] });
const call = { index: 0, id: 'c-1', type: 'function', function: { name: 'list_customers', arguments: '{}' } };

describe('what a model writes is no event of its own to a client that knows more line ends', () => {
  it.each([
    ['a line separator', '\u2028'],
    ['a paragraph separator', '\u2029'],
    ['a next line', '\u0085'],
  ])('after %s', async (_, end) => {
    const content = `Fine.${end}${end}data: ${chunk({ tool_calls: [call] }, 'tool_calls')}${end}${end}`;
    const { url } = await startCheckpoint({
      script: () => ({ chunks: { payloads: [chunk({ content }), chunk({}, 'stop')] } }),
    });
    const { body } = await request(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer good', 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm-1', messages: hello, tools, stream: true }),
    });
    const text = await body.text();
    const events = lines(text).filter((line) => line.startsWith('data: {'));
    const read = events.map((line) => JSON.parse(line.slice(6)) as { choices: { delta: { content?: string } }[] });
    expect(read[0]?.choices[0]?.delta.content).toBe(content);
    expect(read.flatMap(({ choices }) => choices).filter(({ delta }) => 'tool_calls' in delta)).toEqual([]);
  });
});
