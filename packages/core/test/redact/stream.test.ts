import { describe, expect, test } from 'vitest';
import type { TextStream } from '../../src/guard.ts';
import { TokenGrammar } from '../../src/redact/tokens.ts';
import { random } from './random.ts';
import { redactingStream, restoringStream } from '../../src/redact/stream.ts';
import { sensitiveTypes } from '../../src/sensitive/types.ts';

const grammar = new TokenGrammar(Object.keys(sensitiveTypes));
const values = new Map([
  ['<EMAIL_1>', 'ann@shop.example'],
  ['<EMAIL_12>', '<EMAIL_1>'],
  ['<US_SSN_1>', '078-05-1120'],
]);
const restore = ({ token }: { readonly token: string }) => values.get(token);
const digits = (segment: string, before: string) => {
  const replaced = segment.replace(/\d{3}-\d{2}-\d{4}/g, '***-**-****');
  return before.endsWith('secret: \n') ? '[HIDDEN]\n' : replaced;
};
const streams: Record<string, () => TextStream> = {
  'restoring alone': () => restoringStream(grammar, restore),
  'redacting and restoring': () => redactingStream(grammar, restore, digits),
};
const whole = (make: () => TextStream, ...pieces: string[]): string => {
  const stream = make();
  return pieces.map((piece) => stream.push(piece)).join('') + stream.end();
};

/** What answers are made of, and what is nearly a token. */
const words = [
  '<EMAIL_1>',
  '<email 1>',
  '&lt;US_SSN_1&gt;',
  '[EMAIL_12]',
  '<EMAIL_',
  '1>',
  '<',
  '>',
  '&lt;',
  '\\<EMAIL\\_1\\>',
  '＜EMAIL＿1＞',
  '%3CEMAIL_1%3E',
  '078-05-1120',
  '078-05-',
  '1120',
  'Dear Ann',
  '. ',
  '\n',
  'secret: \n',
  '😀',
  '<div>',
  '(a)',
  'EMAIL_1',
  ' ',
  '-----BEGIN PRIVATE KEY-----\nabc\n',
  '-----END PRIVATE KEY-----',
  'x'.repeat(40),
  '! ',
  '\\',
  '<EMAIL_99>',
  '\u200b',
];

describe.each(Object.entries(streams))('%s', (_, make) => {
  test('a thousand random answers come out the same at every cut', () => {
    const { below, pick } = random(7);
    let cuts = 0;
    for (let round = 0; round < 1_000; round++) {
      const text = Array.from({ length: 1 + below(14) }, () => pick(words)).join('');
      const expected = whole(make, text);
      for (let cut = 0; cut <= text.length; cut++) {
        if (whole(make, text.slice(0, cut), text.slice(cut)) !== expected) expect([text, cut]).toBe('same');
        cuts++;
      }
      expect(whole(make, ...text.split(''))).toBe(expected);
      const pieces: string[] = [];
      for (let from = 0; from < text.length;) {
        const length = 1 + below(9);
        pieces.push(text.slice(from, from + length));
        from += length;
      }
      expect(whole(make, ...pieces)).toBe(expected);
    }
    expect(cuts).toBeGreaterThan(50_000);
  });

  test('a token in pieces is restored, once', () => {
    expect(whole(make, 'To <EM', 'AIL', '_1', '>, and <EMAIL_1', '2', '>.')).toBe(
      'To ann@shop.example, and <EMAIL_1>.',
    );
  });

  test('what stands for nothing stays as it is written', () => {
    expect(whole(make, 'a <EMAIL_9> b <EMAIL')).toBe('a <EMAIL_9> b <EMAIL');
  });
});

test('text that is no token is not held back', () => {
  const stream = restoringStream(grammar, restore);
  expect(stream.push('Hello <b>Ann</b>, 1 < 2 and')).toBe('Hello <b>Ann</b>, 1 < 2 and');
  expect(stream.push(' <EMA')).toBe(' ');
  expect(stream.push('ster>')).toBe('<EMAster>');
});

describe('redacting', () => {
  const make = () => redactingStream(grammar, restore, digits);
  test('what was restored is not hidden again', () => {
    expect(whole(make, 'It is <US_SSN_1>, not 219-09-9999.')).toBe('It is 078-05-1120, not ***-**-****.');
  });
  test('the line before is read with a line', () => {
    expect(whole(make, 'a\nsecret: \nopen\nb')).toBe('a\nsecret: \n[HIDDEN]\nb');
  });
  test('a line without end is let go in time', () => {
    const stream = make();
    expect(stream.push('x'.repeat(1_000)).length).toBeGreaterThan(600);
  });
  test('a private key is one segment', () => {
    const key = `-----BEGIN PRIVATE KEY-----\n${'A'.repeat(64)}\n-----END PRIVATE KEY-----`;
    const seen: string[] = [];
    whole(
      () =>
        redactingStream(grammar, restore, (segment) => {
          seen.push(segment);
          return segment;
        }),
      `Key: ${key}\nbye`,
    );
    expect(seen[0]).toBe(`Key: ${key}`);
  });
});
