import { expect, test } from 'vitest';
import { KnownValues } from '../../src/redact/known-values.ts';
import { RedactPolicy } from '../../src/redact/policy.ts';
import { Redactor } from '../../src/redact/redactor.ts';
import { TokenVault } from '../../src/redact/token-vault.ts';
import { redactSchema } from '../../src/config/content/redact.ts';
import { random } from './random.ts';

const knownOf = (values: Iterable<string>) => {
  const vault = new TokenVault();
  for (const value of values) vault.tokenOf('API_KEY', value);
  return new KnownValues(vault);
};
const isWord = (char: string | undefined) => char !== undefined && /^[a-z0-9]$/.test(char);
const parted = (text: string, at: number) => !(isWord(text[at - 1]) && isWord(text[at]));

test('the first and longest value that stands alone is found, whatever the others begin with', () => {
  const { below } = random(5);
  const made = (length: number) => Array.from({ length }, () => '1a- '.charAt(below(4))).join('');
  for (let round = 0; round < 300; round++) {
    const values = new Set(Array.from({ length: 12 }, () => `1${made(3 + below(5))}1`));
    const text = made(200);
    const expected: string[] = [];
    for (let at = 0; at < text.length; at++) {
      const here = [...values].filter(
        (value) =>
          value.length >= 5 && text.startsWith(value, at) && parted(text, at) && parted(text, at + value.length),
      );
      const longest = here.toSorted((a, b) => b.length - a.length)[0];
      if (longest === undefined) continue;
      expected.push(`${at} ${longest}`);
      at += longest.length - 1;
    }
    const found = knownOf(values).find(text);
    expect(found.map(({ start, end }) => `${start} ${text.slice(start, end)}`)).toEqual(expected);
  }
});

/* As in `linear.test.ts`: so long that anything but linear time would take minutes; the runner's limit is the check. */

test('values that somebody had written, each a little longer than the one before, do not stop the reading', () => {
  const known = knownOf(Array.from({ length: 2_000 }, (_, at) => `${'1-'.repeat(at + 2)}X`));
  expect(known.find('1-'.repeat(150_000))).toEqual([]);
  expect(known.find('1-1-1-1-X')).toHaveLength(1);
});

test('a text that was looked at is not searched for each of a hundred thousand new values', () => {
  const redactor = new Redactor({ policy: new RedactPolicy(redactSchema.parse({})), hash: () => '' });
  const vault = new TokenVault();
  const text = `${'lorem ipsum dolor '.repeat(60_000)} key-70000-x`;
  expect(redactor.redact(text, { direction: 'request' }, vault).text).toBe(text);
  for (let at = 0; at < 100_000; at++) vault.tokenOf('API_KEY', `key-${at}-x`);
  expect(redactor.redact(text, { direction: 'request' }, vault).text).toMatch(/<API_KEY_70001>$/);
});
