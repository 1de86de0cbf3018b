import { afterEach, describe, expect, test } from 'vitest';
import type { CellValue } from '../../src/policy/cells.ts';
import type { JsonObject } from '../../src/events.ts';
import type { z } from 'zod';
import { editCell } from '../../src/policy/edit.ts';
import { flowOfGiven, givenFlowSchema } from '../../src/policy/given-flow.ts';
import { call, disagreements, load, problems } from './ask.ts';

afterEach(() => expect(disagreements.splice(0)).toEqual([]));

const set = load({
  yaml: `roles:
  support:
    tools:
      pay: { decision: allow, when: { payee: { from: user }, amount: { max: 50, from: trusted } }, otherwise: ask }
      send: { decision: allow, when: { to: { matches: '*@acme.example', from: named }, body: { links: trusted } } }
      close: { decision: allow, when: { state: { in: [open, done], from: operator } } }
`,
});
type Provenance = z.input<typeof givenFlowSchema>['provenance'];
const ask = (tool: string, args: JsonObject, provenance: Provenance) =>
  call(set, tool, args, { flow: flowOfGiven(args, givenFlowSchema.parse({ provenance })).flow });

describe('a cell may demand where an argument came from', () => {
  test('and all demands must hold', () => {
    const pay = (provenance: Provenance, amount = 5) => ask('pay', { payee: 'DE02', amount }, provenance).outcome;
    expect(pay({ payee: 'user', amount: 'trusted' })).toBe('allow');
    expect(pay({ payee: 'trusted', amount: 'trusted' })).toBe('require_approval');
    expect(pay({ payee: 'user', amount: 'named' })).toBe('require_approval');
    expect(pay({ payee: 'user', amount: 'user' }, 51)).toBe('require_approval');
    expect(call(set, 'pay', { payee: 'DE02', amount: 5 }).outcome).toBe('require_approval');
  });
  test('beside a pattern, beside a choice, and of the links in a text', () => {
    const send = (to: string, provenance: Provenance) => ask('send', { to, body: 'text' }, provenance).outcome;
    expect(send('a@acme.example', { to: 'named', body: 'untrusted' })).toBe('allow');
    expect(send('a@evil.example', { to: 'user', body: 'untrusted' })).toBe('deny');
    expect(send('a@acme.example', { to: 'untrusted', body: 'untrusted' })).toBe('deny');
    expect(send('a@acme.example', { to: 'user', body: 'user', 'body#link': 'untrusted' })).toBe('deny');
    expect(ask('close', { state: 'open' }, { state: 'operator' }).outcome).toBe('allow');
    expect(ask('close', { state: 'open' }, { state: 'user' }).outcome).toBe('deny');
    expect(ask('close', { state: 'gone' }, { state: 'operator' }).outcome).toBe('deny');
  });
  test('the reason names the value, where it came from and what was demanded', () => {
    const args = { payee: 'DE66', amount: 5 };
    const { flow } = flowOfGiven(args, givenFlowSchema.parse({ tainted: true, provenance: { amount: 'user' } }));
    const provenance = [
      ...flow.provenance,
      {
        path: 'arguments.payee',
        value: 'DE66',
        role: 'target' as const,
        integrity: 'untrusted' as const,
        labels: [],
        origins: [{ source: 2, role: 'tool' as const, tool: 'read_mail', integrity: 'untrusted' as const }],
      },
    ];
    expect(call(set, 'pay', args, { flow: { ...flow, provenance } }).reasons).toMatchObject([
      {
        code: 'approval_required',
        rule: 'permissions.yaml#support/pay',
        path: 'arguments.payee',
        value: 'DE66',
        detail:
          'arguments.payee must come from the user or the operator; it came from untrusted text, in the result of read_mail',
      },
    ]);
    expect(call(set, 'pay', args).reasons[0]?.detail).toContain('not known');
  });
  test('and compiles to text that people can read', () => {
    expect(set.describe().sources[0]?.text).toContain(`when {
  context.provenance.hasTag("payee") &&
  ["user", "operator"].contains(context.provenance.getTag("payee")) &&
  context.numbers.hasTag("amount") &&
  context.numbers.getTag("amount").lessThanOrEqual(decimal("50.0")) &&
  context.provenance.hasTag("amount") &&
  ["trusted", "user", "operator"].contains(context.provenance.getTag("amount"))
}`);
    expect(set.describe().sources[0]?.text).toContain('context.provenance.getTag("state") == "operator"');
  });
  test.each([
    ['{ from: usr }', 'must be one of untrusted, named, trusted, user, operator'],
    ['{ from: derived }', 'must be one of'],
    ['{ form: user }', 'did you mean "from"?'],
    ['{ from: untrusted }', 'names nothing to test'],
    ['{}', 'names nothing to test'],
  ])('a demand that is none is refused: %s', (demand, message) => {
    const yaml = `roles: { a: { tools: { x: { decision: allow, when: { to: ${demand} } } } } }`;
    expect(problems({ yaml })[0]).toContain(message);
  });
});

describe('an editor that does not know of a demand does not take it away', () => {
  const before = `roles:
  support:
    tools:
      pay: { decision: ask, approvers: 2 } # two of us
      send: { decision: allow, when: { to: { matches: 'a*', from: user }, body: { links: user }, n: { max: 5, from: user } }, otherwise: ask, approvers: 3 }
`;
  const edited = (name: string, cell: CellValue) => {
    const text = editCell(before, { role: 'support', kind: 'tools', name, cell });
    expect(problems({ yaml: text })).toEqual([]);
    return text.split('\n').find((line) => line.includes(` ${name}:`)) ?? '';
  };
  test('how many must approve stays as long as the cell asks', () => {
    expect(edited('pay', 'ask')).toBe('      pay: { decision: ask, approvers: 2 } # two of us');
    expect(edited('pay', 'deny')).toBe('      pay: deny # two of us');
    expect(edited('pay', { decision: 'ask', approvers: 3 })).toContain('approvers: 3');
    expect(edited('pay', { decision: 'ask', approvers: 1 })).toBe('      pay: ask # two of us');
  });
  test('where a value must come from stays as long as the argument has a condition', () => {
    const otherwise = 'ask' as const;
    expect(edited('send', { decision: 'allow', when: { to: 'b*', n: { max: 9 } }, otherwise })).toBe(
      '      send: { decision: allow, when: { to: { matches: b*, from: user }, n: { max: 9, from: user } }, otherwise: ask, approvers: 3 }',
    );
    expect(edited('send', { decision: 'allow', when: { to: { in: ['x'] }, body: {} }, otherwise })).toContain(
      'when: { to: { in: [ x ], from: user }, body: { links: user } }',
    );
    expect(
      edited('send', { decision: 'allow', when: { to: { matches: 'c', from: 'untrusted' } }, otherwise }),
    ).toContain('when: { to: { matches: c } }, otherwise: ask, approvers: 3');
  });
});
