import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { SseSplitter } from '../../src/surfaces/openai/sse.ts';
import { startCheckpoint } from './checkpoint.ts';

describe('a stream is split in time proportional to its length', () => {
  const run = (line: string, size: number, bytesPerPush: number): number => {
    const bytes = Buffer.from(line.repeat(size));
    const splitter = new SseSplitter();
    const started = performance.now();
    for (let at = 0; at < bytes.length; at += bytesPerPush) splitter.push(bytes.subarray(at, at + bytesPerPush));
    return performance.now() - started;
  };
  it.each([
    ['comments without an event', ': \n', 100_000, 64],
    ['an event of many lines', 'data:\n', 50_000, 64],
    ['one line', 'data: x', 50_000, 16],
    ['line ends of all kinds', ':\r\n:\r:\n', 30_000, 64],
  ])('%s', (_, line, size, bytesPerPush) => {
    run(line, size, bytesPerPush);
    const small = Math.min(run(line, size, bytesPerPush), run(line, size, bytesPerPush));
    const large = Math.min(run(line, size * 8, bytesPerPush), run(line, size * 8, bytesPerPush));
    expect(large / small).toBeLessThan(30);
  });
});

describe('a request of many calls and many results', () => {
  it('takes time in proportion to its length', async () => {
    const checkpoint = await startCheckpoint({ script: () => ({ text: 'hi' }), config: 'deniedCalls: {reasks: 0}' });
    const body = (size: number) => {
      const past = Array.from({ length: size / 2 }, (_, at) => ({
        role: 'assistant',
        tool_calls: Array.from({ length: 50 }, (_each, call) => ({
          id: `${at}-${call}`,
          function: { name: 'x', arguments: '' },
        })),
      }));
      const results = Array.from({ length: size }, (_, at) => ({ role: 'tool', tool_call_id: `x${at}`, content: '' }));
      return JSON.stringify({ model: 'm-1', messages: [{ role: 'user', content: 'x' }, ...past, ...results] });
    };
    const timed = async (size: number) => {
      const text = body(size);
      const started = performance.now();
      const answer = await request(`${checkpoint.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: 'Bearer good', 'content-type': 'application/json' },
        body: text,
      });
      await answer.body.text();
      expect(answer.statusCode).toBe(200);
      return performance.now() - started;
    };
    await timed(400);
    const small = Math.min(await timed(400), await timed(400));
    expect((await timed(3200)) / small).toBeLessThan(30);
  });
});
