import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/index.ts';

const parse = (redact: string) =>
  parseConfig(`guards: { redact: ${redact} }`, { env: {}, readFile: () => '' }).guards.redact;

test('is on, and careful with secrets, without a word', () => {
  expect(parse('{}')).toMatchObject({
    mode: 'enforce',
    profile: 'balanced',
    answers: 'restore',
    restore: [{ tools: ['*'], types: ['pii', 'phi'] }],
  });
});

test.each([
  ['{ types: { EMIAL: mask } }', 'guards.redact.types.EMIAL: there is no type EMIAL; types are EMAIL, PHONE'],
  ['{ types: { EMAIL: tokenize } }', 'guards.redact.types.EMAIL'],
  ['{ rules: [{ types: [nothing], action: mask }] }', 'guards.redact.rules.0.types.0: there is no type nothing'],
  ['{ rules: [{ action: mask, tools: ["a\\\\x"] }] }', 'a backslash must be followed by'],
  ['{ rules: [{ action: mask, tool: [a] }] }', 'unknown key; did you mean tools?'],
  ['{ own: [{ name: EMAIL, label: pii, words: [ab] }] }', 'EMAIL is a built-in type'],
  ['{ own: [{ name: LITERAL, label: pii, words: [ab] }] }', 'LITERAL is a built-in type'],
  ['{ own: [{ name: PART_1, label: pii, words: [ab] }] }', 'ends with a letter'],
  ['{ own: [{ name: part, label: pii, words: [ab] }] }', 'named in capitals'],
  ['{ own: [{ name: PART, label: pii }] }', 'give a pattern, words, or both'],
  ['{ own: [{ name: PART, label: pii, pattern: "(?=x)" }] }', 'guards.redact.own.0.pattern: RE2 cannot read it'],
  ['{ own: [{ name: PART, label: pii, pattern: "x*" }] }', 'matches nothing at all'],
  [
    '{ own: [{ name: PART, label: pii, words: [ab] }, { name: PART, label: pii, words: [cd] }] }',
    'PART is defined twice',
  ],
  ['{ restore: [{ tools: ["*"], types: [secret] }] }', 'is a secret: name the tools and the arguments'],
  ['{ restore: [{ tools: [deploy], types: [API_KEY] }] }', 'is a secret: name the tools and the arguments'],
  ['{ restore: [{ tools: [deploy], arguments: ["*"], types: [PASSWORD] }] }', 'without a star'],
  [
    '{ own: [{ name: PART, label: secret, words: [ab] }], restore: [{ tools: ["*"], types: [PART] }] }',
    'PART is a secret',
  ],
])('%s is refused with what is wrong', (redact, message) => {
  expect(() => parse(redact)).toThrow(message);
});

describe('what is well written', () => {
  test('is taken', () => {
    const redact = parse(`{ profile: strict, types: { PART: block }, answers: keep, allow: ["*@shop.example"],
      own: [{ name: PART, label: secret, pattern: "P-\\\\d+" }],
      rules: [{ types: [pii, PART], tools: ["crm_*"], fields: [ssn, "customer.*"], directions: [result, log], action: hash }],
      restore: [{ tools: [deploy], arguments: [token], types: [secret] }] }`);
    expect(redact.rules[0]).toMatchObject({ action: 'hash', directions: ['result', 'log'] });
  });
});
