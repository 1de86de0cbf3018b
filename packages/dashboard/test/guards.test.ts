import { parseConfig } from '@sallyport/core';
import { expect, it } from 'vitest';
import { guardsIn } from '../src/guards.ts';

const config = (text: string): unknown => parseConfig(text, { env: {}, readFile: () => '' });
const guard = (text: string, name: string) => guardsIn(config(text)).find((each) => each.name === name);
const facts = (text: string, name: string) => Object.fromEntries(guard(text, name)?.facts ?? []);

it('every guard that can be configured is listed, with a name and a line for people', () => {
  const listed = guardsIn(config('{}'));
  const { guards } = config('{}') as { guards: object };
  expect(new Set(listed.map(({ name }) => name))).toEqual(new Set(Object.keys(guards)));
  for (const { name, title, summary } of listed) {
    expect(title, name).not.toBe(name);
    expect(summary, name).not.toBe('');
  }
});

it('one that is not known yet is listed as it stands, and none is listed as enforcing when it is not', () => {
  const made = guardsIn({ guards: { newcomer: { mode: 'observe', limit: 3 }, fence: { mode: 'off' } } });
  expect(made).toMatchObject([
    { name: 'fence', mode: 'off' },
    { name: 'newcomer', title: 'newcomer', mode: 'observe', facts: [['Settings', '{"mode":"observe","limit":3}']] },
  ]);
  expect(guardsIn(undefined)).toEqual([]);
  expect(guardsIn({ guards: 'x' })).toEqual([]);
});

it('who gets values back, what is done about injections, and what is fenced are said in words', () => {
  const text = `guards:
  redact: { restore: [{ tools: [clear_customs], arguments: [ssn], types: [US_SSN] }], answers: keep }
  injection: { results: { block: quarantine }, tools: { 'mail_*': { suspicious: hold } } }
  fence: { answers: mask, exemptRoles: [support] }
  spotlight: { mode: datamark }`;
  expect(facts(text, 'redact')).toMatchObject({
    'Back into': 'clear_customs (ssn): US_SSN',
    Answers: 'users read tokens',
  });
  expect(facts(text, 'injection')).toEqual({
    'From users':
      'signs of one: flag (recorded, and nothing more); almost surely one: flag (recorded, and nothing more)',
    'From tools':
      'signs of one: flag (recorded, and nothing more); almost surely one: quarantine (withheld from the model as a whole)',
    'mail_*': 'signs of one: hold (consequential calls wait for a person from here on)',
  });
  expect(facts(text, 'fence')).toMatchObject({
    Answers: 'the identifier alone is taken out',
    'Not for': 'role support',
  });
  expect(guard(text, 'spotlight')).toMatchObject({ mode: 'enforce', facts: [['How', 'datamark']] });
});
