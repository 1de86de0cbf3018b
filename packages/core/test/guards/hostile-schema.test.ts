import { describe, expect, it } from 'vitest';
import type { JsonObject, Verdict } from '../../src/index.ts';
import { parseConfig } from '../../src/index.ts';
import { argumentsGuard } from '../../src/guards/arguments.ts';
import { session, toolCall } from '../fixtures.ts';

const { guards } = parseConfig('', { env: {}, readFile: () => '' });
const context = { session: session(), now: Date.now() };

/** As the monitor does: what throws is a deny. */
function check(args: JsonObject, parameters: JsonObject): Verdict['outcome'] | 'thrown' {
  const definition = { name: 'send_email', parameters };
  try {
    return (argumentsGuard(guards.arguments).check(toolCall(args, { definition }), context) as Verdict).outcome;
  } catch {
    return 'thrown';
  }
}

/** These would run for longer than the universe has, were they run by an engine that backtracks. */
const evil = '^(a+)+$';
const bait = `${'a'.repeat(200)}!`;

describe("a tool's schema cannot make the validator backtrack", () => {
  const keywords = ['default', 'const', 'enum', 'examples', 'required', '$ref', '$id', 'pattern', 'format'];
  it.each(keywords)('by a property that is called %s', (name) => {
    const schema = { type: 'object', properties: { [name]: { type: 'string', pattern: evil } } };
    expect(check({ [name]: bait }, schema)).toBe('deny');
    expect(check({ [name]: 'aaa' }, schema)).toBe('allow');
  });

  it.each(['$defs', 'definitions'])('by a definition in %s that is called default', (holder) => {
    const schema = { [holder]: { default: { pattern: evil } }, properties: { to: { $ref: `#/${holder}/default` } } };
    expect(check({ to: bait }, schema)).toBe('deny');
  });

  it('by a schema that depends on a property', () => {
    const own = { properties: { default: { pattern: evil } } };
    expect(check({ default: bait }, { dependentSchemas: { default: own } })).toBe('deny');
    expect(check({ default: bait }, { dependencies: { default: own } })).toBe('deny');
  });

  it('by a format', () => {
    const schema = { properties: { to: { type: 'string', format: 'url' } } };
    expect(check({ to: `http://${bait}` }, schema)).toMatch(/allow|deny/);
    expect(check({ to: 'not a url' }, schema)).toBe('deny');
    expect(check({ to: 'https://shop.example/a?b=c' }, schema)).toBe('allow');
  });

  it('and a property called patternProperties is a property', () => {
    expect(check({ patternProperties: {} }, { properties: { patternProperties: { type: 'object' } } })).toBe('allow');
  });
});

describe("a tool's schema cannot multiply the work by the size of the arguments", () => {
  const list = (items: number): JsonObject => ({ a: Array.from({ length: items }, () => 1) });
  it.each([
    ['many subschemas', { allOf: Array.from({ length: 3000 }, () => ({ type: 'number' })) }],
    ['a long enum', { enum: [...Array.from({ length: 9000 }, (_, i) => i + 2), 1] }],
    ['many required names', { required: Array.from({ length: 6000 }, (_, i) => `r${i}`) }],
    [
      'schemas that depend',
      { dependencies: Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`d${i}`, {}])) },
    ],
  ])('%s', (_, items) => {
    expect(check(list(100_000), { properties: { a: { items } } })).toBe('thrown');
  });

  it('large patterns on a long text', () => {
    const text = 'x'.repeat(200_000);
    expect(check({ a: text }, { properties: { a: { pattern: '(?:[xw]?){900}[yz]$' } } })).toBe('thrown');
    const many = Array.from({ length: 1000 }, (_, i) => ({ pattern: `[x-z]*.{${i}}` }));
    expect(check({ a: text }, { properties: { a: { allOf: many } } })).toBe('thrown');
    expect(check({ a: text }, { properties: { a: { pattern: '^[a-z]+$' } } })).toBe('allow');
  });

  it('while a long list under a schema of usual size passes', () => {
    const row = { type: 'object', properties: { id: { type: 'string' }, n: { type: 'integer' } }, required: ['id'] };
    const rows = Array.from({ length: 5000 }, (_, n) => ({ id: `r-${n}`, n }));
    expect(check({ rows }, { properties: { rows: { type: 'array', items: row } } })).toBe('allow');
  });
});

describe('names that every JavaScript object has', () => {
  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])('%s as an argument is judged as one', (name) => {
    const args = JSON.parse(`{"${name}": {"x": 1}}`) as JsonObject;
    const declared = JSON.parse(`{"properties":{"${name}":{"type":"string"}}}`) as JsonObject;
    expect(check(args, { properties: { to: {} }, additionalProperties: false })).toBe('deny');
    expect(check(args, declared)).toBe('deny');
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  it('in a place that only looks like one is a denial with a place, not a failure', () => {
    expect(check({ a: {}, 'a.constructor': 5 }, { properties: { 'a.constructor': { type: 'string' } } })).toBe('deny');
  });
});
