import { expect, test } from 'vitest';
import { RuntimeFault } from '../../src/errors.ts';
import { editCell } from '../../src/policy/edit.ts';
import { runPolicyCases } from '../../src/policy/cases.ts';
import { load } from './ask.ts';

const set = load({
  yaml: `roles: { support: { tools: { send_email: { decision: allow, when: { to: '*@acme.example' }, otherwise: ask }, pay: deny } } }`,
  cedar: `@id("office-hours")
forbid(principal, action == Sallyport::Action::"tool_call", resource) when { context.hour < 8 || context.session.toolCalls > 100 };
permit(principal, action == Sallyport::Action::"model_request", resource) when { context.user in Sallyport::Role::"clerk" };`,
});
const noon = Date.UTC(2026, 10, 20, 12);
const run = (text: string) => runPolicyCases(set, { name: 'own.test.yaml', text }, noon);
const problems = (text: string) => {
  try {
    return `no problem: ${JSON.stringify(run(text))}`;
  } catch (error) {
    return error instanceof RuntimeFault ? error.detail : error;
  }
};

test('each case says whether it came out as expected, and if not, what decided', () => {
  const results = run(`cases:
  - { name: colleagues, roles: [support], resource: send_email, arguments: { to: a@acme.example }, expect: allow }
  - { name: strangers, roles: [support], resource: send_email, arguments: { to: a@evil.com }, expect: allow }
  - { name: never, roles: [support], resource: pay, expect: deny, rule: support/pay }
  - { name: early, roles: [support], resource: pay, now: 2026-11-20T07:59:00Z, expect: deny, rule: office-hours }
  - { name: busy, resource: x, session: { toolCalls: 101 }, expect: deny, rule: own.cedar:1 }
  - { name: wrong rule, roles: [support], resource: pay, expect: deny, rule: office-hours }
  - { name: clerk, user: { id: ann, roles: [clerk] }, action: model_request, resource: openai/x, expect: allow }
`);
  expect(results.map(({ name, ok, line }) => [name, ok, line])).toEqual([
    ['colleagues', true, 2],
    ['strangers', false, 3],
    ['never', true, 4],
    ['early', true, 5],
    ['busy', true, 6],
    ['wrong rule', false, 7],
    ['clerk', true, 8],
  ]);
  expect(results[1]).toEqual({
    file: 'own.test.yaml',
    line: 3,
    name: 'strangers',
    ok: false,
    expected: 'allow',
    outcome: 'require_approval',
    rules: ['permissions.yaml#support/send_email'],
    problem:
      'expected allow, got require_approval by permissions.yaml#support/send_email: arguments.to must match *@acme.example',
  });
  expect(results[5]?.problem).toContain('expected office-hours to decide');
});

test.each([
  [
    'cases:\n  - { name: a, resource: x, expct: deny }',
    /^own.test.yaml:2:\d+ cases.0: unknown key "expct": did you mean "expect"\?/m,
  ],
  [
    'cases:\n  - { name: a, resource: x, expect: hold }',
    /^own.test.yaml:2:37 cases.0.expect: must be one of allow, require_approval, deny$/m,
  ],
  ['cases:\n  - { name: a, resource: x, expect: deny, session: { calls: 1 } }', /unknown key "calls"/],
  ['cases: []', /^own.test.yaml:1:8 cases: names no case$/],
  ['', /^own.test.yaml:1:1 must be a map with cases$/],
  ['cases: [ { name: a, resource: x, expect: deny, arguments: { __proto__: 1 } } ]', /__proto__ is not allowed/],
  ['cases: [ &a { name: a, resource: x, expect: deny }, *a ]', /aliases are not allowed/],
])('a malformed test file is refused with the place: %j', (text, message) => {
  expect(problems(text)).toMatch(message);
});

const text = `# Who may do what.
roles:
  # The help desk.
  support:
    tools:
      read_ticket: allow # harmless
      # Only to ourselves.
      send_email: { decision: allow, when: { to: '*@acme.example' }, otherwise: ask }
  empty:
`;

