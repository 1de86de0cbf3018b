import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type {
  ApprovalDetail,
  ApprovalRecord,
  CellValue,
  JsonObject,
  ManifestInput,
  PolicySource,
  Reason,
  Session,
} from '@sallyport/core';
import { loadPolicySet, manifestSchema, parseConfig, permissionsSchema, zeroCounters } from '@sallyport/core';
import { draftRule } from '../../src/approvals/index.ts';

const session: Session = {
  id: 's-1',
  tenant: 'default',
  agent: { id: 'a-1', name: 'support', roles: ['support'] },
  user: { id: 'ann', roles: [] },
  purpose: 'tickets',
  openedAt: 0,
  expiresAt: 1,
  state: 'open',
  counters: zeroCounters,
};

const policiesOf = (permissions: string, cedar: readonly PolicySource[] = []) =>
  loadPolicySet(
    { permissions: { name: 'permissions.yaml', text: permissions }, cedar },
    { sha256: (text) => createHash('sha256').update(text).digest('hex') },
  );
type Policies = ReturnType<typeof policiesOf>;

const question = (values: JsonObject, tool = 'pay') =>
  ({
    principal: { id: session.agent.id, tenant: session.tenant, roles: session.agent.roles },
    action: 'tool_call',
    resource: tool,
    arguments: values,
    user: session.user,
    session: session.counters,
    now: 1_800_000_000_000,
  }) as const;
const outcome = (policies: Policies, values: JsonObject, tool?: string) =>
  policies.authorize(question(values, tool)).outcome;

const toolsOf = (permissions: string): Record<string, CellValue> =>
  permissionsSchema.parse(parse(permissions)).roles['support']?.tools ?? {};

function draft(
  values: JsonObject,
  reasons: readonly Reason[],
  change: {
    permissions?: string;
    policies?: Policies;
    detail?: Partial<ApprovalDetail>;
    manifest?: ManifestInput;
  } = {},
) {
  const { permissions = 'roles: {support: {}}', policies = policiesOf(permissions), detail = {} } = change;
  return draftRule({
    approval: { id: 'p-1', tool: 'pay' } as ApprovalRecord,
    detail: { arguments: values, provenance: [], excerpts: [], requests: [], reasons, ...detail },
    session,
    now: 1_800_000_000_000,
    policies,
    roles: { support: { tools: toolsOf(permissions) } },
    manifestOf: () => manifestSchema.parse(change.manifest ?? {}),
  });
}

describe('what a policy held', () => {
  test.each([
    ['a cell that asks', 'roles: {support: {tools: {pay: ask}}}', { to: 'bob', amount: 5 }],
    ['a pattern of names', 'roles: {support: {tools: {"p*": ask}}}', { to: 'bob', amount: 5 }],
    ['values in a list', 'roles: {support: {tools: {pay: ask}}}', { to: ['bob', 'cem'], urgent: true }],
    ['a value with a star', 'roles: {support: {tools: {pay: ask}}}', { to: '*@bank.example', note: 'a\\*b' }],
    ['a key with a dot', 'roles: {support: {tools: {pay: ask}}}', { 'to.address': { 'a~b': 'bob' } }],
    ['more people', 'roles: {support: {tools: {pay: {decision: ask, approvers: 2}}}}', { to: 'bob' }],
    [
      'a value beside those that are fine',
      'roles: {support: {tools: {pay: {decision: allow, when: {to: {in: [ann]}, amount: {max: 9}}, otherwise: ask}}}}',
      { to: 'bob', amount: 5 },
    ],
  ])('by %s is lifted by a cell, for these values alone', (_, permissions, values) => {
    const before = policiesOf(permissions);
    const { outcome: held, reasons } = before.authorize(question(values));
    expect(held).toBe('require_approval');
    const { file, text, explanation } = draft(values, reasons, { permissions });
    expect(file).toBe('permissions.yaml');
    expect(explanation).toContain('support');
    const after = policiesOf(text);
    expect(outcome(after, values)).toBe('allow');
    const [first = ''] = Object.keys(values);
    expect(outcome(after, { ...values, [first]: 'eve' })).not.toBe('allow');
    expect(outcome(after, { ...values, [first]: null })).not.toBe('allow');
  });

  test('by a cell that keeps an argument to the user is lifted for this user alone', () => {
    const permissions =
      'roles: {support: {tools: {pay: {decision: allow, when: {customer: {user: {claim: customer}}}, otherwise: ask}}}}';
    const values = { customer: 'C-2', amount: 5 };
    const { file, text, explanation } = draft(values, policiesOf(permissions).authorize(question(values)).reasons, {
      permissions,
    });
    expect(explanation).toContain('for ann alone');
    const after = policiesOf(permissions, [{ name: file, text }]);
    expect(outcome(after, values)).toBe('allow');
    expect(outcome(after, { ...values, customer: 'C-3' })).toBe('require_approval');
    const eve = { id: 'eve', roles: [], claims: { customer: ['C-9'] } };
    expect(after.authorize({ ...question(values), user: eve }).outcome).toBe('require_approval');
  });

  test('keeps what the cell let pass before, and how many must approve the rest', () => {
    const permissions =
      'roles: {support: {tools: {pay: {decision: allow, when: {to: ann, amount: {max: 9}}, otherwise: ask, approvers: 3}}}}';
    const values = { to: 'bob', amount: 5 };
    const { text } = draft(values, policiesOf(permissions).authorize(question(values)).reasons, { permissions });
    const after = policiesOf(text);
    expect(outcome(after, { to: 'ann', amount: 9 })).toBe('allow');
    expect(outcome(after, { to: 'bob', amount: 10 })).toBe('require_approval');
    expect(after.authorize(question({ to: 'eve', amount: 1 })).reasons[0]?.approvers).toBe(3);
  });

  test.each([
    ['a pattern', 'roles: {support: {tools: {pay: {decision: allow, when: {to: "*@ok.example"}, otherwise: ask}}}}'],
    ['a range', 'roles: {support: {tools: {pay: {decision: allow, when: {amount: {max: 2}}, otherwise: ask}}}}'],
    ['an ask under conditions', 'roles: {support: {tools: {pay: {decision: ask, when: {to: "b*"}}}}}'],
  ])('by %s, which no cell can widen, is lifted by a permit', (_, permissions) => {
    const values = { to: 'bob"}; permit', amount: 5 };
    const { reasons } = policiesOf(permissions).authorize(question(values));
    const { file, text } = draft(values, reasons, { permissions });
    expect(file).toBe('approved-calls.cedar');
    const after = policiesOf(permissions, [{ name: file, text }]);
    expect(outcome(after, values)).toBe('allow');
    expect(outcome(after, { to: 'bx', amount: 6 })).not.toBe('allow');
    expect(outcome(after, values, 'pay_all')).toBe('deny');
  });

  test('by a forbid of Cedar is lifted by an exception in that very rule', () => {
    const permissions = 'roles: {support: {tools: {pay: allow}}}';
    const forbid = {
      name: 'pay.cedar',
      text: 'forbid (principal, action == Sallyport::Action::"tool_call", resource)\nwhen { context.args.hasTag("to") }\nunless { context.approved };\n',
    };
    const policies = policiesOf(permissions, [forbid]);
    const values = { to: 'bob', amount: 5 };
    const { outcome: held, reasons } = policies.authorize(question(values));
    expect(held).toBe('require_approval');
    const { file, text } = draft(values, reasons, { permissions, policies });
    expect(file).toBe('pay.cedar');
    const after = policiesOf(permissions, [{ name: file, text }]);
    expect(outcome(after, values)).toBe('allow');
    expect(outcome(after, { to: 'eve', amount: 5 })).toBe('require_approval');
    expect(outcome(after, { to: 'bob', amount: 6 })).toBe('require_approval');
  });
});

