import { expect, it } from 'vitest';
import { findSensitive } from '../../src/sensitive/engine.ts';
import { sensitiveTypes } from '../../src/sensitive/types.ts';

/** Names and secrets are measured in their own rooms. */
const types = new Set(
  Object.keys(sensitiveTypes).filter(
    (type) => !['PERSON', 'ADDRESS', 'API_KEY', 'JWT', 'PRIVATE_KEY', 'PASSWORD', 'URL_CREDENTIALS'].includes(type),
  ),
);

const pieces = [
  '1 ',
  'a.',
  'a@',
  '123-',
  'eyJa.',
  'password=',
  'http://a',
  ' ',
  '1',
  '.',
  'Alpha Beta ',
  '<img ',
  '1:',
  '+1 (',

  '12 aa bb',
  '"',
  "'",
  'a@a.a.',
  '{"a":',
  '{"a":"1",',
  '[',
  '[[1,',
  '{',
  'a,b\n',
  'ssn,b\n1,2\n',
  'name: 1\n',
  '|',
  '| a | b |\n',
  '\n',
  '\\',
  '4111 1111 1111 1111 ',
  '020 7946 0822 ',
  '123-45-6789 ',
  'ssn ',
  'ssn 1 ',
  'GB',
  'GB12 ',
  '12:34:56:',
  '::',
  '1.1.1.',
  'a@b.co ',
  'a%40b.co ',
  'jan 1 2001 ',
  'dob 1/2/2001 ',
  '<td>1</td>',
  '<a b="1">',

  'insert into a (b) values (1),',
  'insert into ',
  'é',
  'e\u0301',
  '\u200b',
  '\u0301',
  '電話1',
  '１',
  'a1 ',
  '0000-',
  '(1) ',
  'x [at] y [dot] ',
  "['a',",
  "{'",
  'k=1 ',
  'a: b: ',
  '  1',
  '\t1',
  `1${' '.repeat(150)}`,
  '"\\u0031',
  '%41',
  '&#49;',
  'b? ',
];

const textOf = (piece: string, length: number): string =>
  piece.repeat(Math.ceil(length / piece.length)).slice(0, length);

/** Of processor time. */
function microseconds(length: number): number {
  const before = process.cpuUsage();
  for (const piece of pieces) findSensitive(textOf(piece, length), { types });
  return process.cpuUsage(before).user;
}

it('time grows with the length of a hostile text, not with its square', () => {
  microseconds(2_000);
  const short = Math.min(microseconds(12_500), microseconds(12_500));
  const long = microseconds(100_000);
  // Eight times the text: a square would be 64 times the time.
  expect(long / short).toBeLessThan(32);
}, 120_000);

it('nesting without end is read without running out of stack', () => {
  for (const piece of ['[', '{"a":', '<a>', '{"a":[']) {
    expect(findSensitive(`${piece.repeat(50_000)}"ada@post.ie"`, { types }).map(({ type }) => type)).toEqual(['EMAIL']);
  }
  let json = JSON.stringify({ to: 'ada@post.ie' });
  for (let i = 0; i < 12; i++) json = JSON.stringify({ json });
  expect(findSensitive(json, { types }).map(({ type }) => type)).toEqual(['EMAIL']);
});
