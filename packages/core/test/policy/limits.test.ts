import { afterEach, expect, test } from 'vitest';
import { call, disagreements, load, problems } from './ask.ts';

/**
 * Cedar's engine does not survive a stack overflow: after one, every later call in the process fails. So each of these
 * also asks it a plain question afterwards.
 */
afterEach(() => {
  expect(disagreements.splice(0)).toEqual([]);
  expect(call(load({ cedar: 'permit(principal, action, resource);' }), 't').outcome).toBe('allow');
});

const permit = (condition: string) => `permit(principal, action, resource)\nwhen { ${condition} };`;
const chain = (count: number, operator = '&&') => Array(count).fill('context.approved').join(` ${operator} `);
const nested = (depth: number, inner: string) => `${'('.repeat(depth)}${inner}${')'.repeat(depth)}`;

test.each([100, 300, 1000, 100_000])('%i levels of anything are refused before they reach the parser', (depth) => {
  const deep = [
    nested(depth, 'true'),
    `${'['.repeat(depth)}1${']'.repeat(depth)} == [1]`,
    `${'{a:'.repeat(depth)}1${'}'.repeat(depth)} == 1`,
    `${'if true then '.repeat(depth)}true${' else true'.repeat(depth)}`,
  ];
  for (const condition of deep)
    expect(problems({ cedar: permit(condition) })).toEqual([
      expect.stringMatching(/^own.cedar:2:\d+ is nested deeper/),
    ]);
});
test.each([250, 1000, 5000, 50_000])('a chain of %i is refused before it reaches the evaluator', (length) => {
  for (const condition of [chain(length), chain(length, '||'), `${Array(length).fill('1').join(' + ')} > 0`]) {
    expect(problems({ cedar: permit(condition) })).toEqual([expect.stringMatching(/too long/)]);
  }
  const clauses = `permit(principal, action, resource) ${'when { context.approved } '.repeat(length)};`;
  expect(problems({ cedar: clauses })).toEqual([expect.stringMatching(/too long/)]);
});
test('what is just within the limits is evaluated by both evaluators', () => {
  const within = [
    chain(195),
    chain(195, '||'),
    nested(48, 'context.approved'),
    nested(45, chain(180)),
    nested(24, `${chain(60)} && ${nested(24, chain(60))}`),
    `${'if context.approved then '.repeat(45)}true${' else false'.repeat(45)}`,
  ];
  for (const condition of within)
    expect(call(load({ cedar: permit(condition) }), 't').outcome).toBe('require_approval');
});
test('text in strings and comments is not counted', () => {
  const cedar = `// ${'('.repeat(500)}\n${permit(`resource.name != "${'({['.repeat(500)}" && resource.name like "*"`)}`;
  expect(
    call(
      load({ cedar: cedar.replace('(principal, action,', '(principal, action == Sallyport::Action::"tool_call",') }),
      't',
    ).outcome,
  ).toBe('allow');
});
test('a role may name a thousand tools beside a wildcard, and values by the thousand', () => {
  const names = Array.from({ length: 1000 }, (_, index) => `tool_${index}`);
  const tools = Object.fromEntries(names.map((name) => [name, 'deny']));
  const many = { decision: 'allow', when: { kind: { in: names } } };
  const set = load({ yaml: JSON.stringify({ roles: { support: { tools: { '*': 'allow', ...tools, many } } } }) });
  expect(call(set, 'tool_999').outcome).toBe('deny');
  expect(call(set, 'tool_1000').outcome).toBe('allow');
  expect(call(set, 'many', { kind: 'tool_999' }).outcome).toBe('allow');
  expect(call(set, 'many', { kind: 'tool_1000' }).outcome).toBe('deny');
});
test('a matrix that is nested without end is a problem with a place, not a crash', () => {
  for (const text of [`roles: ${'['.repeat(100_000)}`, `roles: ${'{a: '.repeat(20_000)}`]) {
    expect(problems({ yaml: text })[0]).toMatch(/^permissions.yaml:\d+:\d+ /);
  }
});
