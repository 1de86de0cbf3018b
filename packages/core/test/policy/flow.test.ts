import { afterEach, describe, expect, test } from 'vitest';
import type { ArgumentProvenance } from '../../src/flow/provenance.ts';
import type { Integrity } from '../../src/flow/labels.ts';
import type { Json, JsonObject } from '../../src/events.ts';
import type { RequestFlow } from '../../src/policy/policy.ts';
import type { z } from 'zod';
import { flowOfGiven, givenFlowSchema } from '../../src/policy/given-flow.ts';
import { call, disagreements, load, request } from './ask.ts';

afterEach(() => expect(disagreements.splice(0)).toEqual([]));

type Given = z.input<typeof givenFlowSchema>;

const allowAll = 'permit(principal, action, resource);';
const onCall = (tool: string) =>
  `principal, action == Sallyport::Action::"tool_call", resource == Sallyport::Tool::"${tool}"`;

/** Asks with the flow written as a person would; `null`: the call was not traced. */
function asker(cedar: string) {
  const set = load({ cedar: `${allowAll}\n${cedar}` });
  return (tool: string, args: JsonObject, given: Given | null = {}) => {
    const flow = given === null ? undefined : flowOfGiven(args, givenFlowSchema.parse(given)).flow;
    return call(set, tool, args, flow === undefined ? {} : { flow });
  };
}

const record = (
  path: string,
  integrity: Integrity,
  role: ArgumentProvenance['role'] = 'target',
): ArgumentProvenance => ({
  path,
  value: 'x',
  role,
  integrity,
  labels: [],
  origins: [],
});
const traced = (...provenance: ArgumentProvenance[]): RequestFlow => ({
  tainted: true,
  labels: [],
  provenance,
  trajectory: { called: {}, denied: {}, held: {}, read: [] },
});

describe("a payee must be the user's, or a person is asked", () => {
  const ask = asker(`forbid (${onCall('pay')})
    unless { context.approved || (context.integrity.hasTag("payee") && context.integrity.getTag("payee") >= 4) };`);
  const pay = (payee: Json, given?: Given | null) => ask('pay', { payee, amount: 5 }, given).outcome;

  test.each([
    ['operator', 'allow'],
    ['user', 'allow'],
    ['trusted', 'require_approval'],
    ['named', 'require_approval'],
    ['derived', 'require_approval'],
    ['untrusted', 'require_approval'],
  ] as const)('of integrity %s: %s', (payee, outcome) => {
    expect(pay('DE02', { provenance: { payee } })).toBe(outcome);
  });
  test('one payee of several that is not is enough to ask, wherever it stands', () => {
    expect(pay(['DE02', 'DE03'], { provenance: { payee: 'user' } })).toBe('allow');
    expect(pay(['DE02', 'DE03'], { provenance: { payee: 'user', 'payee[1]': 'untrusted' } })).toBe('require_approval');
    expect(pay({ name: 'Ann', iban: ['DE03'] }, { provenance: { payee: 'user', 'payee.iban': 'derived' } })).toBe(
      'require_approval',
    );
  });
  test('one that is missing, empty or of unknown origin asks as well', () => {
    for (const payee of [null, [], {}]) expect(pay(payee)).toBe('require_approval');
    expect(pay('DE02')).toBe('require_approval');
    expect(pay('DE02', null)).toBe('require_approval');
    expect(ask('pay', {}).outcome).toBe('require_approval');
  });
});

test('a page that the user named may choose what is read, never what is sent', () => {
  const ask = asker(`
    forbid (${onCall('read_page')})
    unless { context.provenance.hasTag("url") && ["named", "trusted", "user", "operator"].contains(context.provenance.getTag("url")) };
    forbid (${onCall('send_email')})
    unless {
      context.provenance.hasTag("to") && ["user", "operator"].contains(context.provenance.getTag("to")) &&
      context.integrity.hasTag("body#link") && context.integrity.getTag("body#link") >= 3
    };`);
  const read = (url: Integrity) => ask('read_page', { url: 'https://a.example/2' }, { provenance: { url } }).outcome;
  expect([read('named'), read('untrusted'), read('derived')]).toEqual(['allow', 'deny', 'deny']);
  const send = (provenance: Record<string, Integrity>) =>
    ask('send_email', { to: 'a@b.c', body: 'see https://x.example' }, { provenance }).outcome;
  expect(send({ to: 'user', body: 'untrusted' })).toBe('allow');
  expect(send({ to: 'user', body: 'untrusted', 'body#link': 'trusted' })).toBe('allow');
  expect(send({ to: 'user', body: 'user', 'body#link': 'named' })).toBe('deny');
  expect(send({ to: 'named', body: 'user' })).toBe('deny');
});

