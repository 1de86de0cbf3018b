import { afterEach, describe, expect, test } from 'vitest';
import { call, disagreements, load, problems, request } from './ask.ts';

afterEach(() => expect(disagreements.splice(0)).toEqual([]));

const yaml = `
roles:
  support:
    models:
      'practice/*': allow
      '*/gpt-5': ask
    tools:
      read_ticket: allow
      send_email: { decision: allow, when: { to: '*@acme.example' }, otherwise: ask }
      refund: { decision: allow, when: { amount: { max: 50 }, currency: { in: [EUR, USD] } }, otherwise: deny }
      'orders__*': ask
      orders__list: allow
      'orders__delete*': deny
      export_customers: deny
      close: { decision: ask, when: { confirm: true } }
      'lit\\*eral': allow
    hosts:
      '*.acme.example': allow
    languages:
      python: ask
  finance:
    tools:
      refund: ask
      export_customers: allow
      orders__delete_old: allow
`;
const set = load({ yaml });
const outcome = (...args: Parameters<typeof call> extends [unknown, ...infer R] ? R : never) =>
  call(set, ...args).outcome;

describe('cells', () => {
  test('no cell is a denial that names the cell to add', () => {
    expect(call(set, 'drop_tables')).toEqual({
      outcome: 'deny',
      rules: [],
      reasons: [
        {
          code: 'no_permission',
          detail: 'No rule permits tool_call on drop_tables for role support.',
          fix: 'Add `drop_tables: allow` under roles.support.tools in permissions.yaml.',
        },
      ],
    });
  });
  test('allow permits, and names the rule', () => {
    const { outcome: decided, reasons, rules } = call(set, 'read_ticket');
    expect([decided, reasons, rules]).toEqual([
      'allow',
      [],
      [{ id: 'support/read_ticket', place: 'permissions.yaml#support/read_ticket', effect: 'permit' }],
    ]);
  });
  test('ask holds', () => {
    expect(call(set, 'orders__update')).toMatchObject({
      outcome: 'require_approval',
      reasons: [{ code: 'approval_required', rule: 'permissions.yaml#support/orders__*' }],
    });
  });
  test('deny forbids, whatever another role allows', () => {
    const both = { principal: { id: 'a', tenant: 't', roles: ['finance', 'support'] } };
    expect(call(set, 'export_customers', {}, both)).toMatchObject({
      outcome: 'deny',
      reasons: [{ code: 'forbidden', rule: 'permissions.yaml#support/export_customers' }],
    });
    expect(outcome('export_customers', {}, { principal: { id: 'a', tenant: 't', roles: ['finance'] } })).toBe('allow');
  });
  test('a failed pattern with otherwise: deny is only no permit, so another role may still ask', () => {
    const both = { principal: { id: 'a', tenant: 't', roles: ['finance', 'support'] } };
    expect(outcome('refund', { amount: 900, currency: 'EUR' })).toBe('deny');
    expect(outcome('refund', { amount: 900, currency: 'EUR' }, both)).toBe('require_approval');
  });
  test('a specific cell beats a wildcard of the same role, a longer wildcard a shorter one', () => {
    expect(outcome('orders__list')).toBe('allow');
    expect(outcome('orders__x')).toBe('require_approval');
    expect(outcome('orders__delete_all')).toBe('deny');
  });
  test('an agent without a role may do nothing', () => {
    const nobody = { principal: { id: 'a', tenant: 't', roles: [] } };
    expect(call(set, 'read_ticket', {}, nobody).reasons[0]?.fix).toContain('Give the agent a role');
  });
  test('a role of the user is no role of the agent', () => {
    const change = { principal: { id: 'a', tenant: 't', roles: [] }, user: { id: 'u', roles: ['support'] } };
    expect(outcome('read_ticket', {}, change)).toBe('deny');
  });
  test('models are matched by provider and name, hosts and languages by name', () => {
    const ask = (action: 'model_request' | 'egress_request' | 'code_execution', resource: string) =>
      set.authorize(request({ action, resource })).outcome;
    expect(ask('model_request', 'practice/anything/at-all')).toBe('allow');
    expect(ask('model_request', 'openai/gpt-5')).toBe('require_approval');
    expect(ask('model_request', 'openai/practice/x')).toBe('deny');
    expect(ask('model_request', 'evil/x/gpt-5')).toBe('deny');
    expect(ask('egress_request', 'api.acme.example')).toBe('allow');
    expect(ask('egress_request', 'acme.example')).toBe('deny');
    expect(ask('egress_request', 'acme.example.evil.com')).toBe('deny');
    expect(ask('code_execution', 'python')).toBe('require_approval');
    expect(ask('code_execution', 'bash')).toBe('deny');
  });
  test('of two patterns that cross, the stricter rules where both match', () => {
    const crossing = load({ yaml: `roles: { support: { tools: { 'orders__*': allow, '*__refund': ask } } }` });
    expect(call(crossing, 'orders__refund').outcome).toBe('require_approval');
    expect(call(crossing, 'orders__list').outcome).toBe('allow');
  });
  test('a cell for everything leaves the named ones alone', () => {
    const open = load({ yaml: `roles: { support: { tools: { '*': allow, pay: ask, 'drop*': deny } } }` });
    expect(['x', 'pay', 'drop_all'].map((tool) => call(open, tool).outcome)).toEqual([
      'allow',
      'require_approval',
      'deny',
    ]);
  });
});

