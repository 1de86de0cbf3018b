import { afterEach, describe, expect, test } from 'vitest';
import type { CellValue } from '../../src/policy/cells.ts';
import type { JsonObject } from '../../src/events.ts';
import type { UserRef } from '../../src/session.ts';
import { editCell } from '../../src/policy/edit.ts';
import { runPolicyCases } from '../../src/policy/cases.ts';
import { call, disagreements, load, problems, request } from './ask.ts';

afterEach(() => expect(disagreements.splice(0)).toEqual([]));

const set = load({
  yaml: `roles:
  support:
    tools:
      list_orders: { decision: allow, when: { customer_id: { user: { claim: customer } } } }
      ship: { decision: allow, when: { 'lines.order.customer': { user: { claim: customer } } } }
      profile: { decision: allow, when: { owner: { user: id } }, otherwise: ask }
      mail: { decision: allow, when: { to: { matches: '*@acme.example', user: { claim: email } } } }
      pick: { decision: allow, when: { who: { in: [ann, bob], user: id } } }
`,
});
const ann: UserRef = { id: 'ann', roles: [], claims: { customer: ['c-1', 'c-9', '42'], email: ['ann@acme.example'] } };
const ask = (tool: string, args: JsonObject, user: UserRef = ann) => call(set, tool, args, { user });
const outcome = (tool: string, args: JsonObject, user?: UserRef) => ask(tool, args, user).outcome;

describe('an argument may have to be in a claim of the user', () => {
  test.each<[string, JsonObject, string]>([
    ['the user’s own', { customer_id: 'c-1' }, 'allow'],
    ['another of the user’s own', { customer_id: 'c-9' }, 'allow'],
    ['a list of the user’s own', { customer_id: ['c-1', 'c-9'] }, 'allow'],
    ['a number that reads the same', { customer_id: 42 }, 'allow'],
    ['another’s', { customer_id: 'c-2' }, 'deny'],
    ['another’s among the user’s own', { customer_id: ['c-1', 'c-2', 'c-9'] }, 'deny'],
    ['another’s in a list of lists', { customer_id: ['c-1', ['c-9', ['c-2']]] }, 'deny'],
    ['nothing', {}, 'deny'],
    ['null', { customer_id: null }, 'deny'],
    ['an empty list', { customer_id: [] }, 'deny'],
    ['nothing among the user’s own', { customer_id: ['c-1', null] }, 'deny'],
    ['an operator of a query language', { customer_id: { $ne: '' } }, 'deny'],
    ['an object around it', { customer_id: { id: 'c-1' } }, 'deny'],
    ['another case', { customer_id: 'C-1' }, 'deny'],
    ['white space around it', { customer_id: ' c-1' }, 'deny'],
    ['an invisible character in it', { customer_id: 'c-1\u200b' }, 'deny'],
    ['a look-alike', { customer_id: 'с-1' }, 'deny'],
    ['all of them as one text', { customer_id: 'c-1,c-9' }, 'deny'],
    ['SQL behind it', { customer_id: "c-1' OR '1'='1" }, 'deny'],
    ['a star', { customer_id: '*' }, 'deny'],
    ['zeros before a number', { customer_id: '042' }, 'deny'],
    ['another name of the argument', { Customer_Id: 'c-1' }, 'deny'],
  ])('%s', (_, args, expected) => {
    expect(outcome('list_orders', args)).toBe(expected);
  });
  test('within lists and objects, every one', () => {
    const ship = (...customers: (string | null)[]) => ({
      lines: customers.map((customer) => ({ order: { customer } })),
    });
    expect(outcome('ship', ship('c-1', 'c-9'))).toBe('allow');
    expect(outcome('ship', ship('c-1', 'c-2'))).toBe('deny');
    expect(outcome('ship', ship('c-1', null))).toBe('deny');
    expect(outcome('ship', { lines: [{ order: { customer: 'c-1' } }, { order: {} }] })).toBe('deny');
    expect(outcome('ship', { 'lines.order.customer': 'c-1' })).toBe('deny');
  });
  test.each<[string, UserRef]>([
    ['without claims', { id: 'ann', roles: [] }],
    ['without this claim', { ...ann, claims: { customers: ['c-1'] } }],
    ['whose claim is empty', { ...ann, claims: { customer: [] } }],
    ['whose id is the value', { id: 'c-1', roles: ['c-1'] }],
  ])('a user %s may nothing', (_, user) => {
    expect(outcome('list_orders', { customer_id: 'c-1' }, user)).toBe('deny');
    expect(outcome('list_orders', {}, user)).toBe('deny');
  });
  test('a claim of which a text is no Unicode is refused, whichever evaluator reads it', () => {
    const user = { ...ann, claims: { customer: ['c-1', '\ud800'] } };
    expect(() => call(set, 'list_orders', { customer_id: 'c-1' }, { user })).toThrow('surrogate');
  });
  test('a name that every object has is no claim, and one that no object should have is refused', () => {
    const cell = (name: string) =>
      `roles: { support: { tools: { x: { decision: allow, when: { k: { user: { claim: ${name} } } } } } } }`;
    expect(call(load({ yaml: cell('constructor') }), 'x', { k: 'a' }, { user: ann }).outcome).toBe('deny');
    expect(problems({ yaml: cell('__proto__') })[0]).toContain('must be the name of a claim');
    const cedar = `permit (principal, action == Sallyport::Action::"tool_call", resource)
when { context.user.hasTag("__proto__") && context.user.getTag("__proto__").contains("a") };`;
    const claims = JSON.parse('{"__proto__":["a"]}') as UserRef['claims'] & object;
    expect(call(load({ cedar }), 'x', {}, { user: ann }).outcome).toBe('deny');
    expect(call(load({ cedar }), 'x', {}, { user: { ...ann, claims } }).outcome).toBe('allow');
  });
});

