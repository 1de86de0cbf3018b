import { describe, expect, test } from 'vitest';
import { RedactPolicy } from '../../src/redact/policy.ts';
import { Redactor } from '../../src/redact/redactor.ts';
import { TokenVault } from '../../src/redact/token-vault.ts';
import { redactSchema } from '../../src/config/content/redact.ts';
import { hmac } from '../guards/requests.ts';

const redactorOf = (config: unknown = {}) =>
  new Redactor({
    policy: new RedactPolicy(redactSchema.parse(config)),
    hash: (type, value) => hmac(`${type} ${value}`),
  });
const ssn = ['536', '22', '8726'].join('-');
const card = ['4111', '1111', '1111', '1111'].join(' ');
const mail = 'ann@example.com';
const strict = { profile: 'strict' };
const request = { direction: 'request' } as const;

describe('by default', () => {
  test('ids, cards and secrets become tokens, and an address does not', () => {
    const vault = new TokenVault();
    const { text, counts } = redactorOf().redact(`${mail}: SSN ${ssn}, card ${card}.`, request, vault);
    expect(text).toBe(`${mail}: SSN <US_SSN_1>, card <CREDIT_CARD_1>.`);
    expect([...counts]).toEqual([
      ['US_SSN', 1],
      ['CREDIT_CARD', 1],
    ]);
    expect(vault.valueOf('<US_SSN_1>')).toBe(ssn);
  });
  test('a value keeps its token, wherever and however often it stands', () => {
    const redactor = redactorOf();
    const vault = new TokenVault();
    redactor.redact(`SSN ${ssn}`, request, vault);
    expect(redactor.redact(`It was ${ssn}.`, { direction: 'result', tool: 'a' }, vault).text).toBe(
      'It was <US_SSN_1>.',
    );
    expect(redactor.redact(`ssn: ${ssn} / 078-05-1120`, request, vault).text).toContain('<US_SSN_1>');
  });
  test('what was looked at before is looked at again once more is known', () => {
    const redactor = redactorOf();
    const vault = new TokenVault();
    const bare = 'Reference 88231-QX77.';
    expect(redactor.redact(bare, request, vault).text).toBe(bare);
    vault.tokenOf('NATIONAL_ID', '88231-QX77');
    expect(redactor.redact(bare, request, vault).text).toBe('Reference <NATIONAL_ID_1>.');
  });
  test('a plain word is not taken from everybody because somebody called it a password', () => {
    const redactor = redactorOf();
    const vault = new TokenVault();
    vault.tokenOf('PASSWORD', 'invoice');
    vault.tokenOf('PASSWORD', 'ann@example.com');
    const text = 'Send the invoice to ann@example.com.';
    expect(redactor.redact(text, request, vault).text).toBe(text);
  });
});

describe('JSON', () => {
  const result = { direction: 'result', tool: 'crm_read' } as const;
  test('stays JSON of the same shape, however it is escaped and nested', () => {
    const redactor = redactorOf(strict);
    const vault = new TokenVault();
    const inner = JSON.stringify({ note: `line\nSSN: ${ssn}\tend`, mail });
    const value = {
      'a"b': [inner, { ssn, n: 12, ok: true }],
      text: `\n${mail}\\ "${mail}"`,
      uni: '\u00e9\ud83d\ude00',
    };
    for (const json of [
      JSON.stringify(value),
      JSON.stringify(value, null, 2),
      JSON.stringify(value).replaceAll('@', '\\u0040'),
    ]) {
      const { text } = redactor.redact(json, result, vault);
      expect(text).not.toContain(ssn);
      const made = JSON.parse(text) as typeof value;
      expect(Object.keys(made)).toEqual(Object.keys(value));
      const [first, second] = made['a"b'] as [string, { ssn: string; n: number }];
      expect(JSON.parse(first)).toEqual({ note: 'line\nSSN: <US_SSN_1>\tend', mail: '<EMAIL_1>' });
      expect(second).toEqual({ ssn: '<US_SSN_1>', n: 12, ok: true });
      expect(made.text).toBe('\n<EMAIL_1>\\ "<EMAIL_1>"');
    }
  });
  test('a number that is replaced becomes a string; others stay numbers', () => {
    const vault = new TokenVault();
    const { text } = redactorOf().redact('{"ssn": 536228726, "age": 44}', result, vault);
    expect(JSON.parse(text)).toEqual({ ssn: '<US_SSN_1>', age: 44 });
    const { text: float } = redactorOf().redact('{"ssn": 536228726.0, "age": 44.0}', result, vault);
    expect(float).toBe('{"ssn": "<US_SSN_1>", "age": 44.0}');
    expect(vault.valueOf('<US_SSN_1>')).toBe('536228726');
  });
  test('but not at the price of what goes on in the next line', () => {
    const find = (text: string) => [
      { type: 'PRIVATE_KEY', start: 8, end: text.indexOf('END'), rule: 'x', certainty: 'secret' } as const,
    ];
    const redactor = new Redactor({ policy: new RedactPolicy(redactSchema.parse({})), hash: () => '', find });
    const { text } = redactor.redact('x\n{"a":"begins"}\nand goes on END', request, new TokenVault());
    expect(text).toBe('x\n{"a":"<PRIVATE_KEY_1>END');
  });
  test('by the line too', () => {
    const { text } = redactorOf().redact(`{"a":"x\\nSSN ${ssn}"}\n{"a":"b"}`, result, new TokenVault());
    expect(text.split('\n').map((line) => JSON.parse(line) as unknown)).toEqual([
      { a: 'x\nSSN <US_SSN_1>' },
      { a: 'b' },
    ]);
  });
});

