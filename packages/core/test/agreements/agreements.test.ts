import { describe, expect, it, test } from 'vitest';
import { manifestSchema, parseConfig, type JsonObject, type ManifestInput } from '../../src/index.ts';
import { SessionLabels } from '../../src/agreements/labels.ts';
import { agreementsGuard } from '../../src/guards/agreements.ts';
import { called, chatRequest } from '../guards/requests.ts';
import { lackOf, needsOf, statusOf } from '../../src/agreements/agreements.ts';
import { session } from '../fixtures.ts';

const noon = (day: string) => Date.parse(`${day}T12:00:00Z`);

function guard(agreements: string, config = '', results: ManifestInput['results'] = {}, memory = new SessionLabels()) {
  const parsed = parseConfig(`providers: { a: { baseUrl: 'https://a.example/v1', ${agreements} } }\n${config}`, {
    env: {},
    readFile: () => '',
  });
  const manifestOf = () => manifestSchema.parse({ results });
  const judge = (quotes: boolean) =>
    agreementsGuard(parsed, quotes ? { labels: { memory, quotes } } : { manifestOf, labels: { memory, quotes } });
  return (messages: readonly JsonObject[], day = '2026-11-21', quotes = false) => {
    const verdict = judge(quotes).check(chatRequest(messages), { session: session(), now: noon(day) });
    if (verdict instanceof Promise) throw new Error('unreachable');
    return verdict;
  };
}

const user = (content: string): JsonObject[] => [{ role: 'user', content }];
const baa = 'agreements: { baa: { from: "2026-01-01", until: "2026-12-31" } }';
const phi: ManifestInput['results'] = { labels: ['phi'] };

describe('an agreement', () => {
  test.each([
    ['2025-12-31', 'not_yet', undefined],
    ['2026-01-01', 'valid', 364],
    ['2026-12-31', 'valid', 0],
    ['2027-01-01', 'expired', undefined],
  ])('on %s is %s', (day, state, daysLeft) => {
    const status = statusOf({ from: '2026-01-01', until: '2026-12-31' }, noon(day));
    expect([status.state, status.daysLeft]).toEqual([state, daysLeft]);
  });

  it('holds from its first to its last moment', () => {
    const one = { from: '2026-03-01', until: '2026-03-01' };
    const at = (time: string) => statusOf(one, Date.parse(time)).state;
    expect(at('2026-02-28T23:59:59.999Z')).toBe('not_yet');
    expect(at('2026-03-01T00:00:00.000Z')).toBe('valid');
    expect(at('2026-03-01T23:59:59.999Z')).toBe('valid');
    expect(at('2026-03-02T00:00:00.000Z')).toBe('expired');
    expect([statusOf(true, 0).state, statusOf(false, 0).state, statusOf(undefined, 0).state]).toEqual([
      'valid',
      'none',
      'none',
    ]);
  });

  test.each([
    ['a day that does not exist', 'agreements: { baa: { until: "2026-02-30" } }', /baa\.until/],
    [
      'an end before its beginning',
      'agreements: { baa: { from: "2026-02-02", until: "2026-02-01" } }',
      /lies before from/,
    ],
    ['an unknown kind', 'agreements: { bba: { until: "2026-02-02" } }', /did you mean baa/],
    ['one without an end', 'agreements: { baa: true }', /providers\.a\.agreements\.baa/],
  ])('that is %s is refused with the key', (_, written, message) => {
    expect(() => guard(written)).toThrow(message);
  });

  it('that nobody knows cannot be required', () => {
    expect(() => guard('', 'guards: { agreements: { require: { phi: [bba] } } }')).toThrow(/is dpa, baa/);
  });
});