describe('an argument may have to be the user', () => {
  test('by id; anything else is what `otherwise` says', () => {
    expect(outcome('profile', { owner: 'ann' })).toBe('allow');
    expect(outcome('profile', { owner: 'bob' })).toBe('require_approval');
    expect(outcome('profile', {})).toBe('require_approval');
  });
  test('beside a pattern and beside a choice, and both must hold', () => {
    expect(outcome('mail', { to: 'ann@acme.example' })).toBe('allow');
    expect(outcome('mail', { to: 'bob@acme.example' })).toBe('deny');
    expect(outcome('mail', { to: 'a@x.com' }, { ...ann, claims: { email: ['a@x.com'] } })).toBe('deny');
    expect(outcome('pick', { who: 'ann' })).toBe('allow');
    expect(outcome('pick', { who: 'bob' })).toBe('deny');
    expect(outcome('pick', { who: 'eve' }, { id: 'eve', roles: [] })).toBe('deny');
  });
});

describe('a denial names the argument and the claim', () => {
  test('and nothing that the claim holds', () => {
    const { reasons } = ask('list_orders', { customer_id: ['c-1', 'c-2'] });
    expect(reasons).toEqual([
      {
        code: 'no_permission',
        rule: 'permissions.yaml#support/list_orders',
        path: 'arguments.customer_id',
        value: 'c-2',
        detail: 'arguments.customer_id must be in the user\'s claim "customer"',
        fix: 'Change `when.customer_id` of roles.support.tools.list_orders in permissions.yaml if this value is fine.',
      },
    ]);
    expect(JSON.stringify(reasons)).not.toMatch(/c-9|42/);
  });
  test('of a user who does not have it, what is missing', () => {
    expect(ask('list_orders', { customer_id: 'c-1' }, { id: 'ann', roles: [] }).reasons[0]).toMatchObject({
      detail: 'arguments.customer_id must be in the user\'s claim "customer", which this user does not have',
      fix: 'Open the session with the user\'s claim "customer".',
    });
    expect(ask('list_orders', {}).reasons[0]).toMatchObject({
      detail: 'arguments.customer_id is missing or no plain value; it must be in the user\'s claim "customer"',
    });
    expect(ask('profile', { owner: 'bob' }).reasons[0]).toMatchObject({
      code: 'approval_required',
      detail: "arguments.owner must be the user's own id",
    });
  });
});

test('it compiles to text that people can read, and closures answer it', () => {
  const { sources, uncompiled } = set.describe();
  expect(uncompiled).toEqual([]);
  expect(sources[0]?.text).toContain(`when {
  context.args.hasTag("customer_id") &&
  context.user.hasTag("customer") &&
  context.user.getTag("customer").contains(context.args.getTag("customer_id"))
}`);
  expect(sources[0]?.text).toContain('context.args.getTag("owner") == context.user.id');
});