test('health data goes to the clinic only; what cannot be told is denied', () => {
  const ask = asker(`forbid (${onCall('send_email')}) when { context.labels.contains("phi") }
    unless { context.args.hasTag("to") && context.args.getTag("to") like "*@clinic.example" };`);
  const send = (to: string, given: Given | null) => ask('send_email', { to }, given);
  expect(send('a@clinic.example', { labels: ['phi'] }).outcome).toBe('allow');
  expect(send('a@evil.example', { labels: ['phi', 'pii'] }).outcome).toBe('deny');
  expect(send('a@evil.example', { labels: ['pii'] }).outcome).toBe('allow');
  expect(send('a@evil.example', null)).toMatchObject({
    outcome: 'deny',
    reasons: [{ code: 'guard_failed', rule: 'own.cedar:2', fix: expect.stringContaining('traced') }],
  });
});

test('nothing is sent after secrets were read', () => {
  const ask = asker(`forbid (${onCall('send_email')}) when { context.read.contains("read_secret") };`);
  expect(ask('send_email', {}, { read: ['read_ticket'] }).outcome).toBe('allow');
  expect(ask('send_email', {}, { read: ['read_ticket', 'read_secret'] }).outcome).toBe('deny');
  expect(ask('read_ticket', {}, { read: ['read_secret'] }).outcome).toBe('allow');
  expect(ask('send_email', {}, null).outcome).toBe('deny');
});

test('at most three refunds a session', () => {
  const ask = asker(`forbid (${onCall('refund')})
    when { context.called.hasTag("refund") && context.called.getTag("refund") >= 3 };`);
  const outcomes = [0, 2, 3, 4].map((refund) => ask('refund', {}, { called: { refund, other: 9 } }).outcome);
  expect(outcomes).toEqual(['allow', 'allow', 'deny', 'deny']);
  expect(ask('refund', {}).outcome).toBe('allow');
  expect(ask('refund', {}, null).outcome).toBe('deny');
});

test('after two denials of a tool a person is asked, whatever the tool', () => {
  const ask = asker(`forbid (principal, action == Sallyport::Action::"tool_call", resource)
    when { context.denied.hasTag(resource.name) && context.denied.getTag(resource.name) >= 2 } unless { context.approved };`);
  expect(ask('a', {}, { denied: { a: 1, b: 5 } }).outcome).toBe('allow');
  expect(ask('a', {}, { denied: { a: 2 } }).outcome).toBe('require_approval');
  expect(ask('__proto__', {}, { denied: { a: 2 } }).outcome).toBe('allow');
});

test('a call that was not traced counts as tainted', () => {
  const ask = asker(`forbid (${onCall('x')}) when { context.tainted };`);
  expect(ask('x', {}, { tainted: false }).outcome).toBe('allow');
  expect(ask('x', {}, { tainted: true }).outcome).toBe('deny');
  expect(ask('x', {}, null).outcome).toBe('deny');
});

