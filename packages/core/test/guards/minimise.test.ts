import { describe, expect, it, test } from 'vitest';
import {
  manifestSchema,
  type JsonObject,
  type ManifestInput,
  type ModelRequest,
  type Session,
} from '../../src/index.ts';
import { called, chatRequest, viewsOf, wireOf } from './requests.ts';
import { minimiseGuard } from '../../src/guards/minimise.ts';
import { session } from '../fixtures.ts';
import { trimResult } from '../../src/records/trim.ts';

type Rules = NonNullable<NonNullable<ManifestInput['results']>['minimise']>;

const check = (rules: Rules, messages: readonly JsonObject[], change: Partial<Session> = {}) => {
  const manifest = manifestSchema.parse({ results: { minimise: rules } });
  const guard = minimiseGuard((tool) => (tool === 'crm' ? manifest : manifestSchema.parse({})));
  const verdict = guard.check(chatRequest(messages), { session: session(change), now: 0 });
  if (verdict instanceof Promise) throw new Error('unreachable');
  return verdict;
};
const sent = (verdict: ReturnType<typeof check>): ModelRequest => {
  if (verdict.outcome !== 'transform') throw new Error(`it was not rewritten: ${verdict.outcome}`);
  return verdict.event as ModelRequest;
};

const drop = (...fields: string[]): Rules => [{ fields, action: 'drop' }];
const result =
  '{ "customers": [ {"id": 1, "ssn": "078-05-1120", "note": "likes \\"tea\\""} ], "n": 12345678901234567890 }';

describe('fields that the task does not need do not reach the model', () => {
  it('in the views and in the bytes alike, and every other character stays', () => {
    const event = sent(check(drop('customers.*.ssn'), called('crm', result)));
    const expected = result.replace(' "ssn": "078-05-1120",', '');
    expect(event.messages[1]?.text).toBe(expected);
    expect(wireOf(event).messages[1]).toMatchObject({ tool_call_id: 'c-1', content: expected });
    expect(viewsOf(event)).toEqual(event.messages);
  });

  it('with a reason that counts them and names none of their values', () => {
    const verdict = check(
      [...drop('customers.ssn'), { fields: ['customers.note'], action: 'shorten', to: 5 }],
      called('crm', result),
    );
    expect(verdict).toMatchObject({
      reasons: [
        {
          code: 'result_minimised',
          rule: 'tools.crm.results.minimise',
          path: 'messages[1]',
          detail: '1 left out, 1 shortened',
        },
      ],
    });
    expect(sent(verdict).messages[1]?.text).toContain('"likes…"');
  });

  it('where content comes in parts, and pictures beside them stay', () => {
    const picture = { type: 'image_url', image_url: { url: 'data:,' } };
    const parts = [{ type: 'text', text: '{"ssn":1,' }, picture, { type: 'text', text: '"id":2}' }];
    const event = sent(check(drop('ssn'), called('crm', parts)));
    expect(wireOf(event).messages[1]?.['content']).toEqual([{ type: 'text', text: '{"id":2}' }, picture]);
    expect(viewsOf(event)).toEqual(event.messages);
  });

  it('of every result of the tool, of no other tool, and not of what the runtime said in its place', () => {
    const messages = [
      ...called('crm', '{"ssn":1,"a":2}', 'c-1'),
      ...called('crm', '{"ssn":3}', 'c-2'),
      ...called('mail', '{"ssn":4}', 'c-3'),
    ];
    expect(
      sent(check(drop('ssn'), messages)).messages.flatMap(({ role, text }) => (role === 'tool' ? [text] : [])),
    ).toEqual(['{"a":2}', '{}', '{"ssn":4}']);
    const request = chatRequest(called('crm', '{"ssn":1}'));
    const denied = {
      ...request,
      messages: request.messages.map((each) => (each.role === 'tool' ? { ...each, byRuntime: true as const } : each)),
    };
    const guard = minimiseGuard(() => manifestSchema.parse({ results: { minimise: drop('ssn') } }));
    expect(guard.check(denied, { session: session(), now: 0 })).toEqual({ outcome: 'allow' });
  });

  it('unless the purpose needs them, or the scope names their label; a session without scope gets less', () => {
    const rules: Rules = [{ fields: ['ssn'], action: 'drop', unless: { purposes: ['tax *'], scopes: ['pii'] } }];
    const messages = called('crm', '{"ssn":1}');
    const outcome = (change: Partial<Session>) => check(rules, messages, change).outcome;
    expect(outcome({ purpose: 'tax 2026' })).toBe('allow');
    expect(outcome({ purpose: 'syntax' })).toBe('transform');
    expect(outcome({ scope: { labels: ['pii'], by: 'caller' } })).toBe('allow');
    expect(outcome({ scope: { labels: ['orders'], by: 'caller' } })).toBe('transform');
    expect(outcome({ scope: { tools: ['*'], by: 'caller' } })).toBe('transform');
    expect(outcome({})).toBe('transform');
  });
});