describe('argument patterns', () => {
  test('a value that matches is allowed, another asks and is named', () => {
    expect(outcome('send_email', { to: 'ann@acme.example' })).toBe('allow');
    expect(call(set, 'send_email', { to: 'evil@attacker.com' })).toMatchObject({
      outcome: 'require_approval',
      reasons: [
        {
          code: 'approval_required',
          rule: 'permissions.yaml#support/send_email',
          path: 'arguments.to',
          value: 'evil@attacker.com',
          detail: 'arguments.to must match *@acme.example',
        },
      ],
    });
  });
  test('all demands must hold, and each that does not is named', () => {
    expect(outcome('refund', { amount: 50, currency: 'EUR' })).toBe('allow');
    const { reasons } = call(set, 'refund', { amount: 50.01, currency: 'GBP' });
    expect(reasons.map(({ path, value, rule, fix }) => [path, value, rule, fix !== undefined])).toEqual([
      ['arguments.amount', '50.01', 'permissions.yaml#support/refund', true],
      ['arguments.currency', 'GBP', 'permissions.yaml#support/refund', true],
    ]);
  });
  test.each([
    ['missing', { currency: 'EUR' }],
    ['null', { amount: null, currency: 'EUR' }],
    ['a text', { amount: '10', currency: 'EUR' }],
    ['a boolean', { amount: true, currency: 'EUR' }],
    ['an object', { amount: { value: 10 }, currency: 'EUR' }],
    ['an empty array', { amount: [], currency: 'EUR' }],
    ['too precise', { amount: 10.00001, currency: 'EUR' }],
    ['beyond 2^53', { amount: -1e300, currency: 'EUR' }],
    ['infinite', { amount: -Infinity, currency: 'EUR' }],
  ])('an amount that is %s is within no limit', (_name, args) => {
    expect(outcome('refund', args)).toBe('deny');
  });
  test('true is not the only thing that reads true, but 1 and yes do not', () => {
    expect(outcome('close', { confirm: true })).toBe('require_approval');
    for (const confirm of [false, 1, 'yes', 'True', null]) expect(outcome('close', { confirm })).toBe('deny');
  });
  test('look-alikes and other cases match nothing', () => {
    for (const to of [
      'ann@аcme.example',
      'ann@ACME.example',
      'ann@acme.example\u200b',
      'ann@acme．example',
      'ann＠acme.example',
    ]) {
      expect(outcome('send_email', { to })).toBe('require_approval');
    }
  });
  test.each([
    'evil@x.com,ann@acme.example',
    'evil@x.com ann@acme.example',
    'root, ann@acme.example',
    'root;ann@acme.example',
    'evil@x.com\n@acme.example',
    'a\r\nBcc: evil%x.com\r\n@acme.example',
    '"evil@x.com"@acme.example',
    '<evil>ann@acme.example',
  ])('one recipient cannot smuggle in another: %j', (to) => {
    expect(call(set, 'send_email', { to })).toMatchObject({
      outcome: 'require_approval',
      reasons: [{ path: 'arguments.to', detail: expect.stringContaining('must hold') }],
    });
  });
  test('a star does not climb out of a folder', () => {
    const files = load({
      yaml: `roles: { support: { tools: { read: { decision: allow, when: { path: '/data/*' } } } } }`,
    });
    const read = (path: string) => call(files, 'read', { path }).outcome;
    expect(read('/data/a/b.txt')).toBe('allow');
    for (const path of [
      '/data/../etc/passwd',
      '/data/%2e%2e/x',
      '/data/..\\x',
      '/data\\..\\x',
      '/database',
      '/data/a%2Fb',
    ]) {
      expect(read(path)).toBe('deny');
    }
  });
  test('a star in the host of a URL does not swallow the end of the host', () => {
    const web = load({
      yaml: `roles: { support: { tools: { get: { decision: allow, when: { url: 'https://*.acme.example/*' } } } } }`,
    });
    const get = (url: string) => call(web, 'get', { url }).outcome;
    expect(get('https://api.acme.example/x')).toBe('allow');
    for (const start of [
      'https://evil.com/',
      'https://evil.com?',
      'https://evil.com#',
      'https://evil.com\\',
      'https://u@',
    ]) {
      expect(get(`${start}.acme.example/x`)).toBe('deny');
    }
  });
  test('a very long value is cut in the reason, not in the judgement', () => {
    const long = `${'a'.repeat(500_000)}@acme.example`;
    expect(outcome('send_email', { to: long })).toBe('allow');
    const { reasons } = call(set, 'send_email', { to: `${long}.evil.com` });
    expect(reasons[0]?.value?.length).toBeLessThanOrEqual(121);
  });
  test('invisible characters are shown in the reason', () => {
    expect(call(set, 'send_email', { to: 'a\u202eb@evil.com' }).reasons[0]?.value).toBe('a⟨U+202E⟩b@evil.com');
  });
});

