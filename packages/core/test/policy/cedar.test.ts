import { afterEach, describe, expect, test, vi } from 'vitest';
import type { JsonObject } from '../../src/events.ts';
import type { Disagreement } from '../../src/policy/evaluate.ts';
import { zeroCounters } from '../../src/session.ts';
import { call, disagreements, load, problems, request } from './ask.ts';

afterEach(() => expect(disagreements.splice(0)).toEqual([]));

const toolCall = 'action == Sallyport::Action::"tool_call"';

describe('decisions', () => {
  test('default deny, and a forbid wins over every permit', () => {
    expect(call(load({}), 't').outcome).toBe('deny');
    const set = load({
      cedar:
        'permit(principal, action, resource);\n@id("no-t")\nforbid(principal, action, resource == Sallyport::Tool::"t");',
    });
    expect(call(set, 'other').outcome).toBe('allow');
    expect(call(set, 't')).toEqual({
      outcome: 'deny',
      rules: [{ id: 'no-t', place: 'own.cedar:2', effect: 'forbid' }],
      reasons: [{ code: 'forbidden', rule: 'own.cedar:2', fix: 'Change the forbid in own.cedar:2.' }],
    });
  });
  test('a forbid unless approved holds; a second, plain forbid denies even so', () => {
    const hold =
      'permit(principal, action, resource);\nforbid(principal, action, resource) unless { context.approved };\n';
    expect(call(load({ cedar: hold }), 't')).toMatchObject({
      outcome: 'require_approval',
      reasons: [{ code: 'approval_required', rule: 'own.cedar:2' }],
    });
    const denied = load({ cedar: `${hold}forbid(principal, action, resource == Sallyport::Tool::"t");` });
    expect(call(denied, 't')).toMatchObject({ outcome: 'deny', reasons: [{ code: 'forbidden', rule: 'own.cedar:3' }] });
    expect(call(denied, 'u').outcome).toBe('require_approval');
  });
  test('an evaluation error in any rule denies and names the rule, though Cedar would skip it', () => {
    const cedar = `permit(principal, action, resource);
permit(principal, action, resource) when { Sallyport::Agent::"ghost".tenant == "x" };
forbid(principal, action, resource) when { context.session.toolCalls * 9007199254740993 > 0 && context.session.denied > 1000000 };`;
    const set = load({ cedar });
    expect(call(set, 't')).toMatchObject({ outcome: 'deny', reasons: [{ code: 'guard_failed', rule: 'own.cedar:2' }] });
    const overflow = load({
      cedar: cedar
        .split('\n')
        .filter((_, line) => line !== 1)
        .join('\n'),
    });
    expect(call(overflow, 't').outcome).toBe('allow');
    const many = { session: { ...zeroCounters, toolCalls: 2000 } };
    expect(call(overflow, 't', {}, many)).toMatchObject({
      outcome: 'deny',
      reasons: [{ code: 'guard_failed', rule: 'own.cedar:2' }],
    });
  });
  test('an error that only an approval brings about denies as well', () => {
    const set = load({
      cedar:
        'permit(principal, action, resource) when { context.approved && Sallyport::Agent::"ghost".tenant == "x" };\npermit(principal, action, resource) when { context.approved };',
    });
    expect(call(set, 't')).toMatchObject({ outcome: 'deny', reasons: [{ code: 'guard_failed' }] });
  });
  test('policies see the user, the counters and the time', () => {
    const set = load({
      cedar: `permit(principal, ${toolCall}, resource) when {
        context.user in Sallyport::Role::"clerk" && context.session.toolCalls < 10 &&
        context.hour >= 8 && context.hour < 18 && context.weekday <= 5 &&
        context.now.toTime() >= duration("8h30m") && principal.tenant == "acme" };`,
    });
    const user = { id: 'ann', roles: ['clerk'] };
    const saturday = Date.UTC(2026, 10, 21, 9);
    const friday = Date.UTC(2026, 10, 20, 9);
    expect(call(set, 't', {}, { user, now: friday }).outcome).toBe('allow');
    expect(call(set, 't', {}, { user, now: saturday }).outcome).toBe('deny');
    expect(call(set, 't', {}, { user, now: friday - 45 * 60_000 }).outcome).toBe('deny');
    expect(call(set, 't', {}, { now: friday }).outcome).toBe('deny');
    expect(call(set, 't', {}, { user, now: friday, session: { ...zeroCounters, toolCalls: 10 } }).outcome).toBe('deny');
  });
  test('what the compiler does not know, Cedar answers, with the same result', () => {
    const cedar = `permit(principal, ${toolCall}, resource) when { ip("10.1.2.3").isInRange(ip("10.0.0.0/8")) && context.args.hasTag("to") && context.args.getTag("to") == "x" };`;
    const fast = load({ cedar }, { check: 'fast' });
    expect(fast.describe().uncompiled.map(({ place }) => place)).toEqual(['own.cedar:1']);
    for (const [to, outcome] of [
      ['x', 'allow'],
      [['x', 'y'], 'deny'],
    ] as const) {
      expect(call(fast, 't', { to }).outcome).toBe(outcome);
      expect(call(load({ cedar }, { check: 'wasm' }), 't', { to }).outcome).toBe(outcome);
    }
  });
  test('literals that a double cannot hold are compared as Cedar compares them', () => {
    const at = (literal: string) =>
      call(
        load(
          { cedar: `permit(principal, action, resource) when { context.session.tokensIn < ${literal} };` },
          { check: 'fast' },
        ),
        't',
        {},
        {
          session: { ...zeroCounters, tokensIn: Number.MAX_SAFE_INTEGER },
        },
      ).outcome;
    expect(at('9007199254740992')).toBe('allow');
    expect(at('9007199254740991')).toBe('deny');
  });
  test('names and counters that cannot be put to policies throw, which the monitor turns into a deny', () => {
    const set = load({ cedar: 'permit(principal, action, resource);' });
    expect(() => call(set, '\ud800')).toThrow('surrogate');
    expect(() => call(set, 't', {}, { session: { ...zeroCounters, toolCalls: 0.5 } })).toThrow('whole number');
    expect(() => call(set, 't', {}, { now: Number.NaN })).toThrow('whole number');
  });
});

