import { describe, expect, test } from 'vitest';
import type { AgentEvent } from '@sallyport/core';
import { aSession } from '../store/fixtures.ts';
import { cut, keepContent, maxContentBytes } from '../../src/audit/content.ts';

const base = { id: 'e', at: 1 };
const model = { provider: 'openai', name: 'gpt-5' };
const events = {
  user_message: { ...base, kind: 'user_message', text: 'my secret' },
  model_request: {
    ...base,
    kind: 'model_request',
    model,
    messages: [{ role: 'user', text: 'my secret' }],
    tools: [],
    settings: { temperature: 0.5 },
    stream: false,
    wire: { format: 'openai.chat', bytes: new Uint8Array() },
  },
  model_response: { ...base, kind: 'model_response', model, text: 'an answer', calls: 0 },
  tool_call: {
    ...base,
    kind: 'tool_call',
    runs: 'agent',
    callId: 'c',
    tool: 't',
    arguments: JSON.parse('{"to":"a@b.c","__proto__":{"x":1}}') as Record<string, string>,
    messages: [{ role: 'user', text: 'my secret' }],
  },
  tool_result: { ...base, kind: 'tool_result', callId: 'c', tool: 't', text: 'a result' },
  egress_request: { ...base, kind: 'egress_request', method: 'GET', url: 'https://example.com/' },
  code_execution: { ...base, kind: 'code_execution', language: 'python', code: 'print(1)' },
} as const satisfies { [K in AgentEvent['kind']]: Extract<AgentEvent, { kind: K }> };

const kept = (mode: Parameters<typeof keepContent>[0]) =>
  Object.fromEntries(
    Object.entries(events).flatMap(([kind, event]) => {
      const content = keepContent(mode)(event, aSession());
      return content === undefined ? [] : [[kind, content]];
    }),
  );

describe('what the log keeps of an event', () => {
  test('is nothing by `none`', () => {
    expect(kept('none')).toEqual({});
  });

  test("is a tool call's arguments by `arguments`, and no message", () => {
    expect(kept('arguments')).toEqual({ tool_call: '{"to":"a@b.c","__proto__":{"x":1}}' });
  });

  test('is the texts too by `messages`, and of a model request no text twice', () => {
    expect(kept('messages')).toEqual({
      user_message: 'my secret',
      model_request: '{"settings":{"temperature":0.5},"messages":1}',
      model_response: 'an answer',
      tool_call: '{"to":"a@b.c","__proto__":{"x":1}}',
      tool_result: 'a result',
    });
  });
});

const bytes = (text: string) => new TextEncoder().encode(text).length;

describe('a long content', () => {
  test('is kept whole up to the limit and cut after it, with how much was left out', () => {
    expect(cut('x'.repeat(maxContentBytes))).toBe('x'.repeat(maxContentBytes));
    expect(cut('x'.repeat(maxContentBytes + 3))).toBe(`${'x'.repeat(maxContentBytes)}… (3 more characters)`);
  });

  test.each(['é', '€', '👍'])(
    'is never cut within a character (%s), and characters are what is counted',
    (character) => {
      for (let offset = 0; offset < 4; offset += 1) {
        const text = 'x'.repeat(offset) + character.repeat(maxContentBytes);
        const [head = '', mark = ''] = cut(text).split('… (');
        const left = Array.from(text.slice(head.length)).length;
        expect(head.isWellFormed()).toBe(true);
        expect(bytes(head)).toBeLessThanOrEqual(maxContentBytes);
        expect(bytes(head)).toBeGreaterThan(maxContentBytes - 4);
        expect(mark).toBe(`${left} more characters)`);
      }
    },
  );

  test('of halves of surrogate pairs is cut like any other', () => {
    for (const half of ['\ud800', '\udc00']) {
      const [head = '', mark] = cut(half.repeat(5000)).split('… (');
      expect(head).toBe(half.repeat(1365));
      expect(mark).toBe('3635 more characters)');
    }
  });

  test('is cut in the log whatever kind of event carried it', () => {
    const text = 'y'.repeat(20_000);
    const keep = keepContent('messages');
    const long: AgentEvent[] = [
      { ...events.user_message, text },
      { ...events.model_response, text },
      { ...events.tool_result, text },
      { ...events.tool_call, arguments: { text } },
      { ...events.model_request, settings: { text } },
    ];
    for (const event of long) expect(keep(event, aSession())?.length).toBeLessThan(maxContentBytes + 40);
  });
});