test('hand-written policies may ask the same; a claim that is read and not there denies', () => {
  const own = load({
    cedar: `permit (principal, action == Sallyport::Action::"tool_call", resource == Sallyport::Tool::"a")
when { context.args.hasTag("k") && context.user.hasTag("team") && context.user.getTag("team").contains(context.args.getTag("k")) };
permit (principal, action == Sallyport::Action::"model_request", resource) when { context.user.id like "*@acme.example" };
permit (principal, action == Sallyport::Action::"tool_call", resource == Sallyport::Tool::"b");
forbid (principal, action == Sallyport::Action::"tool_call", resource == Sallyport::Tool::"b")
unless { context.user.hasTag("mfa") && context.user.getTag("mfa").containsAny(["otp", "webauthn"]) };`,
  });
  const user = { id: 'ann@acme.example', roles: [], claims: { team: ['red'], mfa: ['otp'] } };
  expect(call(own, 'a', { k: 'red' }, { user }).outcome).toBe('allow');
  expect(call(own, 'a', { k: 'blue' }, { user }).outcome).toBe('deny');
  expect(call(own, 'b', {}, { user }).outcome).toBe('allow');
  expect(call(own, 'b', {}, { user: { id: 'x', roles: [] } }).outcome).toBe('deny');
  const model = { action: 'model_request' as const, resource: 'practice/x' };
  expect(own.authorize(request({ ...model, user })).outcome).toBe('allow');
  expect(own.authorize(request({ ...model, user: { id: 'eve@x.com', roles: [] } })).outcome).toBe('deny');
});

test.each([
  ['{ user: name }', 'must be id, { claim: <name> } or anyone'],
  ['{ user: { clam: customer } }', 'user.claim: must be the name of a claim'],
  ['{ user: { claim: "customer " } }', 'user.claim: must be the name of a claim'],
  ['{ user: { claim: "" } }', 'must be the name of a claim'],
  ['{ usr: id }', 'did you mean "user"?'],
  ['{ user: anyone }', 'names nothing to test'],
])('a demand that is none is refused: %s', (demand, message) => {
  const yaml = `roles: { a: { tools: { x: { decision: allow, when: { to: ${demand} } } } } }`;
  expect(problems({ yaml })[0]).toContain(message);
});

describe('an editor that does not know of users does not take the demand away', () => {
  const before = `roles:
  support:
    tools:
      list: { decision: allow, when: { customer_id: { user: { claim: customer } }, n: { max: 5, user: id } } } # own only
`;
  const edited = (cell: CellValue) => {
    const text = editCell(before, { role: 'support', kind: 'tools', name: 'list', cell });
    expect(problems({ yaml: text })).toEqual([]);
    return text.split('\n').find((line) => line.includes(' list:')) ?? '';
  };
  test('as long as the argument has a condition', () => {
    expect(edited({ decision: 'allow', when: { customer_id: {}, n: { max: 9 } }, otherwise: 'ask' })).toBe(
      '      list: { decision: allow, when: { customer_id: { user: { claim: customer } }, n: { max: 9, user: id } }, otherwise: ask } # own only',
    );
    expect(edited({ decision: 'allow', when: { customer_id: 'c-*', n: { in: [1] } } })).toContain(
      'when: { customer_id: { matches: c-*, user: { claim: customer } }, n: { in: [ 1 ], user: id } }',
    );
  });
  test('and `anyone` does', () => {
    expect(edited({ decision: 'allow', when: { customer_id: { matches: 'c-*', user: 'anyone' } } })).toContain(
      'when: { customer_id: { matches: c-* } }',
    );
    expect(edited({ decision: 'allow', when: { customer_id: { user: 'id' } } })).toContain('{ user: id } }');
  });
});

test('cases beside the policies say who the user is', () => {
  const results = runPolicyCases(
    set,
    {
      name: 'own.test.yaml',
      text: `cases:
  - name: own orders
    roles: [support]
    user: { id: ann, claims: { customer: [c-1] } }
    resource: list_orders
    arguments: { customer_id: c-1 }
    expect: allow
  - name: of a user without claims
    roles: [support]
    resource: list_orders
    arguments: { customer_id: c-1 }
    expect: deny
`,
    },
    0,
  );
  expect(results.map(({ ok }) => ok)).toEqual([true, true]);
  const wrong = {
    name: 'o',
    text: 'cases: [{ name: a, resource: x, expect: deny, user: { claims: { customer: c-1 } } }]',
  };
  expect(() => runPolicyCases(set, wrong, 0)).toThrow('must be a list of texts');
});