describe('the layouts that are read', () => {
  const trim = (text: string, fields: string[], to?: number) => trimResult(text, [{ fields, to }])?.text;

  test.each([
    ['names that were escaped', '{"\\u0073sn":1,"a":2}', ['ssn'], '{"a":2}'],
    ['a name that stands twice', '{"ssn":1,"a":2,"ssn":3}', ['ssn'], '{"a":2}'],
    ['objects and lists whole', '{"a":{"b":[1,{"c":"}"}]},"d":[]}', ['a'], '{"d":[]}'],
    ['all members', '{"by":{"x":{"s":1},"y":{"s":2,"t":3}}}', ['by.*.s'], '{"by":{"x":{},"y":{"t":3}}}'],
    ['all items', '{"a":[1,2],"b":3}', ['a.*'], '{"a":[],"b":3}'],
    ['a list at the top', '[{"s":1},{"t":2}]', ['s'], '[{},{"t":2}]'],
    ['a list at the top, with a star', '[{"s":1},{"t":{"s":5}}]', ['*.s'], '[{},{"t":{"s":5}}]'],
    ['lists in lists', '[[{"s":1,"u":2}]]', ['s'], '[[{"u":2}]]'],
    [
      'JSON in a string',
      '{"content":[{"type":"text","text":"{\\"s\\":1,\\"t\\":2}"}]}',
      ['content.text.s'],
      '{"content":[{"type":"text","text":"{\\"t\\":2}"}]}',
    ],
    ['JSON lines', '{"s":1}\n{"s":2,"t":3}\n', ['s'], '{}\n{"t":3}\n'],
    ['CSV', 'id,ssn,note\n1,078-05-1120,"a, ""b"""\n2,,x\n', ['ssn'], 'id,note\n1,"a, ""b"""\n2,x\n'],
    ['CSV with semicolons and CRLF', 'id;ssn\r\n1;2\r\n', ['*.ssn'], 'id\r\n1\r\n'],
    ['a tail of space', ' {"s" : 1 , "t" : 2 } ', ['s'], ' { "t" : 2 } '],
  ])('drops in %s', (_, text, fields, expected) => {
    expect(trim(text, fields)).toBe(expected);
  });

  test.each([
    ['text', '{"a":"12345","b":"12345"}', ['a'], '{"a":"123…","b":"12345"}'],
    ['numbers, which would tell as much', '{"a":4111111111111111}', ['a'], '{"a":"411…"}'],
    ['all within', '{"a":{"x":["12345",true,"12"]}}', ['a'], '{"a":{"x":["123…",true,"12"]}}'],
    ['cells', 'a,b\n"1,2345",x\n', ['a'], 'a,b\n"1,2…",x\n'],
    ['not within a character', '{"a":"12\\ud83d\\ude00"}', ['a'], '{"a":"12…"}'],
  ])('shortens %s', (_, text, fields, expected) => {
    expect(trim(text, fields, 3)).toBe(expected);
  });

  it.each([['prose with ssn: 1'], ['{"ssn":1'], ['{"a":1}'], ['id,name\n1,x'], ['']])('leaves %j as it is', (text) => {
    expect(trim(text, ['ssn'])).toBeUndefined();
  });
});
