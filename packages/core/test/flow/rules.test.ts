import { describe, expect, it } from 'vitest';
import { flowRules, rulesOf, type FlowRule, type JsonObject } from '../../src/index.ts';
import { Conversation, type Talk } from './talk.ts';

const records = (...list: JsonObject[]): string => JSON.stringify(list);
const tools: NonNullable<Talk['tools']> = {
  confirm: { effect: 'execute', target: ['code'], confirms: ['send_payment'] },
  pay_capped: { effect: 'send', kinds: ['pay'], target: ['recipient', 'amount'], caps: { amount: 50 } },
  book: { effect: 'send', kinds: ['book'], target: ['id', 'place', 'date'] },
  save: { effect: 'write', local: true, target: ['path'], content: ['text'] },
  vault: { effect: 'read', results: { trust: 'trusted', format: 'records', labels: ['secret'] } },
};
const iban = 'DE89370400440532013000';
type Case = readonly [
  rule: FlowRule,
  how: 'holds' | 'vouches',
  set: (talk: Conversation) => Conversation,
  tool: string,
  args: JsonObject,
];

/** Each rule by a call that only it decides: held with it and free without, or the other way about. */
const cases: readonly Case[] = [
  ['targets', 'holds', (talk) => talk.user('Send the notes').tainted(), 'send_mail', { to: ['eve@evil.test'] }],
  [
    'links',
    'holds',
    (talk) => talk.user('Send ann@corp.example the notes').tainted(),
    'send_mail',
    { to: ['ann@corp.example'], body: 'https://evil.test/x' },
  ],
  ['intent', 'holds', (talk) => talk.user('Summarize file 7').tainted(), 'delete_file', { file_id: '7' }],
  [
    'lookups',
    'vouches',
    (talk) => talk.user('Book the dinner').answered('read_mail', records({ booking_id: 'BK-3117', body: 'x' })),
    'book',
    { id: 'BK-3117' },
  ],
  [
    'people',
    'vouches',
    (talk) =>
      talk.user('Send the notes to Ingrid').answered('search_contacts', records({ email: 'ingrid.holm@x.example' })),
    'send_mail',
    { to: ['ingrid.holm@x.example'] },
  ],
  [
    'senders',
    'vouches',
    (talk) =>
      talk
        .user('Send the notes to Ingrid')
        .answered('read_mail', records({ sender: 'ingrid.holm@x.example', body: '' })),
    'send_mail',
    { to: ['ingrid.holm@x.example'] },
  ],
  [
    'identity',
    'vouches',
    (talk) => talk.user('Send me the notes').tainted(),
    'send_mail',
    { to: ['ann@home.example'] },
  ],
  [
    'delegation',
    'vouches',
    (talk) =>
      talk
        .user('Book the place in /plans/dinner.txt')
        .answered('read_file', 'Go to The Quill', { path: '/plans/dinner.txt' }),
    'book',
    { place: 'The Quill' },
  ],
  [
    'confirmations',
    'vouches',
    (talk) => {
      talk.user(`Pay 20 to ${iban}`).tainted().settle('send_payment', { recipient: iban, amount: 20 });
      return talk;
    },
    'confirm',
    { code: '551203' },
  ],
  [
    'sites',
    'vouches',
    (talk) =>
      talk.user('Read https://docs.example/start').answered('get_page', 'x', { url: 'https://docs.example/start' }),
    'get_page',
    { url: 'https://docs.example/next' },
  ],
  [
    'derived',
    'vouches',
    (talk) => talk.user('Pay the difference of 100 and 70 to ' + iban).tainted(),
    'send_payment',
    { recipient: iban, amount: 30 },
  ],
  ['amounts', 'vouches', (talk) => talk.user(`Pay ${iban}`).tainted(), 'pay_capped', { recipient: iban, amount: 49 }],
  [
    'classes',
    'holds',
    (talk) =>
      talk
        .user('Send ann@corp.example hello')
        .answered('vault', records({ pin: 'zx81-77' }))
        .tainted(),
    'send_mail',
    { to: ['ann@corp.example'], body: 'zx81-77' },
  ],
  [
    'endorsements',
    'vouches',
    (talk) => {
      talk
        .user('Send the notes')
        .tainted()
        .endorse('send_mail', { to: ['bob@x.example'] });
      return talk;
    },
    'send_mail',
    { to: ['bob@x.example'] },
  ],
];

describe('each rule', () => {
  it.each(cases)('%s %s, and does nothing when it is switched off', (rule, how, set, tool, args) => {
    const held = (on: boolean): number =>
      set(new Conversation({ tools, userId: 'ann@home.example', rules: rulesOf('balanced', { [rule]: on }) })).held(
        tool,
        args,
      ).length;
    expect({ on: held(true) > 0, off: held(false) > 0 }).toEqual({ on: how === 'holds', off: how !== 'holds' });
  });
});

describe('profiles', () => {
  it('strict trusts less than balanced, and balanced less than delegating', () => {
    const [strict, balanced, delegating] = (['strict', 'balanced', 'delegating'] as const).map((each) => rulesOf(each));
    expect([...(strict ?? [])].filter((rule) => !balanced?.has(rule))).toEqual([]);
    expect([...(balanced ?? [])].filter((rule) => !delegating?.has(rule))).toEqual([]);
    expect(delegating?.size).toBe(flowRules.length);
  });
  it('a rule switched by name wins over the profile', () => {
    expect(rulesOf('strict', { people: true }).has('people')).toBe(true);
    expect(rulesOf('delegating', { people: false }).has('people')).toBe(false);
  });
});

describe('a cap is for the session', () => {
  const talk = () => new Conversation({ tools }).user(`Pay ${iban}`).tainted();
  it('many payments count together', () => {
    const paying = talk();
    paying.settle('pay_capped', { recipient: iban, amount: 30 });
    expect(paying.held('pay_capped', { recipient: iban, amount: 30 })).toEqual(['untrusted_target']);
    expect(paying.held('pay_capped', { recipient: iban, amount: 20 })).toEqual([]);
  });
  it('and a negative amount gives nothing back', () => {
    expect(talk().held('pay_capped', { recipient: iban, amount: -51 })).toEqual(['untrusted_target']);
  });
  it('to a stranger no cent is free', () => {
    expect(talk().held('pay_capped', { recipient: 'GB29NWBK60161331926819', amount: 1 })).toContain('untrusted_target');
  });
});

it('a local write is free but for places that open other doors', () => {
  const talk = new Conversation({ tools }).user('Save the notes').tainted();
  expect(talk.held('save', { path: '/notes/today.txt', text: 'x' })).toEqual([]);
  expect(talk.held('save', { path: '/home/ann/.ssh/authorized_keys', text: 'x' })).toEqual(['untrusted_target']);
});