test('editing a cell keeps every comment', () => {
  expect(editCell(text, { role: 'support', kind: 'tools', name: 'read_ticket', cell: 'ask' })).toBe(
    text.replace('read_ticket: allow #', 'read_ticket: ask #'),
  );
  const changed = editCell(text, { role: 'support', kind: 'tools', name: 'send_email', cell: 'deny' });
  for (const comment of ['# Who may do what.', '# The help desk.', '# harmless', '# Only to ourselves.']) {
    expect(changed).toContain(comment);
  }
  expect(changed).toContain('send_email: deny');
});
test('a cell may be the first of its role, of its kind, or of the file', () => {
  const pay = { decision: 'allow', when: { amount: { max: 5 } }, otherwise: 'ask' } as const;
  expect(editCell(text, { role: 'empty', kind: 'tools', name: 'pay', cell: pay })).toContain(
    'pay: { decision: allow, when: { amount: { max: 5 } }, otherwise: ask }',
  );
  expect(editCell(text, { role: 'support', kind: 'models', name: 'openai/*', cell: 'allow' })).toContain(
    'openai/*: allow',
  );
  expect(editCell('', { role: 'new', kind: 'tools', name: '*', cell: 'ask' })).toBe(
    'roles:\n  new:\n    tools:\n      "*": ask\n',
  );
});
test('removing a cell removes that one', () => {
  const removed = editCell(text, { role: 'support', kind: 'tools', name: 'read_ticket', cell: null });
  expect(removed).not.toContain('read_ticket');
  expect(removed).toContain('send_email');
  expect(() => editCell(text, { role: 'support', kind: 'tools', name: 'absent', cell: null })).toThrow(
    'There is no cell',
  );
});
test.each(['a: b', '# x', "it's", '{}', '*', '&a', '!!str', 'true', '1', 'a\nb: allow', '- x', '', ' '])(
  'the name %j becomes a key and nothing else',
  (name) => {
    const edited = editCell('roles: {}\n', { role: 'support', kind: 'tools', name, cell: 'allow' });
    if (name === '' || name.includes('\n')) {
      expect(() => load({ yaml: edited })).toThrow(/name/);
      return;
    }
    expect(load({ yaml: edited }).describe().sources[0]?.rules).toBe(1);
  },
);

const flowSet = load({
  cedar: `permit(principal, action == Sallyport::Action::"tool_call", resource) when {
    context.integrity.hasTag("to") && context.integrity.getTag("to") >= 4 &&
    context.integrity.hasTag("body#link") && context.integrity.getTag("body#link") >= 3 &&
    !(context.called.hasTag("pay") && context.called.getTag("pay") >= 3) && !context.labels.contains("phi") };`,
});
const runFlow = (lines: string) => runPolicyCases(flowSet, { name: 'own.test.yaml', text: `cases:\n${lines}` }, noon);

test('a case may say where its arguments come from and what the session did', () => {
  const one = (name: string, flow: string, outcome: string) =>
    `  - { name: ${name}, resource: pay, arguments: { to: [a, b], body: x }, ${flow} expect: ${outcome} }\n`;
  const results = runFlow(
    one('fresh', '', 'deny') +
      one('given', 'flow: { provenance: { to: user, body: derived } },', 'allow') +
      one('one of two', 'flow: { provenance: { to: user, "to[1]": named, body: derived } },', 'deny') +
      one('a link', 'flow: { provenance: { to: user, body: user, "body#link": derived } },', 'deny') +
      one('twice', 'flow: { provenance: { to: user, body: user }, called: { pay: 2 } },', 'allow') +
      one('thrice', 'flow: { provenance: { to: user, body: user }, called: { pay: 3 } },', 'deny') +
      one('health', 'flow: { provenance: { to: user, body: user }, labels: [phi], tainted: true },', 'deny'),
  );
  expect(results.filter(({ ok }) => !ok)).toEqual([]);
  expect(results).toHaveLength(7);
});
test('an origin for an argument that the case has not is a mistake, with its place', () => {
  const lines = `  - { name: a, resource: pay, arguments: { to: a }, flow: { provenance: { too: user, 'to': user, 'x#link': user } }, expect: allow }`;
  let detail = '';
  try {
    runFlow(lines);
  } catch (error) {
    detail = error instanceof RuntimeFault ? (error.detail ?? '') : '';
  }
  expect(detail.split('\n')).toEqual([
    expect.stringMatching(/^own\.test\.yaml:2:\d+ cases\.0\.flow\.provenance: too names no argument of the case$/),
    expect.stringMatching(/^own\.test\.yaml:2:\d+ cases\.0\.flow\.provenance: x#link names no argument of the case$/),
  ]);
});
