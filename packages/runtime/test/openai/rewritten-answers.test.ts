import { describe, expect, it } from 'vitest';
import type { ArmedGuard, TextStream } from '@sallyport/core';
import { AnswerStopped, allow, defineGuard } from '@sallyport/core';
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

const reasons = [{ code: 'other_owner', rule: 'guards.test', detail: '1 × WORD' }] as const;
const hide = (text: string) => text.replaceAll('hunter2', '[hidden]');

/** Holds back what may still become the word. */
function hiding(): TextStream {
  let held = '';
  return {
    push(text) {
      held = hide(held + text);
      const keep = [7, 6, 5, 4, 3, 2, 1, 0].find(
        (n) => n <= held.length && 'hunter2'.startsWith(held.slice(held.length - n)),
      );
      const out = held.slice(0, held.length - (keep ?? 0));
      held = held.slice(out.length);
      if (out.includes('STOP')) throw new AnswerStopped(reasons);
      return out;
    },
    end: () => held,
  };
}

/** A guard that hides a word in answers, and puts another value into calls. */
const word = defineGuard({
  name: 'word',
  summary: 'hides a word',
  stage: 'rewrite',
  on: ['model_response', 'tool_call'],
  check(event) {
    if (event.kind === 'model_response') {
      const text = hide(event.text);
      return text === event.text ? allow : { outcome: 'transform', event: { ...event, text }, reasons };
    }
    if (event.arguments['id'] !== '<TICKET_1>') return allow;
    return { outcome: 'transform', event: { ...event, arguments: { ...event.arguments, id: 'T-9' } }, reasons };
  },
  stream: hiding,
});
const guards = (armed: ArmedGuard[]): ArmedGuard[] => [...armed, { guard: word, mode: 'enforce', timeoutMs: 1000 }];
const started = (payloads: readonly string[]) => startCheckpoint({ script: () => ({ chunks: { payloads } }), guards });

describe('a streamed answer', () => {
  it('goes out as it was rewritten, wherever the provider cuts it', async () => {
    const text = 'The password is hunter2, and hunt is no word; hunter2';
    for (let cut = 1; cut < text.length; cut += 3) {
      const pieces = text.match(new RegExp(`[^]{1,${cut}}`, 'g')) ?? [];
      const { client, entries } = await started([
        ...pieces.map((content) => chunk({ role: 'assistant', content })),
        chunk({}, 'stop'),
      ]);
      const stream = client().chat.completions.stream({ model: 'm-1', messages: hello });
      expect(await stream.finalContent()).toBe(hide(text));
      const answer = (await entries()).find((entry) => entry.phase === 'intent' && entry.kind === 'model_response');
      expect(answer).toMatchObject({ decision: { outcome: 'transform', reasons } });
      expect(JSON.stringify(await entries())).not.toContain('hunter2');
    }
  });

  it('is rewritten in every member that holds text, its last chunk included', async () => {
    const { client } = await started([
      chunk({ reasoning_content: 'hunt' }),
      chunk({ reasoning_content: 'er2?' }),
      chunk({ content: 'It is hun' }),
      chunk({ content: 'ter2' }, 'stop'),
    ]);
    const got: string[] = [];
    for await (const each of await client().chat.completions.create({ model: 'm-1', messages: hello, stream: true }))
      got.push(JSON.stringify(each.choices));
    expect(got.join('')).not.toMatch(/hun/);
    expect(got.join('').match(/\[hidden\]/g)).toHaveLength(2);
  });

  it('carries no probabilities of tokens that were held back or changed', async () => {
    const logprobs = { logprobs: { content: [{ token: 'hunter2', logprob: 0 }] } };
    const { client } = await started([
      chunk({ content: 'plain ' }, null, { logprobs: { content: [{ token: 'plain', logprob: 0 }] } }),
      chunk({ content: 'hunter2' }, null, logprobs),
      chunk({}, 'stop', logprobs),
    ]);
    const got: string[] = [];
    for await (const each of await client().chat.completions.create({ model: 'm-1', messages: hello, stream: true }))
      got.push(JSON.stringify(each));
    expect(got.join('')).toContain('"token":"plain"');
    expect(got.join('')).not.toContain('hunter2');
  });

  it('carries the probabilities of the tokens it shows, once, and none of a call', async () => {
    const of = (token: string) => ({ logprobs: { content: [{ token, logprob: 0 }], refusal: null } });
    const call = { index: 0, id: 'c1', type: 'function', function: { name: 'read_ticket', arguments: '{"id":"T-7"}' } };
    const { client } = await started([
      chunk({ role: 'assistant', content: 'plain ' }, null, of('plain')),
      chunk({ role: 'assistant', tool_calls: [call] }, null, of('T-7')),
      chunk({ content: 'text' }, 'stop', of('text')),
    ]);
    const stream = client().chat.completions.stream({ model: 'm-1', messages: hello, tools });
    const { choices } = await stream.finalChatCompletion();
    expect(choices[0]?.logprobs?.content?.map(({ token }) => token)).toEqual(['plain', 'text']);
  });

  it('that a guard stops ends with an error that no client takes for an end, and is on record', async () => {
    const { client, entries } = await started([
      chunk({ content: 'So far ' }),
      chunk({ content: 'so good. STOP it' }),
      chunk({ content: ' more' }),
      chunk({}, 'stop'),
    ]);
    let got = '';
    const reading = (async () => {
      for await (const each of await client().chat.completions.create({ model: 'm-1', messages: hello, stream: true }))
        got += each.choices[0]?.delta.content ?? '';
    })();
    await expect(reading).rejects.toThrow(/another customer/i);
    expect(got).toBe('So far ');
    const recorded = await entries();
    expect(recorded.find((entry) => entry.phase === 'intent' && entry.kind === 'model_response')).toMatchObject({
      decision: { outcome: 'deny', reasons },
    });
    expect(recorded.find((entry) => entry.phase === 'result')).toMatchObject({ result: { outcome: 'aborted' } });
  });

  it('whose guard falls over goes no further', async () => {
    const broken = defineGuard({
      ...word,
      name: 'broken',
      stream: () => ({
        push() {
          throw new Error('fell over');
        },
        end: () => '',
      }),
    });
    const { client } = await startCheckpoint({
      script: () => ({ text: 'hello there' }),
      guards: (armed) => [...armed, { guard: broken, mode: 'enforce', timeoutMs: 1000 }],
    });
    const stream = client({ maxRetries: 0 }).chat.completions.stream({ model: 'm-1', messages: hello });
    await expect(stream.finalContent()).rejects.toThrow(/safety check could not run/);
  });

  it('whose guard streams another text than it decides is an error', async () => {
    const lying = defineGuard({
      ...word,
      name: 'lying',
      stream: () => ({ push: (text: string) => text, end: () => '' }),
    });
    const { client } = await startCheckpoint({
      script: () => ({ text: 'it is hunter2' }),
      guards: (armed) => [...armed, { guard: lying, mode: 'enforce', timeoutMs: 1000 }],
    });
    const stream = client({ maxRetries: 0 }).chat.completions.stream({ model: 'm-1', messages: hello });
    await expect(stream.finalContent()).rejects.toThrow();
  });
});

