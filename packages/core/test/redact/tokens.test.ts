import { describe, expect, test } from 'vitest';
import { TokenGrammar, unfinished } from '../../src/redact/tokens.ts';
import { sensitiveTypes } from '../../src/sensitive/types.ts';

const grammar = new TokenGrammar([...Object.keys(sensitiveTypes), 'EMPLOYEE_ID']);
const read = (text: string) => grammar.find(text).map(({ token, start, end }) => [token, text.slice(start, end)]);

describe('a token is read however a model writes it', () => {
  test.each([
    '<EMAIL_1>',
    '<email_1>',
    '<Email 1>',
    '<EMAIL-1>',
    '<EMAIL\\_1>',
    '\\<EMAIL\\_1\\>',
    '< EMAIL_1 >',
    '<EMAIL_1 >',
    '&lt;EMAIL_1&gt;',
    '&#60;EMAIL_1&#62;',
    '&#x3C;EMAIL_1&#x3E;',
    '\\u003cEMAIL_1\\u003e',
    '%3CEMAIL_1%3E',
    '%3cemail_1%3e',
    '＜ＥＭＡＩＬ＿１＞',
    '‹EMAIL_1›',
    '⟨EMAIL 1⟩',
    '[EMAIL_1]',
    '{EMAIL_1}',
    '(EMAIL_1)',
    '<EMAIL1>',
    '<EMAIL_01>',
    '<EM\u200bAIL_1>',
    `<EMAIL_${'\u200b'.repeat(300)}1>`,
    '<EMAIL_\u200d1>',
    '<E MAIL_1>',
  ])('%s', (written) => {
    expect(read(written)).toEqual([['<EMAIL_1>', written]]);
    expect(read(`a ${written}, ${written}`)).toHaveLength(2);
  });

  test('types of several words, and own ones', () => {
    expect(read('<us ssn 2> <Employee-Id 7> <date_of_birth_12>').map(([token]) => token)).toEqual([
      '<US_SSN_2>',
      '<EMPLOYEE_ID_7>',
      '<DATE_OF_BIRTH_12>',
    ]);
  });
});

test.each([
  '<div class="x1">',
  '(address 1)',
  '[phone 2]',
  '<EMAIL_0>',
  '<EMAIL_1234567>',
  '<EMAIL_1]',
  '<EMAIL 1 2>',
  'EMAIL_1',
  '<EMAIL>',
  '<EMAILS_1>',
  '<ITEM_1>',
  'a < EMAIL',
  '<EMAIL_1',
  '<EMAIL_%3E',
  '<IP_1.2>',
  '{email_1}',
])('%s is none', (text) => {
  expect(read(text)).toEqual([]);
});

test('the nearest opener counts', () => {
  expect(read('Alice <<EMAIL_1>>')).toEqual([['<EMAIL_1>', '<EMAIL_1>']]);
  expect(read('[<EMAIL_1>](mailto:<EMAIL_2>)').map(([token]) => token)).toEqual(['<EMAIL_1>', '<EMAIL_2>']);
});

test('a backslash before a token of ours is no part of it', () => {
  expect(read('DOMAIN\\<EMAIL_1>')).toEqual([['<EMAIL_1>', '<EMAIL_1>']]);
});

test('what can no longer become a token is let go at once', () => {
  const holds = (text: string) => [...grammar.readings(text)].some(({ reading }) => reading === unfinished);
  for (const text of [
    '<',
    '<E',
    '<EMAIL',
    '<EMAIL_',
    '<EMAIL_1',
    '&',
    '&lt;em',
    '%3',
    '\\',
    '\\u003',
    '[US_SS',
    '(',
    '<EMAIL_1&g',
  ]) {
    expect([text, holds(text)]).toEqual([text, true]);
  }
  for (const text of [
    '<di',
    '<div',
    'a',
    '<1',
    '(a',
    '[x',
    '&a',
    '%4',
    '\\n',
    '<EMAIL_x',
    '<EMAIL_1>',
    '(e',
    '<EMAIL<b',
  ]) {
    expect([text, holds(text)]).toEqual([text, false]);
  }
});

test('hostile texts cost time in proportion to their length', () => {
  const micros = (unit: string, length: number) => {
    const text = unit.repeat(Math.ceil(length / unit.length));
    const before = process.cpuUsage();
    grammar.find(text);
    return process.cpuUsage(before).user;
  };
  for (const unit of ['<', '<EMAIL_', '<EMAIL_1', '&lt;', '\\', '<EMAIL_1 ', '<E\u200b', '[US_SSN_', '%3CEMAIL_']) {
    micros(unit, 50_000);
    expect(micros(unit, 200_000)).toBeLessThan(micros(unit, 50_000) * 16 + 50_000);
  }
});