test('when the evaluators disagree the request is denied and someone is told', async () => {
  const found: Disagreement[] = [];
  const { CedarEngine } = await import('../../src/policy/cedar.ts');
  const set = load(
    { cedar: 'permit(principal, action, resource);' },
    { onDisagreement: (one) => void found.push(one) },
  );
  const lie = vi.spyOn(CedarEngine.prototype, 'isAuthorized');
  lie.mockReturnValue({ decision: 'deny', diagnostics: { reason: [], errors: [] } });
  expect(call(set, 't')).toMatchObject({ outcome: 'deny', reasons: [{ code: 'guard_failed' }] });
  lie.mockRestore();
  expect(found).toHaveLength(1);
  expect(call(set, 't').outcome).toBe('allow');
});

describe('ways around the compiler', () => {
  const outcome = (condition: string, ...args: [tool?: string, args?: JsonObject]) =>
    call(load({ cedar: `permit(principal, ${toolCall}, resource) when { ${condition} };` }), args[0] ?? 't', args[1])
      .outcome;

  test('arguments reached by the name of their entity are judged value by value as well', () => {
    const named = 'Sallyport::Arguments::"call".hasTag("to") && Sallyport::Arguments::"call".getTag("to") == "x"';
    expect(outcome(named, 't', { to: ['x'] })).toBe('allow');
    expect(outcome(named, 't', { to: ['x', 'y'] })).toBe('deny');
  });
  test('an entity that is not of the request has no tags, no attributes and no parents', () => {
    expect(outcome('Sallyport::Arguments::"other".hasTag("to")', 't', { to: 'x' })).toBe('deny');
    expect(outcome('Sallyport::Agent::"ghost" has tenant')).toBe('deny');
    expect(outcome('Sallyport::Agent::"ghost" in Sallyport::Role::"support"')).toBe('deny');
    expect(outcome('Sallyport::Agent::"agent-1" in Sallyport::Role::"support"')).toBe('allow');
  });
  test('sets ignore order and repetition, records the order of their fields', () => {
    expect(outcome('[principal.tenant, "b"] == ["b", "acme", "b"]')).toBe('allow');
    expect(outcome('{"a b": 1, c: [1, 2]} == {c: [2, 1, 1], "a b": 1}')).toBe('allow');
    expect(outcome('{c: [1, 2]} == {c: [2, 3]}')).toBe('deny');
  });
  test('a star written as a code point is what Cedar takes it for', () => {
    expect(outcome('resource.name like "\\u{2a}z"', 'xz')).toBe('allow');
    expect(outcome('resource.name like "\\*z"', 'xz')).toBe('deny');
  });
  test('a scope by `in` takes in the entity itself, and lists of actions only those', () => {
    const ask = (cedar: string, change: Parameters<typeof request>[0] = {}) =>
      load({ cedar }).authorize(request(change)).outcome;
    expect(ask('permit(principal in Sallyport::Agent::"agent-1", action, resource);')).toBe('allow');
    expect(ask('permit(principal, action, resource in Sallyport::Tool::"send_email");')).toBe('allow');
    const two =
      'permit(principal, action in [Sallyport::Action::"tool_call", Sallyport::Action::"egress_request"], resource);';
    expect(ask(two, { action: 'egress_request' })).toBe('allow');
    expect(ask(two, { action: 'model_request', resource: 'a/b' })).toBe('deny');
  });
});