describe('a whole answer', () => {
  it('goes out as it was rewritten, every member that holds text, and without its probabilities', async () => {
    const answer = whole(
      { content: 'It is hunter2.', reasoning_content: 'hunter2?' },
      { logprobs: { content: [{ token: 'hunter2', logprob: 0 }] } },
    );
    const { client } = await startCheckpoint({ script: () => answer, guards });
    const got = await client().chat.completions.create({ model: 'm-1', messages: hello });
    expect(got.choices[0]?.message).toMatchObject({ content: 'It is [hidden].', reasoning_content: '[hidden]?' });
    expect(JSON.stringify(got)).not.toContain('hunter2');
  });

  it('that nobody rewrote goes out byte for byte', async () => {
    const answer = whole({ content: 'Nothing  to see', extra: { a: [1] } });
    const { url } = await startCheckpoint({ script: () => answer, guards });
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer good', 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm-1', messages: hello }),
    });
    expect(await response.text()).toBe(answer.raw);
  });

  it('whose content is no text is refused: what cannot be read cannot be judged', async () => {
    const { client } = await startCheckpoint({
      script: () => whole({ content: [{ type: 'text', text: 'hunter2' }] }),
      guards,
    });
    const asked = client({ maxRetries: 0 }).chat.completions.create({ model: 'm-1', messages: hello });
    await expect(asked).rejects.toThrow(/content is no text/);
  });
});

describe('a call', () => {
  const call = {
    id: 'c1',
    type: 'function',
    function: { name: 'read_ticket', arguments: '{"id": "<TICKET_1>"}' },
  };

  it('is released with the arguments that were cleared', async () => {
    const { client } = await startCheckpoint({ script: () => whole({ tool_calls: [call] }), guards });
    const got = await client().chat.completions.create({ model: 'm-1', messages: hello, tools });
    expect(got.choices[0]?.message.tool_calls).toMatchObject([
      { id: 'c1', function: { name: 'read_ticket', arguments: '{"id":"T-9"}' } },
    ]);
  });

  it('is so while streaming, too', async () => {
    const { client } = await started([chunk({ tool_calls: [{ index: 0, ...call }] }), chunk({}, 'tool_calls')]);
    const stream = client().chat.completions.stream({ model: 'm-1', messages: hello, tools });
    const { choices } = await stream.finalChatCompletion();
    expect(choices[0]?.message.tool_calls).toMatchObject([{ function: { arguments: '{"id":"T-9"}' } }]);
  });
});
