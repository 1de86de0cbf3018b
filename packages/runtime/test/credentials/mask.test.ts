import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Mask } from '../../src/credentials/mask.ts';

const secret = 'pÄss/w+rd=1"<&>\\~ x';
const masked = (value: string, text: string) => {
  const mask = new Mask(() => 0);
  mask.add(value);
  return mask.mask(text);
};
const quotedPrintable = (text: string) =>
  [...Buffer.from(text)].map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
const html = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&#34;');

const forms: readonly (readonly [string, (value: string) => string])[] = [
  ['as it is', (value) => value],
  ['in an address', encodeURIComponent],
  ['in a form', (value) => new URLSearchParams({ value }).toString().slice('value='.length)],
  [
    'with every character escaped',
    (value) => [...Buffer.from(value)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  ],
  ['escaped twice', (value) => encodeURIComponent(encodeURIComponent(value))],
  ['in JSON', (value) => JSON.stringify(value).slice(1, -1)],
  [
    'in JSON, escaped throughout',
    (value) =>
      value
        .split('')
        .map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
        .join(''),
  ],
  ['in JSON with slashes escaped', (value) => JSON.stringify(value).slice(1, -1).replaceAll('/', '\\/')],
  ['in JSON in JSON', (value) => JSON.stringify(JSON.stringify(value)).slice(3, -3)],
  ['in an address in JSON', (value) => JSON.stringify(`/x?${encodeURIComponent(value)}`).slice(1, -1)],
  ['in HTML', html],
  ['in hex', (value) => Buffer.from(value).toString('hex')],
  ['in upper-case hex', (value) => Buffer.from(value).toString('hex').toUpperCase()],
  ['in quoted-printable', quotedPrintable],
  ['in quoted-printable, broken', (value) => quotedPrintable(value).replace(/^(.{9})/, '$1=\r\n')],
];

describe('a value is taken out of a text', () => {
  test.each(forms)('%s', (_, encode) => {
    const text = `upstream said: {"error": "bad ${encode(secret)}!"}`;
    expect(masked(secret, text)).toMatch(/^upstream said: \{"error": "bad (\/x\?)?\[credential\]!"\}$/);
  });

  test.each([0, 1, 2])('in base64, %i bytes after its beginning, in both alphabets, wrapped or not', (before) => {
    const bytes = Buffer.from(`${'u:'.repeat(3).slice(0, 3 + before)}${secret}tail`);
    for (const text of [bytes.toString('base64'), bytes.toString('base64url')]) {
      const inside = Buffer.from(secret).toString('base64').slice(4, 16);
      expect(text.includes(inside) || before !== 0).toBe(true);
      for (const shown of [
        text,
        `${'QUJD'.repeat(12)}${text.slice(0, 11)}\r\n ${text.slice(11)}`,
        `eyJhbGciOiJub25lIn0.${text}.sig`,
      ]) {
        const left = masked(secret, shown)
          .replaceAll('[credential]', ' ')
          .replaceAll(/[^\w+/-]+/g, ' ')
          .split(' ');
        // What is left over holds none of the bytes in between.
        expect(Buffer.from(left.join(''), 'base64').toString('latin1')).not.toMatch(/w\+rd/);
        expect(masked(secret, shown)).toContain('[credential]');
      }
    }
  });

  test('whatever it is, in whatever form', () => {
    const value = fc.string({ unit: 'binary', minLength: 6, maxLength: 60 }).filter((text) => !/\p{Cs}/u.test(text));
    fc.assert(
      fc.property(
        value,
        fc.string(),
        fc.string(),
        fc.constantFrom(...forms.filter(([name]) => name !== 'in HTML')),
        (kept, before, after, [, encode]) => {
          const text = `${before} ${encode(kept)} ${after}`;
          expect(masked(kept, text)).toContain('[credential]');
          expect(masked(kept, text).includes(encode(kept))).toBe('[credential]'.includes(encode(kept)));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('in another case', () => {
    expect(masked('Secret-Value', 'secret-value SECRET-VALUE')).toBe('[credential] [credential]');
  });

  test('the longer one first, and overlapping ones whole', () => {
    const mask = new Mask(() => 0);
    for (const value of ['secret', 'secret-one', 'one-two-three']) mask.add(value);
    expect(mask.mask('a secret-one-two-three b secret c')).toBe('a [credential] b [credential] c');
  });

  test('until it is worth nothing', () => {
    let now = 0;
    const mask = new Mask(() => now);
    mask.add('long-lived');
    mask.add('short-lived', 10);
    now = 9;
    expect(mask.mask('long-lived short-lived')).toBe('[credential] [credential]');
    now = 10;
    mask.add('another');
    expect(mask.mask('long-lived short-lived another')).toBe('[credential] short-lived [credential]');
  });
});

test('what is no secret is left as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(masked('a value that is not there', text)).toBe(text);
    }),
  );
  expect(new Mask(() => 0).mask('anything')).toBe('anything');
});

test('a text that was written to keep it busy is answered with nothing of it', () => {
  const value = 'a'.repeat(60_000);
  const mask = new Mask(() => 0);
  mask.add(value);
  expect(mask.mask('a'.repeat(4_000_000))).toBe('[credential]');
  expect(mask.mask('%61'.repeat(70_000))).toBe('[credential]');
});
