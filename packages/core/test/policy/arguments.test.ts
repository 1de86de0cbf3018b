import { afterEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/events.ts';
import { call, disagreements, load } from './ask.ts';

afterEach(() => expect(disagreements.splice(0)).toEqual([]));

const permit = (condition: string) =>
  load({ cedar: `permit(principal, action == Sallyport::Action::"tool_call", resource) when { ${condition} };` });
const has = (path: string, condition: string) =>
  `context.args.hasTag("${path}") && context.args.getTag("${path}") ${condition}`;
const json = (text: string) => JSON.parse(text) as JsonObject;

describe('arrays', () => {
  const acme = permit(has('to', 'like "*@acme.example"'));
  const outcome = (to: unknown) => call(acme, 't', { to } as JsonObject).outcome;

  test('every element is judged, however deep the arrays nest', () => {
    expect(outcome(['a@acme.example', 'b@acme.example'])).toBe('allow');
    expect(outcome([['a@acme.example'], [['b@acme.example']]])).toBe('allow');
    expect(outcome(['a@acme.example', 'evil@x'])).toBe('deny');
    expect(outcome(['evil@x', 'a@acme.example'])).toBe('deny');
    expect(outcome([['a@acme.example'], [['evil@x']]])).toBe('deny');
  });
  test('an empty array, null and objects among the elements are no matching value', () => {
    expect(outcome([])).toBe('deny');
    expect(outcome([[], 'a@acme.example'])).toBe('deny');
    expect(outcome([null, 'a@acme.example'])).toBe('deny');
    expect(outcome([{ email: 'evil@x' }, 'a@acme.example'])).toBe('deny');
  });
  test('a forbid on one element denies the call', () => {
    const set = load({
      cedar: `permit(principal, action, resource);
        forbid(principal, action == Sallyport::Action::"tool_call", resource) when { ${has('to', 'like "*@x"')} };`,
    });
    expect(call(set, 't', { to: ['a@acme.example', 'evil@x'] })).toMatchObject({
      outcome: 'deny',
      reasons: [{ code: 'forbidden', rule: 'own.cedar:2' }],
    });
    expect(call(set, 't', { to: ['a@acme.example'] }).outcome).toBe('allow');
  });
  test('the most severe of the elements decides: one that asks holds the call', () => {
    const set = load({
      yaml: `roles: { support: { tools: { t: { decision: allow, when: { to: 'ok-*' }, otherwise: ask } } } }`,
    });
    expect(call(set, 't', { to: ['ok-1', 'ok-2'] }).outcome).toBe('allow');
    expect(call(set, 't', { to: ['ok-1', 'odd', 'ok-2'] })).toMatchObject({
      outcome: 'require_approval',
      reasons: [{ path: 'arguments.to', value: 'odd' }],
    });
  });
  test('fields of the same element are judged together, arrays beside each other in every combination', () => {
    const set = permit(
      `${has('items.kind', '== "gift"')} || (context.numbers.hasTag("items.price") && context.numbers.getTag("items.price").lessThan(decimal("10.0")))`,
    );
    expect(
      call(set, 't', {
        items: [
          { kind: 'gift', price: 99 },
          { kind: 'toy', price: 9 },
        ],
      }).outcome,
    ).toBe('allow');
    expect(
      call(set, 't', {
        items: [
          { kind: 'gift', price: 9 },
          { kind: 'toy', price: 99 },
        ],
      }).outcome,
    ).toBe('deny');
    const pairs = permit(`${has('from', '== "a"')} || ${has('to', '== "b"')}`);
    expect(call(pairs, 't', { from: ['a', 'x'], to: ['b', 'b'] }).outcome).toBe('allow');
    expect(call(pairs, 't', { from: ['a', 'x'], to: ['b', 'y'] }).outcome).toBe('deny');
  });
  test('more than 1,024 combinations are denied with the reason, equal values count once', () => {
    const set = permit(`${has('a', 'like "*"')} && ${has('b', 'like "*"')}`);
    const distinct = (count: number) => Array.from({ length: count }, (_, index) => `v${index}`);
    expect(call(set, 't', { a: distinct(32), b: distinct(32) }).outcome).toBe('allow');
    expect(call(set, 't', { a: distinct(33), b: distinct(32) })).toMatchObject({
      outcome: 'deny',
      reasons: [{ code: 'arguments_too_large', path: 'arguments.b', detail: expect.stringContaining('1024') }],
    });
    expect(call(set, 't', { a: Array(5000).fill('same'), b: 'x' }).outcome).toBe('allow');
    expect(call(set, 't', { a: distinct(5000), b: 'x' }).outcome).toBe('deny');
  });
  test('an array that no policy reads costs nothing', () => {
    const big = Array.from({ length: 5000 }, (_, index) => index);
    expect(call(acme, 't', { to: 'a@acme.example', other: big }).outcome).toBe('allow');
  });
  test('nesting beyond the limit is denied', () => {
    let to: unknown = 'a@acme.example';
    for (let depth = 0; depth < 5000; depth++) to = [to];
    expect(call(acme, 't', { to } as JsonObject)).toMatchObject({
      outcome: 'deny',
      reasons: [{ code: 'arguments_too_large' }],
    });
  });
});

describe('paths', () => {
  test('a key with a dot is not a nested key, nor the other way round', () => {
    const nested = permit(has('a.b', '== "x"'));
    const dotted = permit(has('a~1b', '== "x"'));
    expect(call(nested, 't', { a: { b: 'x' } }).outcome).toBe('allow');
    expect(call(nested, 't', { 'a.b': 'x' }).outcome).toBe('deny');
    expect(call(dotted, 't', { 'a.b': 'x' }).outcome).toBe('allow');
    expect(call(dotted, 't', { a: { b: 'x' } }).outcome).toBe('deny');
    expect(call(dotted, 't', { 'a~1b': 'x' }).outcome).toBe('deny');
    expect(call(permit(has('a~01b', '== "x"')), 't', { 'a~1b': 'x' }).outcome).toBe('allow');
  });
  test('with a key that is computed, the same keys mean the same', () => {
    const computed = permit('context.args.hasTag(resource.name) && context.args.getTag(resource.name) == "x"');
    expect(call(computed, 'a.b', { a: { b: 'x' } }).outcome).toBe('allow');
    expect(call(computed, 'a.b', { 'a.b': 'x' }).outcome).toBe('deny');
    expect(call(computed, 'to', { to: ['x', 'y'] }).outcome).toBe('deny');
    expect(call(computed, 'to', { to: ['x', 'x'] }).outcome).toBe('allow');
  });
  test('empty keys do not merge with anything', () => {
    expect(call(permit(has('', '== "x"')), 't', { '': 'x' }).outcome).toBe('allow');
    expect(call(permit(has('.a', '== "x"')), 't', { '': { a: 'x' } }).outcome).toBe('allow');
    expect(call(permit(has('a', '== "x"')), 't', { '': { a: 'x' } }).outcome).toBe('deny');
    expect(call(permit(has('a.', '== "x"')), 't', { a: { '': 'x' } }).outcome).toBe('allow');
  });
  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('%s is a key like any other', (key) => {
    const set = permit(has(key, '== "x"'));
    expect(call(set, 't', json(`{"${key}":"x"}`)).outcome).toBe('allow');
    expect(call(set, 't', {}).outcome).toBe('deny');
    expect(call(permit(`context.args.hasTag("${key}")`), 't', { a: {} }).outcome).toBe('deny');
    const inherited = permit(has('polluted', '== "x"'));
    expect(call(inherited, 't', json('{"__proto__":{"polluted":"x"}}')).outcome).toBe('deny');
  });
});

describe('values', () => {
  test('numbers are texts as JSON writes them, and decimals where Cedar has them', () => {
    const one = permit(has('n', '== "1"'));
    expect(call(one, 't', json('{"n":1.0}')).outcome).toBe('allow');
    expect(call(permit(has('n', '== "0"')), 't', json('{"n":-0}')).outcome).toBe('allow');
    const small = permit('context.numbers.hasTag("n") && context.numbers.getTag("n").lessThan(decimal("2.0"))');
    expect(call(small, 't', { n: 1.9999 }).outcome).toBe('allow');
    expect(call(small, 't', { n: '1' }).outcome).toBe('deny');
    expect(call(small, 't', { n: 1.00001 }).outcome).toBe('deny');
  });
  test('1 and "1" in one array are two values', () => {
    const numeric = permit('context.numbers.hasTag("n")');
    expect(call(numeric, 't', { n: [1, 1] }).outcome).toBe('allow');
    expect(call(numeric, 't', { n: [1, '1'] }).outcome).toBe('deny');
    expect(call(numeric, 't', { n: ['1', 1] }).outcome).toBe('deny');
  });
  test('what the next reader may read otherwise is refused, also where only a forbid looks at it', () => {
    const set = load({
      cedar: `permit(principal, action, resource);
        forbid(principal, action == Sallyport::Action::"tool_call", resource) when { ${has('id', '== "7"')} };`,
    });
    for (const args of ['{"id":9007199254740993}', '{"id":1e400}', '{"id":"\\ud800"}', '{"id":["ok","\\udc00x"]}']) {
      expect(call(set, 't', json(args))).toMatchObject({
        outcome: 'deny',
        reasons: [{ code: 'invalid_arguments', path: 'arguments.id' }],
      });
    }
    expect(call(set, 't', json('{"other":"\\ud800","id":"8"}')).outcome).toBe('allow');
  });
});