describe('places', () => {
  test.each([
    [
      'a mistyped type',
      'permit(principal == Sallyport::Agnt::"x", action, resource);',
      /^own.cedar:1:1 .*\nown.cedar:1:21 .*did you mean `Sallyport::Agent`/,
    ],
    [
      'an unknown attribute',
      `// é\npermit(principal, ${toolCall}, resource)\nwhen { "é" == context.usr };`,
      /^own.cedar:3:15 .*did you mean `user`/,
    ],
    [
      'a tag that may be missing',
      `permit(principal, ${toolCall}, resource)\n  when { context.args.getTag("to") == "x" };`,
      /^own.cedar:2:10 .*hasTag\("to"\)/,
    ],
    [
      'a syntax error',
      'permit(principal, action, resource)\n when { "é" lik "x" };',
      /^own.cedar:2:13 unexpected token `lik`/,
    ],
    [
      'a rule that can never apply',
      `permit(principal, ${toolCall}, resource == Sallyport::Model::"x");`,
      /^own.cedar:1:1 policy is impossible/,
    ],
    ['a template', 'permit(principal == ?principal, action, resource);', /^own.cedar:1:1 templates/],
    [
      'an id that stands twice',
      '@id("a") permit(principal, action, resource);\n@id("a") forbid(principal, action, resource);',
      /^own.cedar:2:1 the id "a" already names own.cedar:1/,
    ],
  ])('%s', (_name, cedar, message) => {
    expect(problems({ cedar }).join('\n')).toMatch(message);
  });
  test('a rule knows its line, whatever stands in comments and strings before it', () => {
    const cedar = `// permit(principal, action, resource);\npermit(principal, ${toolCall}, resource == Sallyport::Tool::"a;b // \\"c");\n\n\n  // x;\n@id("z")\nforbid(principal, action, resource);`;
    const { rules } = load({ cedar }).explain(request({ resource: 'a;b // "c' }));
    expect(rules.map(({ rule, line }) => [rule.id, line])).toEqual([
      ['z', 6],
      ['own.cedar:2', 2],
    ]);
  });
  test('problems of the matrix and of every file come in one fault', () => {
    expect(problems({ yaml: 'roles: { a: { tools: { x: y } } }', cedar: 'permit(' })).toHaveLength(2);
  });
});

describe('explain', () => {
  const set = load({
    yaml: `roles:
  support:
    tools:
      send_email: { decision: allow, when: { to: '*@acme.example' }, otherwise: ask }
      other: allow
  finance:
    tools:
      send_email: deny
`,
    cedar: `forbid(principal, ${toolCall}, resource) when { context.session.toolCalls > 5 };`,
  });
  const rows = (args: Parameters<typeof request>[0]) =>
    set
      .explain(request(args))
      .rules.map(({ rule, scope, conditions, decided }) => [rule.id, scope, conditions, decided]);

  test('shows each rule about the resource, whether it fitted and which decided', () => {
    expect(rows({ arguments: { to: 'a@acme.example' } })).toEqual([
      ['support/send_email', true, 'met', true],
      ['support/send_email (otherwise)', true, 'unmet', false],
      ['finance/send_email', false, 'not_asked', false],
      ['own.cedar:1', true, 'unmet', false],
    ]);
  });
  test('judges the array element that decided', () => {
    const explained = set.explain(request({ arguments: { to: ['a@acme.example', 'evil@x'] } }));
    expect(explained.authorization.outcome).toBe('require_approval');
    expect(explained.values).toEqual({ to: 'evil@x' });
    expect(explained.rules[0]).toMatchObject({
      rule: { id: 'support/send_email (otherwise)' },
      decided: true,
      file: 'permissions.yaml',
      line: 4,
    });
  });
});

test('the hash follows the texts in force', () => {
  const hash = (yaml: string, cedar?: string) => load({ yaml, ...(cedar === undefined ? {} : { cedar }) }).hash;
  const one = hash('roles: { a: { tools: { x: allow } } }');
  expect(one).toMatch(/^[0-9a-f]{64}$/);
  expect(hash('roles: { a: { tools: { x: allow } } } # a remark')).toBe(one);
  expect(hash('roles: { a: { tools: { x: ask } } }')).not.toBe(one);
  expect(hash('roles: { a: { tools: { x: allow } } }', 'forbid(principal, action, resource);')).not.toBe(one);
});