describe('what information flow held', () => {
  const configOf = (text: string) => parseConfig(text, { env: {}, readFile: () => '' });
  const origin = { source: 2, role: 'tool', tool: 'read_ticket', integrity: 'untrusted' } as const;
  const target = {
    path: 'arguments.to[0]',
    value: 'bob',
    role: 'target',
    integrity: 'untrusted',
    labels: [],
    origins: [{ ...origin, field: 'items[3].customer.email' }],
  } as const;
  const reason: Reason = {
    code: 'untrusted_target',
    rule: 'flow:targets',
    path: 'arguments.to[0]',
    source: { message: 2, role: 'tool', tool: 'read_ticket' },
  };

  test('by the field of a result is lifted by saying who can write that field; the tool stays what it was', () => {
    const manifest: ManifestInput = {
      effect: 'read',
      results: { fields: { 'items.*.id': 'trusted' }, labels: ['pii'] },
    };
    const { file, text, explanation } = draft({ to: ['bob'] }, [reason], {
      detail: { provenance: [target] },
      manifest,
    });
    expect(file).toBe('sallyport.yaml');
    expect(explanation).toContain('If strangers can, do not save it.');
    expect(configOf(text).tools['read_ticket']).toMatchObject({
      effect: 'read',
      results: {
        format: 'records',
        trust: 'untrusted',
        labels: ['pii'],
        fields: { 'items.*.id': 'trusted', 'items.*.customer.email': 'trusted' },
      },
    });
  });

  test.each([
    [
      'a result as a whole',
      reason,
      { ...target, origins: [origin] },
      { read_ticket: { results: { trust: 'trusted' } } },
    ],
    [
      'a value found nowhere',
      { ...reason, source: undefined },
      { ...target, origins: [] },
      { pay: { content: ['to.*'] } },
    ],
    ['a class of data', { ...reason, code: 'data_out_of_scope' }, target, { read_ticket: { results: { labels: [] } } }],
  ])('by %s is lifted by a manifest that parses', (_, held, provenance, tools) => {
    const { source, ...rest } = held as Reason;
    const { text } = draft({ to: ['bob'] }, [source ? { ...rest, source } : rest], {
      detail: { provenance: [provenance] },
      manifest: { results: { labels: ['pii'] } },
    });
    expect(configOf(text).tools).toMatchObject(tools);
  });

  test('by what the user did not ask for is lifted only by switching the rule off, and says so', () => {
    const { text, explanation } = draft({ to: 'bob' }, [{ code: 'unrequested_action', rule: 'flow:intent' }]);
    expect(configOf(text).flow.rules).toEqual({ intent: false });
    expect(explanation).toContain('for every tool and every agent');
  });

  test('names what else holds the call', () => {
    const also: Reason = { code: 'approval_required', rule: 'pay.cedar:1' };
    const { explanation } = draft({ to: ['bob'] }, [reason, also], { detail: { provenance: [target] } });
    expect(explanation).toContain('also held by pay.cedar:1');
  });
});