describe('what a model can write cannot raise the integrity of an argument', () => {
  const set = load({
    cedar: `permit (${onCall('pay')}) when { context.provenance.hasTag("to") && context.provenance.getTag("to") == "user" };
      permit (${onCall('nested')}) when { context.integrity.hasTag("a.b") && context.integrity.getTag("a.b") >= 4 };
      permit (${onCall('links')}) when { context.integrity.hasTag("body#link") && context.integrity.getTag("body#link") >= 4 };`,
  });
  const outcome = (tool: string, args: JsonObject, flow: RequestFlow) => call(set, tool, args, { flow }).outcome;

  test('an argument without a record counts as untrusted, also beside others that have one', () => {
    expect(outcome('pay', { to: 'a' }, traced(record('arguments.to', 'user')))).toBe('allow');
    expect(outcome('pay', { to: ['a', 'b'] }, traced(record('arguments.to[0]', 'user')))).toBe('deny');
    expect(outcome('pay', { to: 'a' }, traced(record('arguments.other', 'user')))).toBe('deny');
    expect(outcome('pay', { to: 'a' }, traced(record('to', 'user')))).toBe('deny');
  });
  test('of two records of one place the lower counts', () => {
    const both = [record('arguments.to', 'user'), record('arguments.to', 'untrusted')];
    expect(outcome('pay', { to: 'a' }, traced(...both))).toBe('deny');
    expect(outcome('pay', { to: 'a' }, traced(...both.toReversed()))).toBe('deny');
  });
  test('a key with a dot or an index in it does not lend its origin to what reads the same', () => {
    const args = { 'a.b': 'mine', a: { b: 'evil' } };
    const records = [record('arguments.a.b', 'user'), record('arguments.a.b', 'untrusted')];
    expect(outcome('nested', args, traced(...records))).toBe('deny');
    expect(outcome('pay', { 'to[0]': 'mine', to: ['evil'] }, traced(record('arguments.to[0]', 'untrusted')))).toBe(
      'deny',
    );
  });
  test('a link has its own origin, and only of a text that was looked at', () => {
    const body = record('arguments.body', 'untrusted', 'content');
    const links = (...found: Integrity[]) => found.map((of) => record('arguments.body', of, 'link'));
    const send = (...records: ArgumentProvenance[]) => outcome('links', { body: 'x' }, traced(...records));
    expect(send(body)).toBe('allow');
    // A target is judged as a whole, and no links are looked for in it.
    expect(send(record('arguments.body', 'untrusted', 'target'))).toBe('deny');
    expect(send(record('arguments.body', 'user', 'target'))).toBe('allow');
    expect(send(record('arguments.body', 'user', 'target'), ...links('untrusted'))).toBe('deny');
    expect(send(record('arguments.body', 'untrusted', 'target'), ...links('user'))).toBe('deny');
    // Behind fifty good links nobody looked.
    expect(send(body, ...links(...Array<Integrity>(49).fill('user')))).toBe('allow');
    expect(send(body, ...links(...Array<Integrity>(50).fill('user')))).toBe('deny');
    expect(send(body, ...links('user', 'operator'))).toBe('allow');
    expect(send(body, ...links('user', 'untrusted'))).toBe('deny');
    expect(send()).toBe('deny');
    expect(send(...links('user'))).toBe('deny');
  });
  test('what lies too deep to be looked at counts as untrusted', () => {
    let to: Json = 'x';
    let path = 'arguments.to';
    for (let depth = 0; depth < 100; depth++) [to, path] = [[to], `${path}[0]`];
    expect(outcome('pay', { to }, traced(record(path, 'user')))).toBe('deny');
  });
  test('names that are long within long names are refused, not judged for seconds', () => {
    let to: Json = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`q${index}`, 'x']));
    for (let depth = 0; depth < 60; depth++) to = { ['k'.repeat(4000)]: to };
    expect(call(set, 'pay', { to }, { flow: traced() })).toMatchObject({
      outcome: 'deny',
      reasons: [{ code: 'arguments_too_large', path: 'arguments' }],
    });
    const wide = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`q${index}`, 'x']));
    let nested: Json = wide;
    for (let depth = 0; depth < 60; depth++) nested = { a: nested };
    expect(call(set, 'pay', { to: nested }, { flow: traced() }).outcome).toBe('deny');
  });
  test.each(['__proto__', 'constructor', 'toString'])('%s is a key like any other', (key) => {
    const own = load({ cedar: `permit (${onCall('t')}) when { context.integrity.hasTag("${key}") };` });
    const flow = traced();
    expect(call(own, 't', {}, { flow }).outcome).toBe('deny');
    expect(call(own, 't', JSON.parse(`{"${key}":"x"}`) as JsonObject, { flow }).outcome).toBe('allow');
  });
});

test('a tool whose name no policy can hold does not stop the session', () => {
  const set = load({
    cedar: `permit (${onCall('t')}) when { context.called.hasTag("t") && context.labels.isEmpty() };`,
  });
  const flow = {
    ...traced(),
    trajectory: { called: { t: 1, '\ud800': 2 }, denied: { '\udc00': 1 }, held: {}, read: ['\ud800'] },
  };
  expect(call(set, 't', { '\ud800': 'x' }, { flow }).outcome).toBe('allow');
});
test('a count that is no whole number denies by a fault', () => {
  const set = load({ cedar: `permit (${onCall('t')}) when { context.called.hasTag("t") };` });
  const flow = { ...traced(), trajectory: { called: { t: 2 ** 60 }, denied: {}, held: {}, read: [] } };
  expect(() => call(set, 't', {}, { flow })).toThrow('no whole number');
});
test('a rule on the session or on origins does not make every list among the arguments be judged one by one', () => {
  const set = load({
    cedar: `permit (${onCall('t')}) when { !context.called.hasTag(resource.name) && context.integrity.hasTag("list") };`,
  });
  const list = Array.from({ length: 3000 }, (_, index) => `v${index}`);
  expect(call(set, 't', { list, other: list }, { flow: traced() }).outcome).toBe('allow');
});
test('the flow is of tool calls only: a rule that asks for it elsewhere is refused', () => {
  expect(() =>
    load({
      cedar: 'permit(principal, action == Sallyport::Action::"model_request", resource) when { context.tainted };',
    }),
  ).toThrow();
  const set = load({ cedar: allowAll });
  expect(set.authorize(request({ action: 'model_request', resource: 'a/b' })).outcome).toBe('allow');
});
test('explain says how a rule about origins stood', () => {
  const set = load({
    cedar: `${allowAll}\nforbid (${onCall('pay')}) unless { context.provenance.hasTag("to") && context.provenance.getTag("to") == "user" };`,
  });
  const asked = (integrity: Integrity) =>
    set.explain(request({ resource: 'pay', arguments: { to: 'x' }, flow: traced(record('arguments.to', integrity)) }));
  expect(asked('user').rules.map(({ conditions }) => conditions)).toEqual(['met', 'unmet']);
  expect(asked('named').rules[0]).toMatchObject({ conditions: 'met', decided: true, rule: { place: 'own.cedar:2' } });
});