describe('health data goes only to a provider with a valid business associate agreement', () => {
  it('by the label of the tool', () => {
    const check = guard('', '', phi);
    expect(check(called('records', 'all is well'))).toMatchObject({
      outcome: 'deny',
      reasons: [
        {
          code: 'provider_not_allowed',
          rule: 'guards.agreements',
          path: 'messages[1]',
          detail: 'phi: a has no baa',
          fix: expect.stringContaining('providers.a.agreements.baa'),
        },
      ],
    });
    expect(check(user('hello')).outcome).toBe('allow');
    const signed = guard(baa, '', phi);
    expect(signed(called('records', 'all is well')).outcome).toBe('allow');
    expect(signed(called('records', 'all is well'), '2027-01-01')).toMatchObject({
      reasons: [{ detail: 'phi: the baa of a ended on 2026-12-31' }],
    });
    expect(signed(called('records', 'all is well'), '2025-06-01')).toMatchObject({
      reasons: [{ detail: 'phi: the baa of a begins on 2026-01-01' }],
    });
  });

  it('by the label of a field, and not where the field was left out; unreadable results count as all fields', () => {
    const check = guard('', '', { format: 'records', fieldLabels: { 'visits.diagnosis': ['phi'] } });
    const outcome = (text: string) => check(called('records', text)).outcome;
    expect(outcome('{"visits":[{"diagnosis":"x"}]}')).toBe('deny');
    expect(outcome('{"visits":[{"day":1}]}')).toBe('allow');
    const marked = (text: string) =>
      `[untrusted data 0123456789abcdef0123 begins]\n${text}\n[untrusted data 0123456789abcdef0123 ends]`;
    expect(outcome(marked('{"visits":[{"diagnosis":"x"}]}'))).toBe('deny');
    expect(outcome(marked('{"visits":[{"day":1}]}'))).toBe('allow');
    expect(outcome('a diagnosis in prose')).toBe('deny');
  });

  it('by the number that stands in any text, whoever wrote it, also in the arguments of a call', () => {
    const check = guard('');
    const record = 'Medical record number: MRN 00482913';
    expect(check(user(record)).outcome).toBe('deny');
    expect(check([{ role: 'system', content: record }]).outcome).toBe('deny');
    const [call, result] = called('x', 'ok');
    const args = { id: 'c-1', type: 'function', function: { name: 'x', arguments: JSON.stringify({ note: record }) } };
    expect(check([{ ...call, tool_calls: [args] }, result as JsonObject]).outcome).toBe('deny');
    // A token in its place needs no agreement.
    expect(check(user('Medical record number: <MEDICAL_ID_1>')).outcome).toBe('allow');
  });
});

describe('what is required', () => {
  it('of secrets: nobody gets them unless the entry lists them', () => {
    const secret = ['postgres://app:', 'hunter2hunter2', '@db.internal/main'].join('');
    expect(guard('')(user(secret))).toMatchObject({
      outcome: 'deny',
      reasons: [{ detail: expect.stringMatching(/^secret: /) }],
    });
    expect(JSON.stringify(guard('')(user(secret)))).not.toContain('hunter2');
    expect(guard('agreements: { allows: [secret] }')(user(secret)).outcome).toBe('allow');
  });

  it('of personal data: nothing, until the operator says what', () => {
    const text = user('Write to ann@example.com');
    expect(guard('')(text).outcome).toBe('allow');
    const require = 'guards: { agreements: { require: { pii: [dpa, noTraining, "region:eu"] } } }';
    expect(guard('', require)(text)).toMatchObject({ reasons: [{ detail: 'pii: a has no dpa' }] });
    const all = 'agreements: { dpa: { until: "2030-01-01" }, noTraining: true, region: eu }';
    expect(guard(all, require)(text).outcome).toBe('allow');
    expect(guard(all.replace('eu', 'us'), require)(text)).toMatchObject({
      reasons: [{ detail: 'pii: it must stay in eu, and a is in us' }],
    });
    expect(guard(all.replace('true', 'false'), require)(text)).toMatchObject({
      reasons: [{ detail: 'pii: a has no noTraining' }],
    });
  });

  it('of labels of the operator, by name or pattern; what several patterns ask for is all required', () => {
    const require = { 'user:*': ['dpa'], 'user:minor': ['baa'], phi: [] };
    expect(needsOf('user:vip', require)).toEqual(['dpa']);
    expect(needsOf('user:minor', require)).toEqual(['dpa', 'baa']);
    expect(needsOf('phi', require)).toEqual([]);
    expect(needsOf('phi', {})).toEqual(['baa']);
    expect(needsOf('secret', require)).toEqual(['never']);
    expect(needsOf('tickets', require)).toEqual([]);
    expect(lackOf('user:vip', ['never'], 'a', undefined, 0)).toMatchObject({ why: expect.any(String) });
  });

  it('each label is told apart in the reasons', () => {
    const check = guard('', 'guards: { agreements: { require: { "user:*": [dpa] } } }', {
      labels: ['phi', 'user:vip', 'tickets'],
    });
    const verdict = check(called('crm', 'x'));
    if (verdict.outcome !== 'deny') throw new Error('it was let through');
    expect(verdict.reasons.map(({ detail }) => detail)).toEqual(['phi: a has no baa', 'user:vip: a has no dpa']);
  });
});

it('a second model is held to the labels of the session that it quotes', () => {
  const memory = new SessionLabels();
  const main = guard(baa, '', phi, memory);
  expect(main(called('records', 'all is well')).outcome).toBe('allow');
  const second = guard('', '', phi, memory);
  expect(second(user('Does this call serve the request?'), '2026-11-21', true)).toMatchObject({
    outcome: 'deny',
    reasons: [{ detail: 'phi: a has no baa' }],
  });
  expect(guard('', '', phi)(user('Does this call serve the request?'), '2026-11-21', true).outcome).toBe('allow');
});