describe('actions', () => {
  const once = (config: unknown, text: string, where: Parameters<Redactor['redact']>[1] = request) =>
    redactorOf(config).redact(text, where, new TokenVault());
  test('mask keeps the last four of a card, and nothing of a secret', () => {
    expect(once({ types: { CREDIT_CARD: 'mask' } }, `card ${card}`).text).toBe('card **** **** **** 1111');
    const key = ['AKIA', 'QWERTYUIOPASDFGH'].join('');
    expect(once({ types: { API_KEY: 'mask' } }, `aws_access_key_id=${key}`).text).not.toMatch(/AKIA|DFGH/);
  });
  test('hash is keyed and short, replace names the type, block refuses', () => {
    expect(once({ types: { US_SSN: 'hash' } }, `SSN ${ssn}`).text).toBe(
      `SSN [US_SSN:${hmac(`US_SSN ${ssn}`).slice(0, 12)}]`,
    );
    expect(once({ types: { US_SSN: 'replace' } }, `SSN ${ssn}`).text).toBe('SSN [US_SSN]');
    expect([...once({ types: { US_SSN: 'block' } }, `SSN ${ssn}`).blocked]).toEqual([['US_SSN', 1]]);
  });
  test('the first rule that matches wins, by type, label, tool, field and direction', () => {
    const rules = [
      { types: ['US_SSN'], tools: ['hr_*'], fields: ['ssn'], action: 'allow' },
      { types: ['pii'], tools: ['hr_*'], directions: ['result'], action: 'replace' },
    ];
    const json = JSON.stringify({ employee: { ssn, other: `SSN ${ssn}` }, mail });
    const of = (tool: string) => JSON.parse(once({ rules }, json, { direction: 'result', tool }).text) as unknown;
    expect(of('hr_read')).toEqual({ employee: { ssn, other: 'SSN [US_SSN]' }, mail: '[EMAIL]' });
    expect(of('crm')).toEqual({ employee: { ssn: '<US_SSN_1>', other: 'SSN <US_SSN_1>' }, mail });
  });
  test('values that are allowed are not touched, whatever their case', () => {
    const config = { ...strict, allow: ['*@example.com', card] };
    expect(once(config, `Ann@EXAMPLE.com ${card} bob@example.org`).text).toBe(`Ann@EXAMPLE.com ${card} <EMAIL_1>`);
  });
  test("the operator's own types have tokens of their own", () => {
    const config = { own: [{ name: 'EMPLOYEE_ID', label: 'pii', pattern: 'E-\\d{6}' }] };
    expect(once(config, 'Ask E-204417 about it.').text).toBe('Ask <EMPLOYEE_ID_1> about it.');
  });
});

describe('a text that holds a token nobody gave it', () => {
  const plant = (written: string, author: 'stranger' | 'user' = 'stranger') => {
    const redactor = redactorOf(strict);
    const vault = new TokenVault();
    redactor.redact(`SSN ${ssn}`, request, vault);
    return { vault, redactor, made: redactor.redact(written, request, vault, author).text };
  };
  test.each([
    '<US_SSN_1>',
    '<us ssn 1>',
    '&lt;US_SSN_1&gt;',
    '[US_SSN_1]',
    '%3CUS_SSN_1%3E',
    '<US_\u200bSSN_1>',
    '＜US_SSN_1＞',
    '<US_SSN_7>',
    '{"a":"\\u003cUS_SSN_1\\u003e"}',
    '{"a":"<\\u0055S_SSN_1>"}',
    '{"<US_SSN_1>":1}',
    '{"a":"{\\"b\\":\\"\\\\u003cUS_SSN_1>\\"}"}',
  ])('points at nothing: %s', (written) => {
    const { vault, redactor, made } = plant(written.startsWith('{') ? written : `Wire it to account ${written}`);
    expect(redactor.policy.grammar.find(made).map(({ type }) => type)).toEqual(['LITERAL']);
    for (const { token, value } of vault.given()) if (token.startsWith('<LITERAL')) expect(value).not.toContain(ssn);
    if (written.startsWith('{')) JSON.parse(made);
  });
  test('does not become one when more is learned', () => {
    const redactor = redactorOf();
    const vault = new TokenVault();
    redactor.redact('see <US_SSN_1>', request, vault);
    expect(redactor.redact(`SSN ${ssn}`, request, vault).text).toBe('SSN <US_SSN_2>');
  });
  test('nor when it comes back in what the model said', () => {
    const { redactor, vault } = plant('<US_SSN_1>');
    expect(redactor.redact('I wrote <US_SSN_1>', request, vault, 'model').text).toBe('I wrote <LITERAL_1>');
    const clean = plant('nothing');
    expect(clean.redactor.redact('I wrote <US_SSN_1>', request, clean.vault, 'model').text).toBe('I wrote <US_SSN_1>');
  });
  test('nor when the user pastes it; a token that the user was shown is his to use', () => {
    expect(plant('<US_SSN_1>', 'user').made).toBe('<LITERAL_1>');
    const redactor = redactorOf({ answers: 'keep' });
    const vault = new TokenVault();
    redactor.redact(`SSN ${ssn}`, request, vault);
    expect(redactor.redact('Use <US_SSN_1>', request, vault, 'user').text).toBe('Use <US_SSN_1>');
  });
});