describe('what stands in the file', () => {
  test('compiles to text that Cedar reads and people can', () => {
    const small = load({
      yaml: `roles: { support: { tools: { refund: { decision: allow, when: { amount: { max: 50 } }, otherwise: ask } } } }`,
    });
    expect(small.describe().sources[0]?.text).toMatchInlineSnapshot(`
      "@id("support/refund")
      @place("permissions.yaml#support/refund")
      permit (
        principal in Sallyport::Role::"support",
        action == Sallyport::Action::"tool_call",
        resource == Sallyport::Tool::"refund"
      )
      when {
        context.numbers.hasTag("amount") &&
        context.numbers.getTag("amount").lessThanOrEqual(decimal("50.0"))
      };

      @id("support/refund (otherwise)")
      @place("permissions.yaml#support/refund")
      permit (
        principal in Sallyport::Role::"support",
        action == Sallyport::Action::"tool_call",
        resource == Sallyport::Tool::"refund"
      )
      when {
        context.approved
      };
      "
    `);
  });
  test.each([
    ['a quote', 'x" || true || "'],
    ['a backslash at the end', 'x\\\\'],
    ['the end of a policy', '"); permit(principal, action, resource); //'],
    ['a comment', '// x'],
    ['an escape', 'x\\\\u{22}'],
    ['a star that is none', 'x\\*y'],
  ])('a name with %s is that name and nothing else', (_name, name) => {
    const odd = load({ yaml: JSON.stringify({ roles: { support: { tools: { [name]: 'allow' } } } }) });
    const real = name.replaceAll(/\\([\\*])/g, '$1');
    expect(odd.describe().sources[0]?.rules).toBe(1);
    expect(call(odd, real).outcome).toBe('allow');
    for (const other of ['x', 'y', `${real}x`, '', 'xzy']) expect(call(odd, other).outcome).toBe('deny');
  });
  test.each(['"', '\\\\', '\n', '"; permit(principal,action,resource); //', '\\*', '\u0000'])(
    'an argument pattern with %j is that pattern and nothing else',
    (piece) => {
      const cell = { decision: 'allow', when: { [`k${piece}`]: `a${piece}*` } };
      const odd = load({ yaml: JSON.stringify({ roles: { support: { tools: { t: cell } } } }) });
      const real = piece.replaceAll(/\\([\\*])/g, '$1');
      const key = `k${piece}`;
      expect(odd.describe().sources[0]?.rules).toBe(1);
      // A line break in a value never passes a star.
      expect(call(odd, 't', { [key]: `a${real}z` }).outcome).toBe(real.includes('\n') ? 'deny' : 'allow');
      expect(call(odd, 't', { [key]: 'az' }).outcome).toBe('deny');
      expect(call(odd, 't', { k: `a${real}z` }).outcome).toBe('deny');
    },
  );
  test('a literal star in a name is no wildcard', () => {
    expect(outcome('lit*eral')).toBe('allow');
    expect(outcome('literal')).toBe('deny');
    expect(outcome('lit-x-eral')).toBe('deny');
  });
});

