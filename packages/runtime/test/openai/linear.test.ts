import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { SseSplitter } from '../../src/surfaces/openai/sse.ts';
import { startCheckpoint } from './checkpoint.ts';

/* Inputs are so long that anything but linear time would take minutes: the runner's own limit is the check. */

describe('a stream of megabytes is split', () => {
  it.each([
    ['comments without an event', ': \n', 1_000_000, 64, 0],
    ['an event of many lines', 'data:\n', 500_000, 64, 0],
    ['one line', 'data: x', 100_000, 16, 0],
    ['line ends of all kinds', ':\r\n:\r:\n', 300_000, 64, 0],
    ['many events', 'data: x\n\n', 300_000, 64, 300_000],
  ])('%s', (_, line, times, bytesPerPush, events) => {
    const bytes = Buffer.from(line.repeat(times));
    const splitter = new SseSplitter();
    let seen = 0;
    for (let at = 0; at < bytes.length; at += bytesPerPush) {
      seen += splitter.push(bytes.subarray(at, at + bytesPerPush)).length;
    }
    expect(seen).toBe(events);
  });
});

it('a request of 50,000 calls and 1,000 results is answered', async () => {
  const checkpoint = await startCheckpoint({ script: () => ({ text: 'hi' }) });
  const past = Array.from({ length: 1_000 }, (_, at) => ({
    role: 'assistant',
    tool_calls: Array.from({ length: 50 }, (_each, call) => ({
      id: `${at}-${call}`,
      function: { name: 'x', arguments: '' },
    })),
  }));
  const results = Array.from({ length: 1_000 }, (_, at) => ({ role: 'tool', tool_call_id: `x${at}`, content: '' }));
  const answer = await request(`${checkpoint.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer good', 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm-1', messages: [{ role: 'user', content: 'x' }, ...past, ...results] }),
  });
  await answer.body.text();
  expect(answer.statusCode).toBe(200);
});
