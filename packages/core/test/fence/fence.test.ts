import { describe, expect, it, test } from 'vitest';
import {
  AnswerStopped,
  manifestSchema,
  type JsonObject,
  type ManifestInput,
  type ModelResponse,
} from '../../src/index.ts';
import { called, chatRequest } from '../guards/requests.ts';
import { fenceGuards } from '../../src/guards/fence.ts';
import { fenceSchema } from '../../src/config/content/fence.ts';
import { MemoryIndex } from './memory-index.ts';
import { session as aSession, toolCall } from '../fixtures.ts';

const crm: ManifestInput['results'] = {
  format: 'records',
  owner: 'customers.*.customer_id',
  identifiers: ['customers.*.account_no'],
};
const bob = {
  customer_id: 'C-2002',
  email: 'Bob.Stone@Example.com',
  phone: '+44 20 7946 0958',
  account_no: 'AZ-77 41/8',
  note: 'Prefers mail. IBAN DE89 3704 0044 0532 0130 00.',
};
const listing = JSON.stringify({ customers: [{ customer_id: 'C-1001', email: 'ann@example.com' }, bob] });
const says = (text: string): ModelResponse => ({
  kind: 'model_response',
  id: 'r-1',
  at: 0,
  model: { provider: 'a', name: 'b' },
  text,
  calls: 0,
});

function fence(config: object = {}, results: ManifestInput['results'] = crm, user = 'C-1001') {
  const index = new MemoryIndex();
  const manifest = manifestSchema.parse({ results });
  const { learns, withholds } = fenceGuards(fenceSchema.parse({ answers: 'mask', ...config }), {
    index,
    manifestOf: () => manifest,
  });
  const context = (change: object = {}) => ({
    session: aSession({ user: { id: user, roles: [] }, ...change }),
    now: 0,
  });
  const read = (messages: readonly JsonObject[], change = {}): void => {
    expect(learns.check(chatRequest(messages), context(change))).toEqual({ outcome: 'allow' });
  };
  const answer = (text: string, change = {}) => {
    const verdict = withholds.check(says(text), context(change));
    if (verdict instanceof Promise) throw new Error('unreachable');
    return verdict;
  };
  const out = (text: string, change = {}): string => {
    const verdict = answer(text, change);
    return verdict.outcome === 'transform'
      ? (verdict.event as ModelResponse).text
      : verdict.outcome === 'deny'
        ? 'denied'
        : text;
  };
  const call = (args: JsonObject, change = {}) => withholds.check(toolCall(args), context(change));
  const stream = (pieces: readonly string[]): string => {
    const opened = withholds.stream?.(context());
    if (!opened) throw new Error('unreachable');
    return pieces.map((piece) => opened.push(piece)).join('') + opened.end();
  };
  return { read, answer, out, call, stream, index };
}

const started = (config: object = {}, messages: readonly JsonObject[] = called('crm', listing)) => {
  const all = fence(config);
  all.read([{ role: 'user', content: 'How is my account?' }, ...messages]);
  return all;
};

describe("another customer's identifier does not go out, however it is written", () => {
  test.each([
    ['as in the record', 'Write to Bob.Stone@Example.com.'],
    ['in capitals', 'Write to BOB.STONE@EXAMPLE.COM now'],
    ['in a link', '[mail](mailto:bob.stone@example.com)'],
    ['without the space after it', 'It is bob.stone@example.com.Then he left'],
    ['behind other words', 'see to_bob.stone@example.com_'],
    ['against harvesters', 'Write to bob.stone (at) example (dot) com please'],
    ['with characters that show nothing', 'Write to bob.st\u200bone@exa\u00admple.com'],
    ['in full-width letters', 'Write to ｂｏｂ.ｓｔｏｎｅ@example.com'],
    ['a phone number by groups', 'Call 020 7946 0958 today'],
    ['a phone number with the country', 'Call +442079460958 today'],
    ['a phone number with 00', 'Call 0044 20 7946 0958 today'],
    ['a phone number with the trunk zero', 'Call +44 (0)20 7946-0958 today'],
    ['an IBAN in one piece', 'From de89370400440532013000 it came'],
    ['an IBAN in groups', 'From DE89 3704 0044 0532 0130 00 it came'],
    ['a declared account number', 'Account az77418 is open'],
    ["the owner's id", 'That is customer C-2002, not you'],
    ['percent-encoded', 'https://x.example/?q=bob.stone%40example.com'],
    ['percent-encoded in full', 'https://x.example/?q=%62%6f%62.stone%40example.com'],
    ['with character references', 'mail bob.stone&#64;example&period;com now'],
    ['with escapes of JSON', '{"to":"bob.stone\\u0040example.com"}'],
    ['with escapes of Markdown', 'bob.stone@example\\.com'],
    ['in base64', `Ref ${btoa('mail bob.stone@example.com')} ok`],
    ['an id in base64', `Ref ${btoa('AZ-77 41/8')} ok`],
  ])('%s', (_, text) => {
    const { out, answer } = started();
    expect(out(text)).toMatch(/\[(?:EMAIL|PHONE|IBAN|ID|\w+) of another owner withheld\]/);
    expect(out(text)).not.toBe(text);
    const verdict = answer(text);
    expect(verdict).toMatchObject({ outcome: 'transform', reasons: [{ code: 'other_owner', path: 'text' }] });
    if (verdict.outcome !== 'transform') throw new Error('unreachable');
    // The reason names type and count, never the value.
    expect(JSON.stringify(verdict.reasons)).not.toMatch(/stone|7946|0532|77418|2002/i);
  });

  it('blocks the answer by default, because the rest of such an answer is about that customer too', () => {
    const { out, stream } = started({ answers: fenceSchema.parse({}).answers });
    expect(out('Bob owes 300 (bob.stone@example.com).')).toBe('denied');
    expect(() => stream(['Bob owes 300 (bob.st', 'one@example.com). ', 'And so on.'])).toThrow(AnswerStopped);
  });
});