describe('refusals', () => {
  const tools = (text: string) => problems({ yaml: `roles:\n  support:\n    tools:\n      ${text}\n` });
  test.each([
    [
      'x: alow',
      'permissions.yaml:4:10 roles.support.tools.x: must be allow, ask, deny or { decision, when, otherwise, approvers }',
    ],
    [
      'x: { decision: allow, wen: { a: b } }',
      'permissions.yaml:4:29 roles.support.tools.x: unknown key "wen": did you mean "when"?',
    ],
    [
      'x: { decision: allow, when: { a: { maxx: 1 } } }',
      'permissions.yaml:4:42 roles.support.tools.x.when.a: unknown key "maxx": did you mean "max"?',
    ],
    [
      'x: { decision: ask, when: { a: b }, otherwise: allow }',
      'permissions.yaml:4:10 support.tools.x: `otherwise` must be stricter than `decision`: describe what is fine, not what is wrong',
    ],
    [
      'x: { decision: deny, when: { a: b } }',
      'permissions.yaml:4:10 support.tools.x: `otherwise` must be stricter than `decision`: describe what is fine, not what is wrong',
    ],
    ['x: { decision: allow, when: {} }', 'permissions.yaml:4:35 support.tools.x: `when` names no argument'],
    ['x: { decision: allow, otherwise: ask }', 'permissions.yaml:4:40 support.tools.x: `otherwise` needs a `when`'],
    [
      'x: { decision: allow, when: { a: { max: 0.00001 } } }',
      'permissions.yaml:4:40 support.tools.x: a: min and max must have at most 4 decimals and lie within ±922337203685477',
    ],
    [
      "x: { decision: allow, when: { a: 'https://api.acme.example*' } }",
      'permissions.yaml:4:40 support.tools.x: a: also matches other hosts: write https://api.acme.example/*',
    ],
    ["'a\\b': allow", 'permissions.yaml:4:14 support.tools.a\\b: a backslash must be followed by * or \\'],
    ['__proto__: deny', 'permissions.yaml:4:7 the key __proto__ is not allowed'],
  ])('%s', (text, message) => {
    expect(tools(text)).toEqual([message]);
  });
  test.each(['x\ny', 'x\u2028y', 'x\u202ey', 'x\u0000'])('a name that does not show what it is: %j', (name) => {
    const found = problems({ yaml: JSON.stringify({ roles: { support: { tools: { [name]: 'allow' } } } }) });
    expect(found.join()).toContain('characters that do not show');
  });
  test('a key that stands twice, and a file that is no map', () => {
    expect(tools('x: allow\n      x: deny')[0]).toMatch(/^permissions.yaml:5:7 .*unique/);
    expect(problems({ yaml: '' })[0]).toMatch(/^permissions.yaml:1:1 /);
    expect(problems({ yaml: '- a' })[0]).toMatch(/^permissions.yaml:1:1 /);
    expect(problems({ yaml: 'roles:\n  a: [' })[0]).toMatch(/^permissions.yaml:2:\d+ /);
  });
  test('all problems are reported at once, each with its place', () => {
    expect(tools('x: alow\n      y: dny')).toHaveLength(2);
  });
  test('a host pattern that strangers can register under is refused', () => {
    const hosts = (name: string) => problems({ yaml: `roles: { s: { hosts: { '${name}': allow } } }` });
    for (const name of ['*acme.example', 'api.*', 'https://x', 'X.example', 'x:443', 'a/b'])
      expect(hosts(name)).toHaveLength(1);
    expect(hosts('*.acme.example')).toEqual([]);
  });
});
