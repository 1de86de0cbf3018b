import { afterEach, describe, expect, test } from 'vitest';
import type { Authorization } from '../../src/policy/policy.ts';
import { call, disagreements, load, problems } from './ask.ts';

afterEach(() => expect(disagreements.splice(0)).toEqual([]));

const onPay = 'principal, action == Sallyport::Action::"tool_call", resource == Sallyport::Tool::"pay"';
const approversOf = ({ reasons }: Authorization) => Math.max(1, ...reasons.map(({ approvers = 1 }) => approvers));
const roles = (...of: string[]) => ({ principal: { id: 'a', tenant: 't', roles: of } });

describe('how many people must approve', () => {
  const yaml = `roles:
  support:
    tools:
      plain: ask
      pay: { decision: ask, approvers: 2 }
      refund: { decision: allow, when: { amount: { max: 50 } }, otherwise: ask, approvers: 3 }
  clerk: { tools: { pay: allow, plain: { decision: ask, approvers: 4 } } }
`;
  const forbid = (approvers: string, condition: string) =>
    `${approvers} forbid (${onPay}) when { ${condition} } unless { context.approved };`;
  const big = (least: string) =>
    `context.numbers.hasTag("amount") && context.numbers.getTag("amount").greaterThan(decimal("${least}"))`;

  test('stands in the cell, and in the reason of the hold', () => {
    const set = load({ yaml });
    expect(call(set, 'plain').reasons).toEqual([expect.not.objectContaining({ approvers: expect.anything() })]);
    expect(call(set, 'pay').reasons).toMatchObject([{ code: 'approval_required', approvers: 2 }]);
    expect(call(set, 'refund', { amount: 60 }).reasons).toMatchObject([{ path: 'arguments.amount', approvers: 3 }]);
    expect(call(set, 'refund', { amount: 40 }).outcome).toBe('allow');
    expect(set.describe().sources[0]?.text).toContain('@approvers("2")');
  });
  test('of two rules that hold, the larger number counts', () => {
    const set = load({ yaml, cedar: `${forbid('', 'true')}\n${forbid('@approvers("5")', big('100.0'))}` });
    expect(approversOf(call(set, 'pay', { amount: 200 }, roles('clerk')))).toBe(5);
    expect(approversOf(call(set, 'pay', { amount: 20 }, roles('clerk')))).toBe(1);
    const both = load({ yaml });
    expect(approversOf(call(both, 'plain', {}, roles('support', 'clerk')))).toBe(4);
    expect(approversOf(call(both, 'plain', {}, roles('clerk', 'support')))).toBe(4);
  });
  test('a forbid that holds does not hide that the permit needs more people', () => {
    const set = load({ yaml, cedar: forbid('', 'true') });
    expect(approversOf(call(set, 'pay', {}, roles('support')))).toBe(2);
    expect(approversOf(call(set, 'pay', {}, roles('support', 'clerk')))).toBe(1);
  });
  test('of several values, the one that needs the most people counts', () => {
    const set = load({
      yaml: 'roles: { clerk: { tools: { pay: allow } } }',
      cedar: `${forbid('', 'true')}\n${forbid('@approvers("2")', big('100.0'))}`,
    });
    for (const amount of [
      [1, 200],
      [200, 1],
    ])
      expect(approversOf(call(set, 'pay', { amount }, roles('clerk')))).toBe(2);
  });
});

describe('a number of approvers that would not count is refused', () => {
  const permit = (annotation: string, rest = ' when { context.approved }') => `${annotation} permit (${onPay})${rest};`;
  test.each([
    ['@approvers("0")', 'from "1" to "10"'],
    ['@approvers("11")', 'from "1" to "10"'],
    ['@approvers("two")', 'from "1" to "10"'],
    ['@approvers("-2")', 'from "1" to "10"'],
    ['@approvers("1e1")', 'from "1" to "10"'],
    ['@approvers', 'from "1" to "10"'],
    ['@approver("2")', 'did you mean @approvers?'],
    ['@aprovers("2")', 'did you mean @approvers?'],
    ['@Approvers("2")', 'did you mean @approvers?'],
  ])('%s', (annotation, message) => {
    expect(problems({ cedar: permit(annotation) })).toEqual([expect.stringMatching(/^own\.cedar:1:1 /)]);
    expect(problems({ cedar: permit(annotation) })[0]).toContain(message);
  });
  test('on a rule that never holds', () => {
    expect(problems({ cedar: permit('@approvers("2")', '') })[0]).toContain('has no effect');
  });
  test('other annotations are the author’s own', () => {
    expect(problems({ cedar: permit('@owner("ann") @advice("x") @id("a")') })).toEqual([]);
  });
  test.each([
    ['{ decision: allow, approvers: 2 }', '`approvers` needs a `decision` or an `otherwise` that is ask'],
    ['{ decision: ask, approvers: 0 }', 'must be at least 1'],
    ['{ decision: ask, approvers: 11 }', 'must be at most 10'],
    ['{ decision: ask, approvers: 1.5 }', 'must be a whole number'],
    ['{ decision: ask, approver: 2 }', 'did you mean "approvers"?'],
  ])('cell %s', (cell, message) => {
    expect(problems({ yaml: `roles: { a: { tools: { x: ${cell} } } }` })[0]).toContain(message);
  });
});