describe('what is no leak passes as it is', () => {
  test.each([
    ["the user's own", 'Your address is ann@example.com, customer C-1001.'],
    ['nobody’s', 'Our hotline is +1 415 555 2671, order 2026-11-21 for 1,204.50 EUR'],
    ['prose', 'Bob Stone is a name, and so is Stone Bob; 42 things at 10:30.'],
  ])('%s', (_, text) => {
    expect(started().out(text)).toBe(text);
  });

  it('what the user wrote before any tool returned it', () => {
    const all = fence();
    const text = 'I wrote to bob.stone@example.com as you asked.';
    all.read([{ role: 'user', content: 'Write to bob.stone@example.com' }, ...called('crm', listing)]);
    expect(all.out(text)).toBe(text);
    expect(all.out('His account is AZ-77418')).toContain('withheld');
  });

  it('what stands in the system prompt', () => {
    const all = fence();
    all.read([{ role: 'system', content: 'Our office: bob.stone@example.com' }, ...called('crm', listing)]);
    expect(all.out('Ask bob.stone@example.com')).toBe('Ask bob.stone@example.com');
  });

  it('but not what an agent hands in as the words of the user after a tool returned it', () => {
    const all = started();
    all.read([
      { role: 'user', content: 'How is my account?' },
      ...called('crm', listing),
      { role: 'user', content: 'Summary so far: bob.stone@example.com was found' },
    ]);
    expect(all.out('It is bob.stone@example.com')).toContain('withheld');
    // Also where it then leaves the result out of its history.
    all.read([{ role: 'user', content: 'Summary so far: bob.stone@example.com was found' }]);
    expect(all.out('It is bob.stone@example.com')).toContain('withheld');
  });

  it('what as many owners have as make it shared, what the operator lists, and roles that act for many', () => {
    const hotline = (id: string) => ({ customer_id: id, phone: '+44 20 7946 0000', mail: 'desk@shop.example' });
    const many = { customers: [hotline('C-1'), hotline('C-2'), hotline('C-3')] };
    const two = { customers: [hotline('C-1'), hotline('C-2')] };
    const call = 'Call +44 20 7946 0000';
    expect(started({}, called('crm', JSON.stringify(many))).out(call)).toBe(call);
    expect(started({}, called('crm', JSON.stringify(two))).out(call)).not.toBe(call);
    const listed = started({ shared: ['+44 20 7946 0000', '*@shop.example'] }, called('crm', JSON.stringify(two)));
    expect(listed.out(`${call} or desk@shop.example`)).toBe(`${call} or desk@shop.example`);
    const staff = started({ exemptRoles: ['staff'] });
    const user = { id: 'eve', roles: ['staff'] };
    expect(staff.out('bob.stone@example.com', { user })).toBe('bob.stone@example.com');
    expect(staff.out('bob.stone@example.com', { user: { id: 'eve', roles: [] } })).toContain('withheld');
  });

  it('ids that the operator derives from the session', () => {
    const all = fence({ ownerIds: ['C-{user}', '{role:customer:}'] }, crm, '2002');
    all.read(called('crm', listing));
    expect(all.out('bob.stone@example.com')).toBe('bob.stone@example.com');
    const user = { id: 'x', roles: ['customer:C-2002', 'customer:'] };
    expect(all.out('bob.stone@example.com', { user })).toBe('bob.stone@example.com');
    expect(all.out('ann@example.com', { user })).toContain('withheld');
  });
});

describe('calls', () => {
  it('an argument, a name in it and a number are looked at, and the call is denied', () => {
    const { call } = started();
    for (const args of [
      { to: 'bob.stone@example.com' },
      { to: [{ address: 'bob.stone@example.com' }] },
      { shares: { 'bob.stone@example.com': 'editor' } },
      { phone: 2079460958 },
    ]) {
      expect(call(args)).toMatchObject({ outcome: 'deny', reasons: [{ code: 'other_owner', rule: 'guards.fence' }] });
    }
    expect(call({ to: 'ann@example.com', n: 3, ok: true, none: null })).toEqual({ outcome: 'allow' });
  });

  it('masked where the operator says so', () => {
    const verdict = started({ calls: 'mask' }).call({ to: ['x', 'bob.stone@example.com'] });
    expect(verdict).toMatchObject({
      outcome: 'transform',
      event: { arguments: { to: ['x', '[EMAIL of another owner withheld]'] } },
      reasons: [{ path: 'arguments.to[1]' }],
    });
  });
});

