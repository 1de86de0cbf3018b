import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject, Session, ToolCall } from '../../src/index.ts';
import { bindingOf } from '../../src/index.ts';
import { session, toolCall } from '../fixtures.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const fixed = session();
const bind = (args: JsonObject, call: Partial<ToolCall> = {}, change: Partial<Session> = {}, policy = 'p-1') =>
  bindingOf(toolCall(args, call), { ...fixed, ...change }, policy, sha256);

/** JSON that readers agree on. */
const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const { value: json } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.double({ noNaN: true, min: -(2 ** 53) + 1, max: 2 ** 53 - 1 }),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(text, tie('value'), { maxKeys: 4 }),
  ),
}));
const args = fc.dictionary(text, json, { minKeys: 1, maxKeys: 5 }) as fc.Arbitrary<JsonObject>;
const reparsed = <T extends Json>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
const compact = (value: Json): string => JSON.stringify(sorted(value));
const sorted = (value: Json): Json => {
  if (Array.isArray(value)) return (value as readonly Json[]).map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value as JsonObject)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [`k${key}`, sorted(item)]),
  );
};
const shuffled = (value: Json): Json => {
  if (Array.isArray(value)) return (value as readonly Json[]).map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value as JsonObject)
      .toReversed()
      .map(([key, item]) => [key, shuffled(item)]),
  );
};

describe('a binding', () => {
  it('is another for any two arguments that differ as JSON values, and only for those', () => {
    fc.assert(
      fc.property(args, args, (a, b) => {
        const [left, right] = [reparsed(a), reparsed(b)];
        expect(bind(left) === bind(right)).toBe(compact(left) === compact(right));
      }),
      { numRuns: 500 },
    );
  });

  it('does not depend on the order of members, at any depth', () => {
    fc.assert(
      fc.property(args, (a) => {
        expect(bind(shuffled(a) as JsonObject)).toBe(bind(a));
      }),
    );
  });

  it('changes with every single character of every text, wherever it stands', () => {
    fc.assert(
      fc.property(args, fc.nat(), fc.constantFrom('a', 'а', '\u200b', '\u0301', ' ', 'ﬁ'), (a, at, inserted) => {
        // Between code points: half of a pair is refused, as below.
        const written = Array.from(JSON.stringify(a));
        const place = at % (written.length + 1);
        let changed: JsonObject;
        try {
          changed = JSON.parse([...written.slice(0, place), inserted, ...written.slice(place)].join('')) as JsonObject;
        } catch {
          return;
        }
        fc.pre(compact(changed) !== compact(reparsed(a)));
        expect(bind(changed)).not.toBe(bind(a));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['a Cyrillic а', { to: 'ann@bank.example' }, { to: 'аnn@bank.example' }],
    ['a zero-width space', { to: 'ann@bank.example' }, { to: 'ann@bank.example\u200b' }],
    ['another form of é', { name: 'Andr\u00e9' }, { name: 'Andre\u0301' }],
    ['a full-width digit', { account: '100' }, { account: '10０' }],
    ['a right-to-left mark', { file: 'a.txt' }, { file: 'a\u202e.txt' }],
    ['upper case', { to: 'Ann' }, { to: 'ann' }],
    ['a text for a number', { amount: 1 }, { amount: '1' }],
    ['true for a text', { urgent: true }, { urgent: 'true' }],
    ['null for nothing', { cc: null }, {}],
    ['a list for a value', { to: 'ann' }, { to: ['ann'] }],
    ['another order of a list', { to: ['a', 'b'] }, { to: ['b', 'a'] }],
    ['a nested change', { a: { b: [{ c: 1 }] } }, { a: { b: [{ c: 2 }] } }],
    ['a member of that name in the prototype', { a: 1 }, JSON.parse('{"a":1,"__proto__":{"b":2}}') as JsonObject],
    ['a moved boundary', { a: 'x', b: 'y' }, { a: 'x","b":"y' }],
    ['the next number', { amount: 0.1 }, { amount: 0.1 + 2 ** -56 }],
  ])('differs by %s', (_, one, other) => {
    expect(bind(one as JsonObject)).not.toBe(bind(other));
  });

  it.each([
    ['1 and 1.0', '{"n":1}', '{"n":1.0}'],
    ['1e2 and 100', '{"n":1e2}', '{"n":100}'],
    ['an escaped and a plain character', '{"a":"\\u0061"}', '{"a":"a"}'],
    ['other white space', '{"a" : [ 1,2 ]}', '{"a":[1,2]}'],
  ])('is the same for %s', (_, one, other) => {
    expect(bind(JSON.parse(one) as JsonObject)).toBe(bind(JSON.parse(other) as JsonObject));
  });

  it('is another for another tool, definition, session, agent, user, tenant and policy', () => {
    const definition = { name: 'send_email', description: 'Sends', parameters: { type: 'object' } };
    const values = { to: 'ann' };
    const all = [
      bind(values),
      bind(values, { tool: 'send_emai1' }),
      bind(values, { definition }),
      bind(values, { definition: { ...definition, description: 'Sends.' } }),
      bind(values, { definition: { ...definition, parameters: { type: 'object', title: '' } } }),
      bind(values, {}, { id: 's-2' }),
      bind(values, {}, { agent: { ...fixed.agent, id: 'a-2' } }),
      bind(values, {}, { user: { ...fixed.user, id: 'Ann' } }),
      bind(values, {}, { tenant: 'other' }),
      bind(values, {}, {}, 'p-2'),
    ];
    const { definition: _, ...invented } = toolCall(values);
    all.push(bindingOf(invented, fixed, 'p-1', sha256));
    expect(new Set(all).size).toBe(all.length);
  });

  it('is refused where readers would disagree on the value that was approved', () => {
    // JavaScript reads both as 9007199254740992, Python as what is written.
    for (const written of ['9007199254740992', '9007199254740993', '-9007199254740993', '1e400']) {
      expect(() => bind(JSON.parse(`{"a":{"account":[${written}]}}`) as JsonObject)).toThrow(/beyond 2\^53/);
    }
    expect(() => bind({ to: '\ud800' })).toThrow(/surrogate/);
    expect(() => bind({ '\udc00': 'x' })).toThrow(/surrogate/);
  });
});
