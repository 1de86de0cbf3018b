import { expect, test } from 'vitest';
import type { JsonObject } from '../../src/index.ts';
import { RedactPolicy } from '../../src/redact/policy.ts';
import { Redactor } from '../../src/redact/redactor.ts';
import { TokenVault } from '../../src/redact/token-vault.ts';
import { hmac } from '../guards/requests.ts';
import { random } from './random.ts';
import { redactSchema } from '../../src/config/content/redact.ts';
import { restoreCall } from '../../src/redact/restore.ts';
import { restoringStream } from '../../src/redact/stream.ts';

const config = { profile: 'strict', restore: [{ tools: ['t'], arguments: ['a'], types: ['pii', 'phi', 'secret'] }] };
const policy = new RedactPolicy(redactSchema.parse(config));
const redactor = new Redactor({ policy, hash: (...of) => hmac(of.join(' ')) });
const { below, pick, next } = random(11);

const digits = (count: number) => Array.from({ length: count }, () => below(10)).join('');
const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const word = (count: number) => Array.from({ length: count }, () => letters.charAt(below(letters.length))).join('');
function luhn(body: string): string {
  const sum = body
    .split('')
    .toReversed()
    .reduce((total, digit, at) => {
      const doubled = Number(digit) * (at % 2 === 0 ? 2 : 1);
      return total + (doubled > 9 ? doubled - 9 : doubled);
    }, 0);
  return body + String((10 - (sum % 10)) % 10);
}
/** Labelled, so that every kind is found; what surrounds it is as awkward as it comes. */
const kinds: readonly (() => string)[] = [
  () => `SSN ${100 + below(500)}-${10 + below(89)}-${1000 + below(8999)}`,
  () => `card ${luhn(`4${digits(14)}`).replace(/(.{4})(?=.)/g, '$1 ')}`,
  () => `mail ${word(6)}.${word(3)}@example.com`,
  () => `call +1 212 ${200 + below(700)} ${1000 + below(8999)}`,
  () => `password: ${word(8)}!${digits(3)}`,
  () => `api_key = "${word(40)}"`,
  () => `https://user:${word(12)}@db.example.com/x`,
  () => `iban GB82 WEST 1234 5698 7654 32`,
  () => `born 19${10 + below(89)}-0${1 + below(8)}-1${below(9)}, date of birth`,
  () => `ip 203.0.113.${below(255)}`,
  () => `-----BEGIN PRIVATE KEY-----\n${word(64)}\n${word(20)}==\n-----END PRIVATE KEY-----`,
  () => `Dear Dr. Anna ${pick(['Meier', 'Smith', 'Núñez', '王'])},`,
];
const between = [
  '\n',
  ' ',
  '<',
  '>',
  '"',
  '\\',
  ' <EMAIL_1> ',
  '[US_SSN_1]',
  '&lt;API_KEY_2&gt;',
  '\\<IP 3\\>',
  '{}',
  '👍',
  '\u200b',
  '%3CIBAN_1%3E',
  '<<',
  ': ',
  '\t',
  "'",
];
const sample = () => Array.from({ length: 1 + below(6) }, () => pick(between) + pick(kinds)() + pick(between)).join('');

test('what became tokens becomes itself again, in arguments and in answers: 1,500 texts', () => {
  const vault = new TokenVault();
  let tokens = 0;
  for (let round = 0; round < 1_500; round++) {
    const text = sample();
    const redacted = redactor.redact(text, { direction: 'request' }, vault);
    tokens += redacted.edits.length;
    const call = { kind: 'tool_call', id: '', at: 0, callId: '', tool: 't', messages: [], runs: 'agent' } as const;
    const restored = restoreCall({ ...call, arguments: { a: redacted.text } }, policy, vault);
    expect([restored.refused, restored.arguments]).toEqual([[], { a: text }]);
    const stream = restoringStream(policy.grammar, ({ token }) => vault.valueOf(token));
    expect(
      stream.push(redacted.text.slice(0, round % 50)) + stream.push(redacted.text.slice(round % 50)) + stream.end(),
    ).toBe(text);
  }
  expect(tokens).toBeGreaterThan(2_500);
  expect(new Set(vault.given().map(({ type }) => type)).size).toBeGreaterThan(8);
});

test('the same through JSON in JSON, as a tool returns it and a model passes it on', () => {
  const vault = new TokenVault();
  for (let round = 0; round < 300; round++) {
    const value: JsonObject = {
      [word(4)]: [sample(), { n: next(), inner: JSON.stringify({ text: sample(), list: [1, null] }) }],
    };
    const { text } = redactor.redact(JSON.stringify(value, null, round % 3), { direction: 'result', tool: 'r' }, vault);
    const call = { kind: 'tool_call', id: '', at: 0, callId: '', tool: 't', messages: [], runs: 'agent' } as const;
    const { arguments: made, refused } = restoreCall({ ...call, arguments: { a: text } }, policy, vault);
    expect(refused).toEqual([]);
    expect(JSON.parse(made['a'] as string)).toEqual(value);
  }
});