describe('owners are read as the manifest says', () => {
  const bobs = 'bob.stone@example.com';
  const withheldFrom = (results: ManifestInput['results'], content: string, user = 'C-1001') => {
    const all = fence({}, results, user);
    all.read(called('crm', content));
    return all.out(bobs) !== bobs;
  };

  it('from JSON, JSON lines, CSV and YAML, in lists and maps', () => {
    const row = { id: 'C-2002', email: bobs };
    const top = { format: 'records', owner: 'id' } as const;
    expect(withheldFrom(top, JSON.stringify([row]))).toBe(true);
    expect(withheldFrom(top, JSON.stringify(row))).toBe(true);
    expect(withheldFrom(top, `${JSON.stringify(row)}\n${JSON.stringify({ id: 'C-3' })}\n`)).toBe(true);
    expect(withheldFrom(top, `id,email\nC-1001,ann@example.com\nC-2002,"${bobs}"\n`)).toBe(true);
    expect(withheldFrom(top, `- id: C-2002\n  email: ${bobs}\n`)).toBe(true);
    expect(withheldFrom({ format: 'records', owner: 'by.*.id' }, JSON.stringify({ by: { x: row } }))).toBe(true);
    expect(
      withheldFrom(
        { format: 'records', owner: 'by.*.who.id' },
        JSON.stringify({ by: [{ who: { id: 'C-2002' }, email: bobs }] }),
      ),
    ).toBe(true);
  });

  it('everything that the tool returns is the user’s own with owner: user, and then another’s to others', () => {
    const all = fence({}, { owner: 'user' }, 'bob');
    all.read(called('me', `I am ${bobs}`));
    expect(all.out(bobs)).toBe(bobs);
    expect(all.out(bobs, { user: { id: 'eve', roles: [] } })).toContain('withheld');
  });

  it('a record within a record is its own owner’s', () => {
    const nested = { id: 'C-1001', email: 'ann@example.com', family: [{ id: 'C-2002', email: bobs }] };
    const all = fence({}, { format: 'records', owner: 'id' });
    all.read(called('crm', JSON.stringify(nested)));
    expect(all.out(bobs)).toBe(bobs);
    const both = fence({}, { format: 'records', owner: '*.id' });
    both.read(called('crm', JSON.stringify([nested.family[0], { id: 'C-1001', email: 'ann@example.com' }])));
    expect(both.out(bobs)).not.toBe(bobs);
  });

  it('who reads a record does not become its owner', () => {
    const all = started();
    for (let turn = 0; turn < 3; turn++) all.read(called('crm', listing));
    expect(all.out(bobs)).toContain('withheld');
  });

  it('nothing is learned from tools of which nobody said whose their results are', () => {
    const all = fence({}, {});
    all.read(called('crm', listing));
    expect(all.index.isEmpty()).toBe(true);
  });
});

describe('a stream', () => {
  const text =
    'Dear Ann, your file says: ann@example.com.\nThe other one, bob.stone@example.com, calls from 020 7946 0958 or +44 20 7946 0958 ' +
    'and pays from DE89 3704 0044 0532 0130 00 into AZ-77 41/8. Bob.st\u200bone (at) example.com too, 𝟎𝟐𝟎 7946 0958.\r\n' +
    `Ref ${btoa('mail bob.stone@example.com')} and https://x.example/?q=bob.stone%40example.com end`;

  it('comes out as the whole, at every cut', () => {
    const { out, stream } = started();
    const whole = out(text);
    expect(whole).not.toMatch(/stone|7946 0958|0532|41\/8/i);
    for (let cut = 0; cut <= text.length; cut++) expect(stream([text.slice(0, cut), text.slice(cut)])).toBe(whole);
    for (const size of [1, 2, 3, 5, 7, 11]) {
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
        text.slice(at * size, (at + 1) * size),
      );
      expect(stream(pieces)).toBe(whole);
    }
  });

  it('goes on word by word: prose is held for no more than the word that comes', () => {
    const all = started();
    const prose = 'This is an answer of many words about nothing in particular, and it goes on for a while';
    const out = fenceGuards(fenceSchema.parse({ answers: 'mask' }), {
      index: all.index,
      manifestOf: () => manifestSchema.parse({}),
    }).withholds.stream?.({ session: aSession(), now: 0 });
    let sent = 0;
    let most = 0;
    for (let at = 0; at < prose.length; at++) {
      sent += out?.push(prose.charAt(at)).length ?? 0;
      most = Math.max(most, at + 1 - sent);
    }
    expect(most).toBeLessThan(30);
  });
});
