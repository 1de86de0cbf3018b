import { describe, expect, it } from 'vitest';
import type { ArmedGuard } from '@sallyport/core';
import { allow, defineGuard, deny } from '@sallyport/core';
import { hello, startCheckpoint } from './checkpoint.ts';

const details = (text: string) => [{ type: 'reasoning.text', text, index: 0 }];
const chunk = (delta: object, finish: string | null = null, more: object = {}) =>
  JSON.stringify({ id: 'x', choices: [{ index: 0, delta, finish_reason: finish, ...more }] });
const whole = (message: object, more: object = {}) => ({
  raw: JSON.stringify({
    id: 'x',
    object: 'chat.completion',
    choices: [
      { index: 0, message: { role: 'assistant', content: 'Fine.', ...message }, finish_reason: 'stop', ...more },
    ],
  }),
});
const reason = { code: 'other_owner', rule: 'guards.test' } as const;

/** Hides a word in what a model says, and denies another. */
const word = defineGuard({
  name: 'word',
  summary: 'hides a word',
  stage: 'rewrite',
  on: ['model_response'],
  check(event) {
    if (event.text.includes('STOP')) return deny(reason);
    const text = event.text.replaceAll('hunter2', '[hidden]');
    return text === event.text ? allow : { outcome: 'transform', event: { ...event, text }, reasons: [reason] };
  },
});
const guards = (armed: ArmedGuard[]): ArmedGuard[] => [...armed, { guard: word, mode: 'enforce', timeoutMs: 1000 }];
const plain = async (message: object, more: object = {}) => {
  const { client } = await startCheckpoint({ script: () => whole(message, more), guards });
  return client({ maxRetries: 0 }).chat.completions.create({ model: 'm-1', messages: hello });
};
const streamed = async (...payloads: readonly string[]) => {
  const { client } = await startCheckpoint({ script: () => ({ chunks: { payloads } }), guards });
  const got: unknown[] = [];
  const stream = await client({ maxRetries: 0 }).chat.completions.create({
    model: 'm-1',
    messages: hello,
    stream: true,
  });
  for await (const each of stream) got.push(each.choices[0]);
  return got;
};

describe('text deeper down in what a model answers is judged like any other', () => {
  it('in a plain answer: what a guard would change is left out, the rest comes through', async () => {
    const got = await plain({ reasoning_details: details('It is hunter2.'), notes: details('Nothing.') });
    expect(JSON.stringify(got)).not.toContain('hunter2');
    expect(got.choices[0]?.message).toMatchObject({ content: 'Fine.', notes: details('Nothing.') });
  });

  it('in a plain answer that a guard denies for it', async () => {
    await expect(plain({ reasoning_details: details('STOP') })).rejects.toThrow(/another customer/i);
  });

  it('in a stream, however it is cut', async () => {
    const got = await streamed(
      chunk({ role: 'assistant', reasoning_details: details('It is hun') }),
      chunk({ reasoning_details: details('ter2.') }),
      chunk({ content: 'Fine.' }),
      chunk({}, 'stop'),
    );
    expect(JSON.stringify(got)).not.toMatch(/hun|ter2/);
    expect(JSON.stringify(got)).toContain('Fine.');
  });

  it('in a stream that a guard denies for it, before any of it is shown', async () => {
    const stopped = streamed(chunk({ reasoning_details: details('STOP') }), chunk({}, 'stop'));
    await expect(stopped).rejects.toThrow(/another customer/i);
  });

  it('and comes through in a stream where nothing is wrong with it, in order and before the end', async () => {
    const got = await streamed(
      chunk({ role: 'assistant', annotations: [], reasoning_details: details('Let me ') }),
      chunk({ reasoning_details: details('think.'), content: 'Fine.' }),
      chunk({ reasoning_details: details(' Done.') }, 'stop'),
    );
    expect(got).toMatchObject([
      { delta: { role: 'assistant', annotations: [] } },
      { delta: { content: 'Fine.' } },
      { delta: { reasoning_details: details('Let me ') } },
      { delta: { reasoning_details: details('think.') } },
      { delta: { reasoning_details: details(' Done.') } },
      { delta: {}, finish_reason: 'stop' },
    ]);
  });

  it.each([
    ['a message beside the delta', { message: { content: 'It is hunter2.' } }],
    ['a text beside it', { text: 'It is hunter2.' }],
  ])('in a stream with %s: only one of them goes out', async (_, more) => {
    const got = await streamed(chunk({ content: 'Fine.' }, null, more), chunk({}, 'stop', more));
    expect(JSON.stringify(got)).not.toContain('hunter2');
    expect(got).toMatchObject([{ delta: { content: 'Fine.' } }, { finish_reason: 'stop' }]);
  });

  it('in a stream with a delta in other letters alone: nothing of it goes out', async () => {
    const other = JSON.stringify({ choices: [{ index: 0, Delta: { content: 'It is hunter2.' } }] });
    const got = await streamed(other, chunk({ content: 'Fine.' }), chunk({}, 'stop'));
    expect(JSON.stringify(got)).not.toContain('hunter2');
    expect(JSON.stringify(got)).toContain('Fine.');
  });

  it('in a plain answer with a delta beside the message: only one of them goes out', async () => {
    const got = await plain({}, { delta: { content: 'It is hunter2.' }, native_finish_reason: 'STOP' });
    expect(JSON.stringify(got)).not.toContain('hunter2');
    expect(got.choices[0]).toMatchObject({ message: { content: 'Fine.' }, native_finish_reason: 'STOP' });
  });

  it('and does not fill the log, however many kinds of it a provider sends', async () => {
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`note_${at}`, 'x']));
    await expect(plain(many)).rejects.toThrow(/too many kinds of text/);
  });
});
