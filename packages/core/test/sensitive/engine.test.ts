import fc from 'fast-check';
import { expect, it } from 'vitest';
import { findSensitive } from '../../src/sensitive/engine.ts';
import { ownFinder } from '../../src/sensitive/own.ts';
import { found, foundOf } from './marked.ts';

const values: readonly (readonly [string, string])[] = [
  ['EMAIL', 'ada.byron@post.ie'],
  ['PHONE', '+1 415-555-0132'],
  ['CREDIT_CARD', '4111 1111 1111 1111'],
  ['IBAN', 'DE89 3704 0044 0532 0130 00'],
  ['US_SSN', '536-22-8145'],
  ['IP', '203.0.113.7'],
  ['NATIONAL_ID', '529.982.247-25'],
];

it('spans are in the text, in order and apart, for any text', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.constantFrom(...values.map(([, value]) => value)),
    fc.constantFrom(
      '{"',
      '":"',
      '"}',
      '[',
      ']',
      ',',
      '\n',
      ' | ',
      '<td>',
      '</td>',
      'ssn: ',
      'dob=',
      '\\u0040',
      '\u200b',
      'é',
      '１',
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const text = pieces.join('');
      let before = 0;
      for (const { start, end } of findSensitive(text)) {
        expect(start).toBeGreaterThanOrEqual(before);
        expect(end).toBeGreaterThan(start);
        before = end;
      }
      expect(before).toBeLessThanOrEqual(text.length);
    }),
    { numRuns: 300 },
  );
});

it('invisible characters inside a value do not hide it, and are covered', () => {
  for (const [type, value] of values) {
    for (const hidden of ['\u200b', '\u2060', '\u00ad', '\u202e', '\u{e0020}', '\ufe0f']) {
      for (let at = 1; at < value.length; at++) {
        const written = value.slice(0, at) + hidden + value.slice(at);
        expect(foundOf(type, `x ${written} y`)).toEqual([written]);
      }
    }
  }
});

it('full-width and mathematical digits do not hide a value', () => {
  const wide = (text: string) => text.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)));
  const bold = (text: string) => text.replace(/\d/g, (digit) => String.fromCodePoint(0x1d7ce + Number(digit)));
  for (const [type, value] of values.slice(1)) {
    expect(foundOf(type, `x ${wide(value)} y`)).toEqual([wide(value)]);
    expect(foundOf(type, `x ${bold(value)} y`)).toEqual([bold(value)]);
  }
});

it('hyphens as word processors write them do not hide a number', () => {
  for (const dash of ['\u2010', '\u2011', '\u2012', '\u2013', '\u2212']) {
    const [ssn, phone] = ['536-22-8726', '415-555-2671'].map((text) => text.replaceAll('-', dash)) as [string, string];
    expect(found(`SSN ${ssn}, call ${phone}`)).toEqual([`US_SSN ${ssn}`, `PHONE ${phone}`]);
  }
  expect(found('In 2010\u20132014, pages 100\u2013200')).toEqual([]);
});

it('the surer finding stands where two overlap', () => {
  expect(found('Passport or card: 4111111111111111')).toEqual(['CREDIT_CARD 4111111111111111']);
  expect(found('phone DE89370400440532013000')).toEqual(['IBAN DE89370400440532013000']);
});

it('only the types asked for are found, and one left out hides none', () => {
  const text = 'ada@post.ie 203.0.113.7';
  expect(found(text, { types: new Set(['IP']) })).toEqual(['IP 203.0.113.7']);
  expect(found('card 4111111111111111', { types: new Set(['PHONE']) })).toEqual([]);
  expect(found(text, { types: new Set() })).toEqual([]);
});

it("the operator's types are found beside the built-in ones, in any shape of text", () => {
  const own = ownFinder([
    { name: 'CUSTOMER_NO', pattern: 'C-[0-9]{6}' },
    { name: 'PROJECT', words: ['Blue Heron', 'Ostrich'] },
  ]);
  expect(found('C-123456 works on BLUE  heron with ada@post.ie', { own })).toEqual([
    'CUSTOMER_NO C-123456',
    'PROJECT BLUE  heron',
    'EMAIL ada@post.ie',
  ]);
  expect(found('{"p":"Ostrich\\u0020"}', { own })).toEqual(['PROJECT Ostrich']);
  expect(found('Ostriches and heron blue', { own })).toEqual([]);
  expect(found('x C-123456', { own, types: new Set(['PROJECT']) })).toEqual([]);
});

it.each([
  [{ name: 'low', words: ['x'] }, /types\.0\.name.*capitals/],
  [{ name: 'EMAIL', words: ['x'] }, /built-in/],
  [{ name: 'A' }, /neither pattern nor words/],
  [{ name: 'A', pattern: '(' }, /types\.0\.pattern.*RE2/],
  [{ name: 'A', pattern: '(?=x)x' }, /look-around/],
  [{ name: 'A', pattern: 'x*' }, /nothing at all/],
  [{ name: 'A', words: ['--'] }, /types\.0\.words\.0/],
])('an own type that cannot be used is refused with what to change: %j', (type, message) => {
  expect(() => ownFinder([type])).toThrow(message);
});

it('an own pattern that would backtrack for years elsewhere answers', () => {
  const own = ownFinder([{ name: 'EVIL', pattern: '(a+)+b' }]);
  expect(found('a'.repeat(5_000), { own })).toEqual([]);
});
