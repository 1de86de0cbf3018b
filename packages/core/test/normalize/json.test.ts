import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RuntimeFault, parseJson, showText } from '../../src/index.ts';

const parse = (text: string) => parseJson(text, { maxDepth: 32 });

describe('parseJson', () => {
  it('reads whatever JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 10 }), (value) => {
        expect(parse(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it.each([
    '{"a":1,"a":2}',
    '{"a":{"to":"x","t\\u006f":"y"}}',
    '[{"b":1,"b":1}]',
    '{"__proto__":1,"__proto__":2}',
    '{"":1,"":2}',
    '{"a\\"":1,"a\\"":2}',
  ])('refuses a member name that occurs twice: %s', (text) => {
    expect(() => parse(text)).toThrow('occurs twice');
  });

  it('refuses any object in which a member is repeated, wherever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), fc.jsonValue(), (around, name, value) => {
        const member = `${JSON.stringify(name)}:${JSON.stringify(value)}`;
        expect(() => parse(`[${JSON.stringify(around)},{${member},"x":[],${member}}]`)).toThrow(RuntimeFault);
      }),
    );
  });

  it.each([
    '',
    '{',
    '"',
    '"\\',
    '{"a":1',
    '{"a" 1}',
    '[1,]',
    '\ufeff{}',
    '{}{}',
    'NaN',
    '{"a":1}:',
    '}',
    ':::',
    "{'a':1}",
  ])('refuses what is no JSON: %j', (text) => {
    expect(() => parse(text)).toThrow(RuntimeFault);
  });

  it('refuses nesting beyond the limit without recursing into it', () => {
    expect(() => parse('['.repeat(1_000_000))).toThrow('Nested deeper than 32');
    expect(parse('['.repeat(32) + ']'.repeat(32))).toBeDefined();
    expect(parse('"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["')).toBeDefined();
  });

  it('keeps a member called __proto__ a plain member', () => {
    const value = parse('{"__proto__":{"admin":true}}') as Record<string, unknown>;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value)).toEqual(['__proto__']);
  });
});

describe('showText', () => {
  it('makes invisible, reordering and control characters visible', () => {
    expect(showText('a\u202Eb\u200Bc\u0000d\u{E0041}e\u001B[31m')).toBe(
      'a⟨U+202E⟩b⟨U+200B⟩c⟨U+0000⟩d⟨U+E0041⟩e⟨U+001B⟩[31m',
    );
  });
  it('cuts long text', () => {
    expect(showText('x'.repeat(500))).toBe(`${'x'.repeat(120)}…`);
  });
});
