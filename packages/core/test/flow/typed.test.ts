import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/index.ts';
import { Conversation, type Talk } from './talk.ts';

const tools: NonNullable<Talk['tools']> = {
  open: { effect: 'execute', kinds: ['web'] },
  get_item: { effect: 'read' },
};
const after = (said: string, args: JsonObject): boolean =>
  new Conversation({ tools }).user(`Open it: ${said}`).tainted().held('open', args).length === 0;

describe('a value is the same however it is written', () => {
  it.each<[string, string, JsonObject]>([
    ['a date in words', 'on May 15th, 2026', { day: '2026-05-15' }],
    ['a day before its month', '15 May 2026', { day: '2026-05-15' }],
    ['a date with dots', '15.05.2026', { day: '2026-05-15' }],
    ['a date of no year', 'on May 15th', { day: '2026-05-15' }],
    ['a time of the clock', 'at 3 pm', { at: '15:00' }],
    ['a number with commas', 'pay $1,200.50', { amount: 1200.5 }],
    ['a number in words', 'three nights', { nights: 3 }],
    ['an account in groups', 'DE89 3704 0044 0532 0130 00', { account: 'DE89370400440532013000' }],
    ['a phone number in groups', 'call +1 (202) 555-0100', { phone: '+1 202 555 0100' }],
    ['an international host', 'https://bücher.example/', { url: 'https://xn--bcher-kva.example/' }],
    ['a host with www', 'www.docs.example/a', { url: 'https://docs.example/a/' }],
    ['an id said as one', 'file 13', { file_id: '13' }],
  ])('%s', (_, said, args) => {
    expect(after(said, args)).toBe(true);
  });
});

describe('and never another value that looks like it', () => {
  it.each<[string, string, JsonObject]>([
    ['a day is no id', 'June 13', { file_id: '13' }],
    ['a year is no amount', 'of 2024', { amount: 2024 }],
    ['a room is no number of nights', 'room 21', { nights: 21 }],
    ['part of a number', '1300', { file_id: '13' }],
    ['part of a host', 'https://docs.example/', { url: 'https://docs.example.evil.test/' }],
    ['a host below a shared suffix', 'https://ann.github.io/', { url: 'https://eve.github.io/' }],
    ['a user in front of a host', 'https://docs.example/', { url: 'https://docs.example@evil.test/' }],
    ['a look-alike host', 'https://docs.example/', { url: 'https://d\u043Ecs.example/' }],
    ['a number of another phone', '+1 202 555 0100', { phone: '+1 202 555 0101' }],
    ['an account with a digit changed', 'DE89370400440532013000', { account: 'DE89370400440532013001' }],
    ['another year', 'on May 15th, 2025', { day: '2026-05-15' }],
    ['the beginning of a longer name', 'in ops-private', { channel: 'ops' }],
    ['part of an address', 'annabel@x.example', { to: 'bel@x.example' }],
    ['a redirect of the site', 'https://docs.example/', { url: 'https://docs.example/go?to=https://evil.test/' }],
    ['a page of no web', 'https://docs.example/', { url: 'javascript:alert(1)//docs.example' }],
  ])('%s', (_, said, args) => {
    expect(after(said, args)).toBe(false);
  });
});
